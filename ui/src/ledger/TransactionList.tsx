import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Change } from "@/components/Change";
import { Coin, Quantity } from "@/components/Coin";
import { Download } from "@/components/Download";
import { PagesOf } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time, ZoneNote } from "@/components/Time";
import { WalletName } from "@/components/Wallet";
import { compare } from "@/format/decimal";
import { useOwnMoney } from "@/hooks/preferences";
import { useSetSearch, useUrlState } from "@/hooks/url-state";
import type { Transaction } from "./entry";
import { Filters, useFilter } from "./Filters";
import { KINDS } from "./kinds";
import { useTransactions } from "./queries";

/** Principal legs, what came in first; those outside only where nothing else is told. */
function Moved({ transaction }: { transaction: Transaction }): ReactNode {
  const legs = transaction.legs.filter((leg) => leg.role === "principal");
  const shown = legs.length === 0 ? transaction.legs : legs;
  if (shown.length === 0) return <span className="text-ink-3">takes another one out of force</span>;
  return (
    <span className={`flex flex-col ${transaction.voided_by === null ? "" : "line-through"}`}>
      {shown.slice(0, 4).map((leg, index) => (
        <span key={index} className={leg.wallet_id === null ? "text-ink-3" : ""}>
          <Quantity value={leg.quantity} signed /> <Coin id={leg.coin_id} />
        </span>
      ))}
      {shown.length > 4 && <span className="text-ink-3">and {shown.length - 4} more legs</span>}
    </span>
  );
}

function Wallets({ transaction }: { transaction: Transaction }): ReactNode {
  const ids = [
    ...new Set(transaction.legs.flatMap((leg) => (leg.wallet_id === null ? [] : [leg.wallet_id]))),
  ];
  return ids.map((id, index) => (
    <span key={id} className="whitespace-nowrap">
      {index > 0 && ", "}
      <WalletName id={id} />
    </span>
  ));
}

/** What the larger side was worth; unknown worths are said, and not 0. */
function Worth({ transaction }: { transaction: Transaction }): ReactNode {
  const money = useOwnMoney();
  const legs = transaction.legs.filter((leg) => leg.role === "principal");
  if (legs.some((leg) => !leg.valued)) return <span className="text-warn">unknown</span>;
  const most = legs.reduce((top, leg) => (compare(leg.value, top) > 0 ? leg.value : top), "0");
  if (most === "0") return <span className="text-ink-3">—</span>;
  return money(most, transaction.currency);
}

function Realised({ transaction }: { transaction: Transaction }): ReactNode {
  const told = transaction.realised.filter(({ profit }) => profit !== "0");
  if (told.length === 0) return <span className="text-ink-3">—</span>;
  return told.map(({ currency, profit }) => (
    <span key={currency} className="block">
      <Change value={profit} as="money" currency={currency} own />
    </span>
  ));
}

function KindOf({ transaction }: { transaction: Transaction }): ReactNode {
  return (
    <span className="flex flex-wrap gap-1">
      <Badge>{KINDS[transaction.kind].name}</Badge>
      {transaction.voided_by !== null && <Badge tone="warn">voided</Badge>}
    </span>
  );
}

function useColumns(): readonly Column<Transaction>[] {
  const set = useSetSearch();
  return [
    {
      id: "at",
      header: "Time",
      cell: (row) => (
        <>
          <button
            type="button"
            className="text-left text-accent underline decoration-accent/40 underline-offset-2 hover:decoration-accent"
            onClick={(event) => {
              event.stopPropagation();
              set({ tx: row.id });
            }}
          >
            <Time at={row.occurred_at} to={row.precision === "day" ? "day" : "minute"} />
          </button>
          <span className="mt-0.5 block md:hidden">
            <KindOf transaction={row} />
          </span>
        </>
      ),
    },
    { id: "kind", header: "Kind", wide: true, cell: (row) => <KindOf transaction={row} /> },
    { id: "moved", header: "Moved", num: true, cell: (row) => <Moved transaction={row} /> },
    { id: "wallet", header: "Wallet", wide: true, cell: (row) => <Wallets transaction={row} /> },
    { id: "worth", header: "Worth", num: true, cell: (row) => <Worth transaction={row} /> },
    {
      id: "realised",
      header: "Realised",
      num: true,
      wide: true,
      title: "Proceeds less average cost of what was disposed of",
      cell: (row) => <Realised transaction={row} />,
    },
    { id: "source", header: "Source", wide: true, cell: (row) => <Source transaction={row} /> },
    {
      id: "note",
      header: "Note",
      wide: true,
      cell: (row) => (
        <span className="block max-w-72 truncate text-ink-2" title={row.note}>
          {row.note}
        </span>
      ),
    },
  ];
}

export function Source({ transaction }: { transaction: Transaction }): ReactNode {
  const { import_id: importId, source } = transaction;
  if (importId === null) return <span className="text-ink-2">{source}</span>;
  return (
    <Link
      to={"/imports/$importId" as never}
      params={{ importId } as never}
      className="text-accent underline underline-offset-2"
      onClick={(event) => event.stopPropagation()}
    >
      {source}
    </Link>
  );
}

export function TransactionList(): ReactNode {
  const filter = useFilter();
  const query = useTransactions(filter);
  const columns = useColumns();
  const set = useSetSearch();
  const [voided] = useUrlState("voided");
  const filtered = Object.keys(filter).length > 0;
  const inForce = (row: Transaction): boolean =>
    voided === "shown" ||
    filter.kind?.includes("void") === true ||
    (row.voided_by === null && row.kind !== "void");
  return (
    <Panel
      title="Transactions"
      note={<ZoneNote />}
      actions={
        <Download
          path="api/v1/transactions"
          query={{ ...filter }}
          also={{ label: "Whole ledger, to import again", path: "api/v1/transactions/export" }}
        />
      }
    >
      <Filters />
      <PagesOf query={query} empty={<NoTransactions filtered={filtered} />}>
        {(rows) => {
          const shown = rows.filter(inForce);
          const hidden = rows.length - shown.length;
          return (
            <>
              <Table
                label="Transactions"
                columns={columns}
                rows={shown}
                keyOf={(row) => row.id}
                onRow={(row) => set({ tx: row.id })}
              />
              <p className="px-3 py-1.5 text-[12px] text-ink-3">
                {shown.length} shown
                {hidden > 0 && `, ${hidden} that are voided or void another are not`}
                {query.hasNextPage ? "; there are more" : ""}.
              </p>
            </>
          );
        }}
      </PagesOf>
    </Panel>
  );
}

function NoTransactions({ filtered }: { filtered: boolean }): ReactNode {
  const set = useSetSearch();
  if (filtered) {
    return (
      <Empty
        title="No transaction fits the filter"
        action={
          <Button
            small
            onClick={() =>
              set({ kind: undefined, coin: undefined, wallet: undefined, from: undefined, to: undefined })
            }
          >
            Clear the filter
          </Button>
        }
      />
    );
  }
  return (
    <Empty
      title="No transactions yet"
      action={
        <span className="flex gap-2">
          <Button look="primary" onClick={() => set({ add: "buy" })}>
            Add a transaction
          </Button>
          <Link to={"/imports" as never}>
            <Button tabIndex={-1}>Import a file</Button>
          </Link>
        </span>
      }
    >
      Record a purchase, or bring the file that your exchange or wallet gives you.
    </Empty>
  );
}
