import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { LogOut } from "lucide-react";
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Panel } from "@/components/Panel";
import { Answered } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time, ZoneNote } from "@/components/Time";
import { useToasts } from "@/hooks/toasts";
import { nameOfAgent } from "./agents";
import { useSignOut } from "./session";

type Session = Schemas["SessionView"];

export function SessionsPanel(): ReactNode {
  const client = useQueryClient();
  const toasts = useToasts();
  const signOut = useSignOut();
  const sessions = useQuery({
    queryKey: ["access", "sessions"],
    queryFn: () => answer(api.GET("/api/v1/auth/sessions")),
  });
  const changed = (): void => void client.invalidateQueries({ queryKey: ["access", "sessions"] });
  const endOne = useMutation({
    mutationFn: (id: string) =>
      answer(api.DELETE("/api/v1/auth/sessions/{session_id}", { params: { path: { session_id: id } } })),
    onSuccess: changed,
    onError: toasts.fail,
  });
  const endOthers = useMutation({
    mutationFn: () =>
      answer(api.DELETE("/api/v1/auth/sessions", { params: { query: { keep_current: true } } })),
    onSuccess: ({ ended }) => {
      changed();
      toasts.tell({ title: ended === 1 ? "1 session ended" : `${ended} sessions ended`, tone: "good" });
    },
    onError: toasts.fail,
  });
  const columns: readonly Column<Session>[] = [
    {
      id: "agent",
      header: "Where",
      cell: (session) => (
        <span className="inline-flex items-center gap-1.5">
          <span className="max-w-72 truncate" title={session.agent ?? undefined}>
            {nameOfAgent(session.agent)}
          </span>
          {session.current && <Badge tone="accent">this one</Badge>}
        </span>
      ),
    },
    {
      id: "address",
      header: "Address",
      cell: (session) => session.address ?? <span className="text-ink-3">not known</span>,
    },
    { id: "created", header: "Signed in", cell: (session) => <Time at={session.created_at} /> },
    { id: "seen", header: "Last seen", cell: (session) => <Time at={session.last_seen_at} /> },
    { id: "expires", header: "Ends", wide: true, cell: (session) => <Time at={session.expires_at} /> },
    {
      id: "act",
      header: <span className="sr-only">Actions</span>,
      cell: (session) => (
        <span className="flex justify-end">
          <Button
            small
            busy={endOne.isPending && endOne.variables === session.id}
            aria-label={`Sign out ${nameOfAgent(session.agent)}${session.current ? ", this session" : ""}`}
            onClick={() =>
              session.current
                ? signOut.mutate(undefined, { onError: toasts.fail })
                : endOne.mutate(session.id)
            }
          >
            Sign out
          </Button>
        </span>
      ),
    },
  ];
  return (
    <Panel
      title="Sessions"
      note={<ZoneNote />}
      actions={
        <Button
          small
          busy={endOthers.isPending}
          disabled={(sessions.data?.data.length ?? 0) < 2}
          icon={<LogOut aria-hidden className="size-3.5" />}
          onClick={() => endOthers.mutate()}
        >
          Sign out all others
        </Button>
      }
    >
      <Answered query={sessions}>
        {({ data }) => (
          <Table label="Sessions" columns={columns} rows={data} keyOf={(session) => session.id} />
        )}
      </Answered>
    </Panel>
  );
}
