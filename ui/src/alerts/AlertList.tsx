/** One's alerts: what each watches, how it stands, and what can be done with it. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Pencil, Plus, RotateCcw, Trash2 } from "lucide-react";
import { useState, type ReactNode } from "react";
import { answer, api } from "@/api/client";
import { Badge, type Tone } from "@/components/Badge";
import { Button, IconButton } from "@/components/Button";
import { useSymbol } from "@/components/Coin";
import { Dialog } from "@/components/Dialog";
import { ChoiceField } from "@/components/Field";
import { PagesOf, usePages } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time, ZoneNote } from "@/components/Time";
import { useToasts } from "@/hooks/toasts";
import { useUrlState } from "@/hooks/url-state";
import { EventsOf } from "./Events";
import { useMayWrite } from "./may";
import { SnoozeMenu } from "./SnoozeMenu";
import { type Alert, KINDS, saidCondition, saidSubject, SUBJECTS } from "./subjects";

const TONES: Readonly<Record<Alert["state"], Tone>> = { armed: "good", fired: "warn", done: "neutral" };

export function AlertList({
  onNew,
  onEdit,
}: {
  onNew: () => void;
  onEdit: (alert: Alert) => void;
}): ReactNode {
  const [text, setKind] = useUrlState("kind");
  const kind = KINDS.find((each) => each === text);
  const [shown, setShown] = useState<Alert | null>(null);
  const mayWrite = useMayWrite();
  const symbolOf = useSymbol();
  const query = usePages(
    ["alerts", "list", kind],
    (cursor) =>
      answer(
        api.GET("/api/v1/alerts", {
          params: { query: { limit: 100, ...(kind && { kind }), ...(cursor && { cursor }) } },
        }),
      ),
    { everyMs: 15_000 },
  );
  return (
    <Panel
      title="Alerts"
      note={<ZoneNote />}
      actions={
        <ChoiceField
          label="Kind of subject"
          hideLabel
          value={kind ?? ""}
          onChange={(event) => setKind(event.target.value)}
          choices={[
            { value: "", label: "All kinds" },
            ...KINDS.map((value) => ({ value, label: SUBJECTS[value].name })),
          ]}
        />
      }
    >
      <PagesOf
        query={query}
        empty={
          <Empty
            title={kind === undefined ? "You have no alert yet" : "No alert of this kind"}
            action={
              mayWrite && (
                <Button look="primary" icon={<Plus aria-hidden className="size-4" />} onClick={onNew}>
                  New alert
                </Button>
              )
            }
          >
            An alert tells you when a price, a change, an indicator or your paper account is somewhere.
          </Empty>
        }
      >
        {(rows) => (
          <Table
            label="Alerts"
            columns={columns(mayWrite ? onEdit : null, setShown, symbolOf)}
            rows={rows}
            keyOf={(row) => row.id}
          />
        )}
      </PagesOf>
      <Dialog
        open={shown !== null}
        onClose={() => setShown(null)}
        side
        title={
          shown === null
            ? ""
            : `${SUBJECTS[shown.subject.kind].name}: ${saidSubject(shown.subject, symbolOf)}`
        }
      >
        {shown !== null && <EventsOf alert={shown} />}
      </Dialog>
    </Panel>
  );
}

function columns(
  onEdit: ((alert: Alert) => void) | null,
  onEvents: (alert: Alert) => void,
  symbolOf: (coinId: string) => string,
): readonly Column<Alert>[] {
  const all: Column<Alert>[] = [
    {
      id: "subject",
      header: "Tells when",
      cell: (row) => (
        <span className="flex flex-col">
          <span className="font-medium">{saidSubject(row.subject, symbolOf)}</span>
          <span className="text-[12px] text-ink-2 tabular-nums">
            {row.subject.kind === "job_result"
              ? `Ends as ${row.threshold}`
              : `${SUBJECTS[row.subject.kind].name} ${saidCondition(row)}`}
          </span>
          {row.note !== "" && (
            <span className="max-w-72 truncate text-[12px] text-ink-3 max-md:max-w-40" title={row.note}>
              {row.note}
            </span>
          )}
        </span>
      ),
    },
    { id: "state", header: "State", cell: (row) => <Standing alert={row} /> },
    {
      id: "repeat",
      header: "How often",
      wide: true,
      cell: (row) =>
        `${row.repeat === "once" ? "once" : "every time"}${row.cooldown_s > 0 ? `, pause ${saidSeconds(row.cooldown_s)}` : ""}`,
    },
    {
      id: "events",
      header: "Events",
      num: true,
      wide: true,
      cell: (row) =>
        row.events === 0 ? (
          "0"
        ) : (
          <button
            type="button"
            className="underline decoration-dotted underline-offset-4"
            aria-label={`${row.events} events of ${row.subject.of}`}
            onClick={() => onEvents(row)}
          >
            {row.events}
          </button>
        ),
    },
    {
      id: "fired",
      header: "Last fired",
      wide: true,
      cell: (row) =>
        row.fired_at === null ? <span className="text-ink-3">never</span> : <Time at={row.fired_at} />,
    },
  ];
  if (onEdit === null) return all;
  return [
    ...all,
    {
      id: "acts",
      header: <span className="sr-only">What can be done</span>,
      cell: (row) => <Acts alert={row} onEdit={onEdit} />,
    },
  ];
}

function saidSeconds(seconds: number): string {
  if (seconds % 86_400 === 0) return `${seconds / 86_400} d`;
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

function Standing({ alert }: { alert: Alert }): ReactNode {
  const snoozed = alert.snoozed_until !== null && Date.parse(alert.snoozed_until) > Date.now();
  return (
    <span className="flex flex-col items-start gap-0.5">
      <Badge tone={snoozed ? "neutral" : TONES[alert.state]}>{snoozed ? "snoozed" : alert.state}</Badge>
      {snoozed && alert.snoozed_until !== null && (
        <span className="text-[12px] text-ink-3">
          until <Time at={alert.snoozed_until} />
        </span>
      )}
      {!snoozed && alert.withheld_until !== null && (
        <span className="text-[12px] text-ink-3">
          pauses until <Time at={alert.withheld_until} to="second" />
        </span>
      )}
    </span>
  );
}

function Acts({ alert, onEdit }: { alert: Alert; onEdit: (alert: Alert) => void }): ReactNode {
  const client = useQueryClient();
  const toasts = useToasts();
  const params = { path: { alert_id: alert.id } };
  const told = (title: string) => ({
    onSuccess: () => toasts.tell({ title, tone: "good" as const }),
    onError: toasts.fail,
    onSettled: () => client.invalidateQueries({ queryKey: ["alerts"] }),
  });
  const arm = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/alerts/{alert_id}/arm", { params })),
    ...told("The alert is armed again"),
  });
  const remove = useMutation({
    mutationFn: () => answer(api.DELETE("/api/v1/alerts/{alert_id}", { params })),
    ...told("The alert is removed; its events stay"),
  });
  const [sure, setSure] = useState(false);
  const name = `${alert.subject.of} ${saidCondition(alert)}`;
  if (sure) {
    return (
      <span className="flex justify-end gap-1">
        <Button small look="danger" busy={remove.isPending} onClick={() => remove.mutate()}>
          Delete
        </Button>
        <Button small onClick={() => setSure(false)}>
          Keep
        </Button>
      </span>
    );
  }
  return (
    <span className="flex justify-end">
      {alert.state !== "armed" && (
        <IconButton small label={`Arm again: ${name}`} busy={arm.isPending} onClick={() => arm.mutate()}>
          <RotateCcw aria-hidden className="size-4" />
        </IconButton>
      )}
      <SnoozeMenu alert={alert} />
      <IconButton small label={`Change: ${name}`} onClick={() => onEdit(alert)}>
        <Pencil aria-hidden className="size-4" />
      </IconButton>
      <IconButton small label={`Delete: ${name}`} onClick={() => setSure(true)}>
        <Trash2 aria-hidden className="size-4" />
      </IconButton>
    </span>
  );
}
