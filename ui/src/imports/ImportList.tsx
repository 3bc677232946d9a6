/** All files that were brought, the newest first, and what became of them. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { PagesOf, usePages } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time, ZoneNote } from "@/components/Time";
import { formatSize, isBusy, isOpen, ORDER, STANDINGS, STATES } from "./words";

type Summary = Schemas["ImportSummaryView"];

const COLUMNS: readonly Column<Summary>[] = [
  { id: "name", header: "File", cell: (each) => <NameCell each={each} /> },
  {
    id: "state",
    header: "State",
    cell: ({ state }) => <Badge tone={STATES[state][1]}>{STATES[state][0]}</Badge>,
  },
  { id: "format", header: "Format", cell: ({ format }) => format ?? "—", wide: true },
  { id: "rows", header: "What became of its rows", cell: (each) => <Outcome each={each} /> },
  { id: "size", header: "Size", num: true, wide: true, cell: ({ size }) => formatSize(size) },
  { id: "at", header: "Brought", wide: true, cell: ({ created_at }) => <Time at={created_at} /> },
];

export function ImportList(): ReactNode {
  const pages = usePages(
    ["imports", "list"],
    (cursor) =>
      answer(api.GET("/api/v1/imports", { params: { query: { limit: 50, cursor: cursor ?? null } } })),
    { everyMs: 10_000 },
  );
  return (
    <Panel title="Files" note={<ZoneNote />}>
      <PagesOf
        query={pages}
        empty={
          <Empty title="No file has been brought yet">
            Download the transaction history of your exchange or wallet and drop it above. The same file twice
            adds nothing.
          </Empty>
        }
      >
        {(data) => <Table label="Imports" columns={COLUMNS} rows={data} keyOf={({ id }) => id} />}
      </PagesOf>
    </Panel>
  );
}

function NameCell({ each }: { each: Summary }): ReactNode {
  return (
    <Link
      to={"/imports/$importId" as never}
      params={{ importId: each.id } as never}
      className="block min-w-24 font-medium wrap-anywhere text-accent hover:underline"
    >
      {each.name}
    </Link>
  );
}

function Outcome({ each }: { each: Summary }): ReactNode {
  if (each.state === "committed") {
    const problems = each.counts["error"] ?? 0;
    return (
      <span className="tabular-nums">
        {each.recorded} recorded
        {each.repeated > 0 && `, ${each.repeated} were there already`}
        {problems > 0 && <span className="text-danger">, {problems} with problems</span>}
      </span>
    );
  }
  if (each.state === "undone") return <span className="text-ink-2">taken out of force again</span>;
  if (isBusy(each.state)) return <span className="text-ink-2">a job works on it</span>;
  if (!isOpen(each.state)) return "—";
  const told = ORDER.filter((standing) => (each.counts[standing] ?? 0) > 0);
  if (told.length === 0) return <span className="text-ink-2">nothing read yet</span>;
  return (
    <span className="flex flex-wrap gap-1">
      {told.map((standing) => (
        <Badge key={standing} tone={STANDINGS[standing][1]}>
          {each.counts[standing]}{" "}
          {standing === "error" ? "with problems" : STANDINGS[standing][0].toLowerCase()}
        </Badge>
      ))}
    </span>
  );
}
