/** Where prices come from, how each source is, and what is doubted. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { Panel } from "@/components/Panel";
import { Answered, Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Age, Time, ZoneNote } from "@/components/Time";
import { SOURCE_TONES, spoken } from "./words";

type Source = Schemas["SourceView"];

const COLUMNS: readonly Column<Source>[] = [
  { id: "name", header: "Source", cell: (row) => row.name },
  {
    id: "state",
    header: "State",
    cell: (row) => <Badge tone={SOURCE_TONES[row.state]}>{row.state}</Badge>,
  },
  { id: "pairs", header: "Pairs", num: true, cell: (row) => row.pairs },
  {
    id: "heard",
    header: "Heard",
    num: true,
    cell: (row) =>
      row.heard_at === null ? (
        <span className="text-ink-3">never</span>
      ) : (
        <>
          <Age at={row.heard_at} ago />
        </>
      ),
  },
  { id: "failures", header: "Failures", num: true, cell: (row) => row.failures },
  { id: "since", header: "Since", cell: (row) => <Time at={row.since} /> },
  {
    id: "why",
    header: "Why",
    cell: (row) => (
      <span className="text-ink-2">
        {[row.error, row.detail].filter((text) => text !== null).join(": ") || "—"}
      </span>
    ),
  },
];

/** The worst state first: what is well needs nobody's eye. */
const ORDER: readonly Source["state"][] = ["stale", "degraded", "starting", "live"];

export function Sources(): ReactNode {
  const query = useQuery({
    queryKey: ["operations", "sources"],
    queryFn: () => answer(api.GET("/api/v1/markets/sources")),
    refetchInterval: 5_000,
  });
  return (
    <Panel title="Sources of prices" note={<ZoneNote />}>
      <Answered
        query={query}
        rows={3}
        empty={{
          when: (data) => data.sources.length === 0,
          show: <Empty title="No source is set up">Sources are chosen in the settings of the service.</Empty>,
        }}
      >
        {({ sources, flags }) => (
          <>
            <Table
              label="Sources of prices"
              columns={COLUMNS}
              rows={[...sources].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state))}
              keyOf={(row) => row.name}
            />
            <Flags flags={flags} />
          </>
        )}
      </Answered>
    </Panel>
  );
}

function Flags({ flags }: { flags: Schemas["SourcesView"]["flags"] }): ReactNode {
  if (flags.length === 0) {
    return <p className="px-3 py-2 text-[12px] text-ink-2">No doubts about prices.</p>;
  }
  return (
    <ul aria-label="Doubts about prices" className="px-3 py-2 text-[13px]">
      {flags.map((flag) => (
        <li key={`${flag.pair}${flag.kind}`} className="flex flex-wrap items-center gap-2 py-0.5">
          <Badge tone="warn">{spoken(flag.kind)}</Badge>
          <span>{flag.pair}</span>
          <span className="text-ink-3">
            since <Time at={flag.since} />
            {flag.sources.length > 0 && `, ${flag.sources.join(", ")}`}
          </span>
        </li>
      ))}
    </ul>
  );
}
