/** What came of alerts, those removed since included. */
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { Download } from "@/components/Download";
import { PagesOf, usePages } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time, ZoneNote } from "@/components/Time";
import { formatQuantity } from "@/format/amounts";
import { isDecimal } from "@/format/decimal";
import { useManner } from "@/hooks/preferences";
import { type Alert, shownThreshold, SUBJECTS } from "./subjects";

type Event = Schemas["EventView"];

export function Events(): ReactNode {
  const { locale } = useManner();
  const query = usePages(
    ["alerts", "events"],
    (cursor) =>
      answer<Schemas["Page_EventView_"]>(
        api.GET("/api/v1/alert-events", {
          params: { query: { limit: 100, ...(cursor && { cursor }) } },
        }) as never,
      ),
    { everyMs: 30_000 },
  );
  return (
    <Panel title="Events" note={<ZoneNote />} actions={<Download path="api/v1/alert-events" />}>
      <PagesOf
        query={query}
        empty={
          <Empty title="No alert has fired yet">
            When one does, it stands here with its value and source.
          </Empty>
        }
      >
        {(rows) => (
          <Table
            label="Events"
            columns={columns(locale)}
            rows={rows}
            keyOf={(row) => `${row.alert_id}${row.number}`}
          />
        )}
      </PagesOf>
    </Panel>
  );
}

function columns(locale: string): readonly Column<Event>[] {
  return [
    { id: "at", header: "When", cell: (row) => <Time at={row.at} to="second" /> },
    { id: "title", header: "Event", cell: (row) => <span className="font-medium">{row.title}</span> },
    { id: "value", header: "Value", num: true, cell: (row) => saidValue(row, locale) },
    {
      id: "source",
      header: "Source",
      cell: (row) => (
        <span className="whitespace-nowrap">
          {row.source} {row.simulated && row.source !== "simulated" && <Badge tone="warn">simulated</Badge>}
        </span>
      ),
    },
    { id: "told", header: "Told", cell: (row) => <Told event={row} /> },
    { id: "number", header: "No.", num: true, wide: true, cell: (row) => row.number },
  ];
}

function saidValue(event: Event, locale: string): string {
  const shown = shownThreshold(event.subject.kind, event.value);
  if (!isDecimal(shown)) return shown;
  return formatQuantity(shown, locale, 6) + (SUBJECTS[event.subject.kind].percent ? " %" : "");
}

function Told({ event }: { event: Event }): ReactNode {
  if (event.tell_at === null) return <span className="text-ink-3">never: quiet hours dropped it</span>;
  if (event.tell_at === event.at) return "at once";
  return <Time at={event.tell_at} />;
}

/** The last events of one alert. */
export function EventsOf({ alert }: { alert: Alert }): ReactNode {
  const query = usePages(["alerts", "events", alert.id], (cursor) =>
    answer<Schemas["Page_EventView_"]>(
      api.GET("/api/v1/alerts/{alert_id}/events", {
        params: { path: { alert_id: alert.id }, query: { limit: 20, ...(cursor && { cursor }) } },
      }) as never,
    ),
  );
  return (
    <PagesOf
      query={query}
      empty={<Empty title="No events are kept">What happened long ago is forgotten after a while.</Empty>}
    >
      {(rows) => (
        <ol className="-mx-4 -mt-4 text-[13px]">
          {rows.map((event) => (
            <li key={event.number} className="border-b border-line px-4 py-2">
              <p className="flex justify-between gap-2">
                <span className="font-medium">{event.title}</span>
                <Time at={event.at} to="second" />
              </p>
              <p className="break-words text-ink-2">{event.text}</p>
            </li>
          ))}
        </ol>
      )}
    </PagesOf>
  );
}
