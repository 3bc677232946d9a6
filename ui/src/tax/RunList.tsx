/** All reports that were computed, the newest first. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { answer, api } from "@/api/client";
import { Badge } from "@/components/Badge";
import { Download } from "@/components/Download";
import { PagesOf, usePages } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time, ZoneNote } from "@/components/Time";
import { formatShare } from "@/format/amounts";
import { useCountryName } from "./queries";
import { nameOfYear, stateOf, type Run } from "./words";

function Country({ code }: { code: string }): ReactNode {
  return useCountryName()(code);
}

const COLUMNS: readonly Column<Run>[] = [
  {
    id: "year",
    header: "Tax year",
    cell: (run) => (
      <Link
        to={"/tax/runs/$runId" as never}
        params={{ runId: run.id } as never}
        className="font-medium whitespace-nowrap text-accent hover:underline"
      >
        <Country code={run.jurisdiction} /> {nameOfYear(run)}
      </Link>
    ),
  },
  {
    id: "state",
    header: "State",
    cell: (run) => (
      <span className="flex gap-1 whitespace-nowrap">
        <Badge tone={stateOf(run)[1]}>{stateOf(run)[0]}</Badge>
        {run.simulated && <Badge title="Some prices are invented">simulated prices</Badge>}
      </span>
    ),
  },
  {
    id: "score",
    header: "Complete",
    num: true,
    cell: ({ completeness }) => formatShare(completeness.score, { places: 1 }),
  },
  {
    id: "method",
    header: "Method",
    cell: ({ election }) => <span className="whitespace-nowrap">{election["method"] ?? "—"}</span>,
  },
  {
    id: "shortfalls",
    header: "Unknown purchases",
    wide: true,
    cell: ({ election }) => election["shortfalls"] ?? "—",
  },
  { id: "rules", header: "Rules", wide: true, cell: ({ ruleset }) => ruleset },
  { id: "at", header: "Computed", cell: ({ created_at }) => <Time at={created_at} /> },
];

export function RunList(): ReactNode {
  const query = usePages(["tax", "runs", "all"], (cursor) =>
    answer(api.GET("/api/v1/tax/runs", { params: { query: { limit: 50, cursor: cursor ?? null } } })),
  );
  return (
    <Panel title="Reports" note={<ZoneNote />} actions={<Download path="api/v1/tax/runs" />}>
      <PagesOf
        query={query}
        empty={
          <Empty title="No report has been computed yet">
            Choose the rules and the year above. A report is kept as it was computed, its files included.
          </Empty>
        }
      >
        {(runs) => <Table label="Tax reports" columns={COLUMNS} rows={runs} keyOf={({ id }) => id} />}
      </PagesOf>
    </Panel>
  );
}
