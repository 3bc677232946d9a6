/** The log of what was sent elsewhere: each attempt, and what waits. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge, type Tone } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Download } from "@/components/Download";
import { ChoiceField } from "@/components/Field";
import { PagesOf, usePages } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time, ZoneNote } from "@/components/Time";
import { useToasts } from "@/hooks/toasts";
import { useUrlState } from "@/hooks/url-state";
import { useMayWrite } from "./may";

type Delivery = Schemas["DeliveryView"];

const STATES: readonly Delivery["state"][] = ["waiting", "sent", "dead", "cancelled"];
const TONES: Readonly<Record<Delivery["state"], Tone>> = {
  waiting: "warn",
  sent: "good",
  dead: "bad",
  cancelled: "neutral",
};

export function Deliveries(): ReactNode {
  const [stateText, setState] = useUrlState("delivery");
  const [channelText, setChannel] = useUrlState("channel");
  const [shown, setShown] = useState<Delivery | null>(null);
  const state = STATES.find((each) => each === stateText);
  const channels = useChannels();
  const channel = channels.find((each) => each.id === channelText)?.id;
  const filter = { ...(state && { state }), ...(channel && { channel_id: channel }) };
  const query = usePages(
    ["alerts", "deliveries", filter],
    (cursor) =>
      answer<Schemas["Page_DeliveryView_"]>(
        api.GET("/api/v1/alert-deliveries", {
          params: { query: { ...filter, limit: 50, ...(cursor && { cursor }) } },
        }) as never,
      ),
    { everyMs: 5_000 },
  );
  const nameOf = (id: string): string => channels.find((each) => each.id === id)?.name ?? "a channel";
  return (
    <Panel
      title="Deliveries"
      note={<ZoneNote />}
      actions={
        <>
          <ChoiceField
            label="State of deliveries"
            hideLabel
            value={state ?? ""}
            onChange={(event) => setState(event.target.value)}
            choices={[
              { value: "", label: "All states" },
              ...STATES.map((value) => ({ value, label: value })),
            ]}
          />
          <ChoiceField
            label="Channel"
            hideLabel
            value={channel ?? ""}
            onChange={(event) => setChannel(event.target.value)}
            choices={[
              { value: "", label: "All channels" },
              ...channels.map(({ id, name }) => ({ value: id, label: name })),
            ]}
          />
          <Download path="api/v1/alert-deliveries" query={filter} />
        </>
      }
    >
      <PagesOf
        query={query}
        empty={
          <Empty title="Nothing was sent">
            What goes out through a channel stands here with each attempt and its answer.
          </Empty>
        }
      >
        {(rows) => (
          <Table label="Deliveries" columns={columns(nameOf, setShown)} rows={rows} keyOf={(row) => row.id} />
        )}
      </PagesOf>
      <Dialog open={shown !== null} onClose={() => setShown(null)} side title={shown?.title ?? ""}>
        {shown !== null && <Attempts delivery={shown} />}
      </Dialog>
    </Panel>
  );
}

export function useChannels(): readonly Schemas["ChannelView"][] {
  const { data } = useQuery({
    queryKey: ["alerts", "channels", "all"],
    queryFn: () => answer(api.GET("/api/v1/alert-channels", { params: { query: { limit: 100 } } })),
  });
  return data?.data ?? [];
}

function columns(
  nameOf: (id: string) => string,
  onShow: (delivery: Delivery) => void,
): readonly Column<Delivery>[] {
  return [
    { id: "at", header: "Made", cell: (row) => <Time at={row.created_at} to="second" /> },
    { id: "title", header: "Message", cell: (row) => row.title },
    { id: "channel", header: "Channel", cell: (row) => nameOf(row.channel_id) },
    { id: "state", header: "State", cell: (row) => <Badge tone={TONES[row.state]}>{row.state}</Badge> },
    {
      id: "attempts",
      header: "Attempts",
      num: true,
      cell: (row) => (
        <button
          type="button"
          className="underline decoration-dotted underline-offset-4"
          aria-label={`${row.attempts} attempts of ${row.title}`}
          onClick={() => onShow(row)}
        >
          {row.attempts}
        </button>
      ),
    },
    {
      id: "last",
      header: "Last answer",
      cell: (row) => <span className="text-ink-2">{saidOutcome(row)}</span>,
    },
    {
      id: "due",
      header: "Next attempt",
      cell: (row) =>
        row.due_at === null ? <span className="text-ink-3">—</span> : <Time at={row.due_at} to="second" />,
    },
    {
      id: "acts",
      header: <span className="sr-only">What can be done</span>,
      cell: (row) => <Resend delivery={row} />,
    },
  ];
}

function saidOutcome(one: Pick<Delivery, "status" | "error" | "duration_ms">): string {
  const parts = [
    one.status === null ? null : String(one.status),
    one.error,
    one.duration_ms === null ? null : `${one.duration_ms} ms`,
  ];
  return parts.filter((part) => part !== null).join(" · ") || "—";
}

function Resend({ delivery }: { delivery: Delivery }): ReactNode {
  const mayWrite = useMayWrite();
  const client = useQueryClient();
  const toasts = useToasts();
  const resend = useMutation({
    mutationFn: () =>
      answer(
        api.POST("/api/v1/alert-deliveries/{delivery_id}/resend", {
          params: { path: { delivery_id: delivery.id } },
        }),
      ),
    onSuccess: () => toasts.tell({ title: "It is sent once more", tone: "good" }),
    onError: toasts.fail,
    onSettled: () => client.invalidateQueries({ queryKey: ["alerts", "deliveries"] }),
  });
  if (!mayWrite || delivery.state === "waiting") return null;
  return (
    <Button small busy={resend.isPending} onClick={() => resend.mutate()}>
      Resend
    </Button>
  );
}

function Attempts({ delivery }: { delivery: Delivery }): ReactNode {
  if (delivery.log.length === 0) return <Empty title="It was not tried yet" />;
  return (
    <ol className="-mx-4 -mt-4 text-[13px]">
      {delivery.log.map((attempt) => (
        <li key={attempt.at} className="flex flex-wrap justify-between gap-2 border-b border-line px-4 py-2">
          <Time at={attempt.at} to="second" />
          <span className={attempt.error === null ? "text-up" : "text-danger"}>{saidOutcome(attempt)}</span>
        </li>
      ))}
    </ol>
  );
}
