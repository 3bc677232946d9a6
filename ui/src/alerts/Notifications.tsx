/** What was told, the latest first; seen is what one has marked. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Check, CheckCheck } from "lucide-react";
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { Button, IconButton } from "@/components/Button";
import { Download } from "@/components/Download";
import { CheckField } from "@/components/Field";
import { PagesOf, usePages } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Time, ZoneNote } from "@/components/Time";
import { useToasts } from "@/hooks/toasts";
import { useUrlState } from "@/hooks/url-state";

type Notification = Schemas["NotificationView"];

export function Notifications(): ReactNode {
  const [only, setOnly] = useUrlState("unseen");
  const unseen = only === "true";
  const client = useQueryClient();
  const toasts = useToasts();
  const query = usePages(
    ["alerts", "notifications", unseen],
    (cursor) =>
      answer<Schemas["Page_NotificationView_"]>(
        api.GET("/api/v1/notifications", {
          params: { query: { limit: 50, unseen, ...(cursor && { cursor }) } },
        }) as never,
      ),
    { everyMs: 30_000 },
  );
  const see = useMutation({
    mutationFn: (body: Schemas["SeenBody"]) => answer(api.POST("/api/v1/notifications/seen", { body })),
    onError: toasts.fail,
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["alerts"] }),
        client.invalidateQueries({ queryKey: ["notifications"] }),
      ]),
  });
  const rows = query.data?.pages.flatMap((page) => page.data) ?? [];
  const latest = rows.find((row) => row.told);
  return (
    <Panel
      title="Notifications"
      note={<ZoneNote />}
      actions={
        <>
          <CheckField
            label="Only unseen"
            checked={unseen}
            onChange={(event) => setOnly(event.target.checked ? "true" : "")}
          />
          <Button
            small
            icon={<CheckCheck aria-hidden className="size-3.5" />}
            disabled={!rows.some(isNew)}
            busy={see.isPending}
            onClick={() => latest !== undefined && see.mutate({ ids: [], up_to: latest.id })}
          >
            Mark all seen
          </Button>
          <Download path="api/v1/notifications" query={{ unseen: unseen ? true : undefined }} />
        </>
      }
    >
      <PagesOf
        query={query}
        empty={
          <Empty title={unseen ? "You have seen everything" : "Nothing was told yet"}>
            An alert that fires is a notification here, whatever other channels there are.
          </Empty>
        }
      >
        {(all) => (
          <ul>
            {all.map((row) => (
              <Row key={row.id} row={row} onSeen={() => see.mutate({ ids: [row.id] })} />
            ))}
          </ul>
        )}
      </PagesOf>
    </Panel>
  );
}

function isNew(row: Notification): boolean {
  return row.told && row.seen_at === null;
}

function Row({ row, onSeen }: { row: Notification; onSeen: () => void }): ReactNode {
  return (
    <li className="flex items-start gap-3 border-b border-line px-3 py-2.5 text-[13px] last:border-b-0">
      <span
        aria-hidden
        className={`mt-1.5 size-2 shrink-0 rounded-full ${isNew(row) ? "bg-accent" : "border border-line"}`}
      />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2">
          <span className={isNew(row) ? "font-semibold" : ""}>{row.title}</span>
          {isNew(row) && <span className="sr-only">not seen yet</span>}
          {!row.told && (
            <Badge>
              {row.tell_at === null ? (
                "dropped by quiet hours"
              ) : (
                <>
                  told <Time at={row.tell_at} />
                </>
              )}
            </Badge>
          )}
          <span className="ml-auto text-[12px] text-ink-3">
            <Time at={row.at} to="second" />
          </span>
        </p>
        <p className="break-words text-ink-2">{row.text}</p>
      </div>
      {isNew(row) && (
        <IconButton small label={`Mark seen: ${row.title}`} onClick={onSeen}>
          <Check aria-hidden className="size-4" />
        </IconButton>
      )}
    </li>
  );
}
