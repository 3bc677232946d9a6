/** Incomes of the year, what was held at its end, and what is missing. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { Coin, Quantity } from "@/components/Coin";
import { Download } from "@/components/Download";
import { PagesOf, usePages, type Page } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time, ZoneNote } from "@/components/Time";
import { TransactionLink } from "@/components/TransactionLink";
import { useOwnMoney } from "@/hooks/preferences";
import { POLICIES, type RunDetail } from "./words";

type Income = Schemas["IncomeView"];
type Held = Schemas["HeldView"];
type Gap = Schemas["GapView"];
type Name = "incomes" | "lots" | "gaps";

const ROUTES = {
  incomes: "/api/v1/tax/runs/{run_id}/incomes",
  lots: "/api/v1/tax/runs/{run_id}/lots",
  gaps: "/api/v1/tax/runs/{run_id}/gaps",
} as const;

function RunTable<T>({
  run,
  name,
  title,
  note,
  columns,
  keyOf,
  empty,
}: {
  run: RunDetail;
  name: Name;
  title: string;
  note: ReactNode;
  columns: readonly Column<T>[];
  keyOf: (row: T) => string;
  empty: ReactNode;
}): ReactNode {
  const query = usePages<Page<T>>(
    ["tax", "run", run.id, name],
    (cursor) =>
      answer(
        api.GET(ROUTES[name], {
          params: { path: { run_id: run.id }, query: { limit: 200, cursor: cursor ?? null } },
        }),
        // Other formats than JSON are only for downloads.
      ) as unknown as Promise<Page<T>>,
  );
  return (
    <Panel title={title} note={note} actions={<Download path={`api/v1/tax/runs/${run.id}/${name}`} />}>
      <PagesOf query={query} empty={empty}>
        {(rows) => <Table label={title} columns={columns} rows={rows} keyOf={keyOf} />}
      </PagesOf>
    </Panel>
  );
}

export function Incomes({ run }: { run: RunDetail }): ReactNode {
  const money = useOwnMoney();
  const columns: readonly Column<Income>[] = [
    { id: "day", header: "Day", cell: ({ day }) => <Day text={day} /> },
    {
      id: "kind",
      header: "What",
      cell: ({ kind, transaction_id }) => (
        <TransactionLink id={transaction_id}>{kind.replaceAll("_", " ")}</TransactionLink>
      ),
    },
    { id: "coin", header: "Asset", cell: ({ coin_id }) => <Coin id={coin_id} /> },
    { id: "wallet", header: "Wallet", wide: true, cell: ({ wallet }) => wallet || "—" },
    { id: "quantity", header: "Quantity", num: true, cell: ({ quantity }) => <Quantity value={quantity} /> },
    { id: "value", header: "Value then", num: true, cell: ({ value }) => money(value, run.currency) },
    { id: "category", header: "Category", wide: true, cell: ({ category }) => category },
  ];
  return (
    <RunTable
      run={run}
      name="incomes"
      title="Incomes"
      note={`days in ${run.zone}`}
      columns={columns}
      keyOf={({ number }) => String(number)}
      empty={<Empty title="No incomes in this year" />}
    />
  );
}

export function Lots({ run }: { run: RunDetail }): ReactNode {
  const money = useOwnMoney();
  const columns: readonly Column<Held>[] = [
    { id: "coin", header: "Asset", cell: ({ coin_id }) => <Coin id={coin_id} /> },
    { id: "wallet", header: "Wallet", cell: ({ wallet }) => wallet || "all wallets" },
    { id: "what", header: "What", wide: true, cell: ({ what }) => what },
    {
      id: "since",
      header: "Held since",
      cell: ({ since, transaction_id }) =>
        since === null ? (
          <span className="text-ink-3">pooled</span>
        ) : transaction_id === null ? (
          <Day text={since} />
        ) : (
          <TransactionLink id={transaction_id}>
            <Day text={since} />
          </TransactionLink>
        ),
    },
    { id: "quantity", header: "Quantity", num: true, cell: ({ quantity }) => <Quantity value={quantity} /> },
    { id: "cost", header: "Cost", num: true, cell: ({ cost }) => money(cost, run.currency) },
  ];
  return (
    <RunTable
      run={run}
      name="lots"
      title={`Held at the end of ${run.last}`}
      note={`days in ${run.zone}`}
      columns={columns}
      keyOf={({ what, place }) => `${what} ${place}`}
      empty={<Empty title="Nothing was held at the end of the year" />}
    />
  );
}

const GAP_COLUMNS: readonly Column<Gap>[] = [
  {
    id: "what",
    header: "What is missing",
    cell: ({ what }) => (
      <Badge tone="warn">{what === "shortfall" ? "no known purchase" : "no known worth"}</Badge>
    ),
  },
  {
    id: "transaction",
    header: "Transaction",
    cell: ({ transaction_id, at }) => (
      <TransactionLink id={transaction_id}>
        <Time at={at} />
      </TransactionLink>
    ),
  },
  { id: "coin", header: "Asset", cell: ({ coin_id }) => <Coin id={coin_id} /> },
  { id: "wallet", header: "Wallet", wide: true, cell: ({ wallet }) => wallet || "—" },
  { id: "quantity", header: "Quantity", num: true, cell: ({ quantity }) => <Quantity value={quantity} /> },
  {
    id: "policy",
    header: "Counted as",
    cell: ({ policy }) => (policy === null ? "worth nothing" : POLICIES[policy]),
  },
  {
    id: "fix",
    header: "What to do",
    cell: ({ what }) => (
      <Link
        to={"/data-quality" as never}
        search={{ kind: what === "shortfall" ? "missing-history" : "missing-price" } as never}
        className="whitespace-nowrap text-accent underline decoration-dotted underline-offset-4"
      >
        {what === "shortfall" ? "Record what was there before" : "Say what it was worth"}
      </Link>
    ),
  },
];

export function GapTable({ run }: { run: RunDetail }): ReactNode {
  return (
    <RunTable
      run={run}
      name="gaps"
      title="What is missing"
      note={<ZoneNote />}
      columns={GAP_COLUMNS}
      keyOf={({ what, place }) => `${what} ${place}`}
      empty={<Empty title="Nothing is missing">Every disposal and income rests on known facts.</Empty>}
    />
  );
}

function Day({ text }: { text: string }): ReactNode {
  return <span className="whitespace-nowrap tabular-nums">{text}</span>;
}
