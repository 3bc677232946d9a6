/** What waits for a second operator: another one decides, then who asked has it done. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { once } from "@/api/once";
import { placeOf } from "@/api/place";
import { Badge, type Tone } from "@/components/Badge";
import { Button } from "@/components/Button";
import { ChoiceField } from "@/components/Field";
import { PagesOf, usePages } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time, ZoneNote } from "@/components/Time";
import { useMe } from "@/hooks/session";
import { useToasts } from "@/hooks/toasts";
import { useUrlState } from "@/hooks/url-state";
import { ReasonDialog } from "./ReasonDialog";
import { spoken } from "./words";
import { useMayChange, Who } from "./Who";

type Approval = Schemas["ApprovalView"];

const STATES: readonly Approval["state"][] = ["waiting", "approved", "refused", "used", "expired"];
const TONES: Readonly<Record<Approval["state"], Tone>> = {
  waiting: "warn",
  approved: "accent",
  refused: "bad",
  used: "good",
  expired: "neutral",
};

export function Approvals(): ReactNode {
  const [text, setState] = useUrlState("approvals");
  const state = STATES.find((each) => each === text);
  const [deciding, setDeciding] = useState<{ approval: Approval; approve: boolean } | null>(null);
  const query = usePages(
    ["operations", "approvals", state],
    (cursor) =>
      answer(
        api.GET("/api/v1/approvals", {
          params: { query: { limit: 20, ...(state && { state }), ...(cursor && { cursor }) } },
        }),
      ),
    { everyMs: 15_000 },
  );
  return (
    <Panel
      title="Approvals"
      note={<ZoneNote />}
      actions={
        <ChoiceField
          label="State of approvals"
          hideLabel
          value={state ?? ""}
          onChange={(event) => setState(event.target.value)}
          choices={[
            { value: "", label: "All states" },
            ...STATES.map((each) => ({ value: each, label: spoken(each) })),
          ]}
        />
      }
    >
      <PagesOf
        query={query}
        empty={
          <Empty title="Nothing waits for a second operator">
            Where the service asks for one, a request stands here until another operator has decided.
          </Empty>
        }
      >
        {(rows) => (
          <Table
            label="Approvals"
            columns={columns((approval, approve) => setDeciding({ approval, approve }))}
            rows={rows}
            keyOf={(row) => row.id}
          />
        )}
      </PagesOf>
      {deciding !== null && <Decide {...deciding} onClose={() => setDeciding(null)} />}
    </Panel>
  );
}

function columns(decide: (approval: Approval, approve: boolean) => void): readonly Column<Approval>[] {
  return [
    {
      id: "state",
      header: "State",
      cell: (row) => <Badge tone={TONES[row.state]}>{row.state}</Badge>,
    },
    { id: "action", header: "Action", cell: (row) => spoken(row.action) },
    { id: "request", header: "Request", cell: (row) => <Request request={row.request} /> },
    { id: "by", header: "Asked by", cell: (row) => <Who id={row.asked_by} /> },
    { id: "at", header: "Asked", cell: (row) => <Time at={row.asked_at} /> },
    { id: "until", header: "Until", cell: (row) => <Time at={row.expires_at} /> },
    {
      id: "decision",
      header: "Decided by",
      cell: (row) =>
        row.decision === null ? (
          <span className="text-ink-3">—</span>
        ) : (
          <span title={row.decision.reason}>
            <Who id={row.decision.by} />: {row.decision.reason}
          </span>
        ),
    },
    {
      id: "acts",
      header: <span className="sr-only">What can be done</span>,
      cell: (row) => <Acts approval={row} decide={decide} />,
    },
  ];
}

function Request({ request }: { request: Approval["request"] }): ReactNode {
  return (
    <code className="block max-w-80 text-[12px] break-words whitespace-normal">
      {request.method} {request.path}
      {request.query !== "" && `?${request.query}`} {request.body}
    </code>
  );
}

function Acts({
  approval,
  decide,
}: {
  approval: Approval;
  decide: (approval: Approval, approve: boolean) => void;
}): ReactNode {
  const me = useMe();
  const mayChange = useMayChange();
  const again = useSendAgain(approval);
  if (!mayChange) return null;
  if (approval.asked_by === me.id) {
    if (approval.state !== "approved") {
      return approval.state === "waiting" ? (
        <span className="text-[12px] text-ink-3">another operator decides</span>
      ) : null;
    }
    return (
      <Button small look="primary" busy={again.isPending} onClick={() => again.mutate()}>
        Do it now
      </Button>
    );
  }
  if (approval.state !== "waiting") return null;
  return (
    <span className="flex gap-1.5">
      <Button small look="primary" onClick={() => decide(approval, true)}>
        Approve…
      </Button>
      <Button small look="danger" onClick={() => decide(approval, false)}>
        Refuse…
      </Button>
    </span>
  );
}

/** What was approved is one request, byte for byte: it is sent as it is stored. */
function useSendAgain({ id, request, action }: Approval) {
  const client = useQueryClient();
  const toasts = useToasts();
  return useMutation({
    mutationFn: () => once(`approved ${id}`, (key) => send(request, key)),
    onSuccess: () => toasts.tell({ title: `Done: ${spoken(action)}`, tone: "good" }),
    onError: toasts.fail,
    onSettled: () => client.invalidateQueries({ queryKey: ["operations"] }),
  });
}

function send(request: Approval["request"], key: string): Promise<unknown> {
  const query = request.query === "" ? "" : `?${request.query}`;
  const sent = fetch(placeOf(request.path) + query, {
    method: request.method,
    credentials: "same-origin",
    headers: { "content-type": "application/json", "idempotency-key": key },
    ...(request.body === "" ? {} : { body: request.body }),
  });
  return answer(
    sent.then(async (response) => {
      const text = await response.text();
      const body: unknown = text === "" ? null : JSON.parse(text);
      return { data: body, error: body, response };
    }),
  );
}

function Decide({
  approval,
  approve,
  onClose,
}: {
  approval: Approval;
  approve: boolean;
  onClose: () => void;
}): ReactNode {
  const params = { path: { approval_id: approval.id } };
  return (
    <ReasonDialog
      onClose={onClose}
      act={{
        title: `${approve ? "Approve" : "Refuse"}: ${spoken(approval.action)}`,
        description: <Request request={approval.request} />,
        button: approve ? "Approve" : "Refuse",
        danger: !approve,
        done: approve ? "Approved: who asked can have it done now" : "Refused",
        run: (reason) =>
          answer(
            approve
              ? api.POST("/api/v1/approvals/{approval_id}/approve", { params, body: { reason } })
              : api.POST("/api/v1/approvals/{approval_id}/refuse", { params, body: { reason } }),
          ),
      }}
    />
  );
}
