/** What is held by lot, and what each would bring now. */
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Change } from "@/components/Change";
import { Coin, Quantity } from "@/components/Coin";
import { Download } from "@/components/Download";
import { PagesOf, usePages } from "@/components/Pages";
import { Figure, Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time } from "@/components/Time";
import { TransactionLink } from "@/components/TransactionLink";
import { useOwnMoney } from "@/hooks/preferences";
import { Missing } from "./Missing";
import { TERMS, type Way } from "./words";

type Held = Schemas["UnrealisedView"];
type Page = Schemas["UnrealisedPage"];

export function Unrealised({
  jurisdiction,
  method,
}: {
  jurisdiction: string;
  method: Way | null;
}): ReactNode {
  const money = useOwnMoney();
  const query = usePages<Page>(["tax", "unrealised", jurisdiction, method], (cursor) =>
    answer(
      api.GET("/api/v1/tax/unrealised", {
        params: { query: { jurisdiction, method, limit: 100, cursor: cursor ?? null } },
      }),
    ),
  );
  return (
    <Panel
      title="Held, by lot"
      note="What a sale of everything would bring at the latest prices; days in the zone of the tax"
      actions={<Download path="api/v1/tax/unrealised" query={{ jurisdiction, method }} />}
    >
      <PagesOf
        query={query}
        empty={<Empty title="Nothing is held">Lots show here once the ledger has something in it.</Empty>}
      >
        {(lots, page) => (
          <>
            <Missing {...page} />
            <div className="flex flex-wrap border-b border-line">
              <Figure label="Cost" value={money(page.cost, page.currency)} />
              <Figure label="Worth now" value={money(page.value, page.currency)} />
              <Figure
                label="Unrealised gain"
                value={<Change value={page.gain} as="money" currency={page.currency} own />}
              />
              <Figure
                label="Prices of"
                value={<Time at={page.as_of} />}
                note={
                  page.unpriced > 0 ? `${page.unpriced} lots have no price and are not counted` : undefined
                }
              />
            </div>
            <HeldTable label="Lots held" rows={lots} currency={page.currency} />
          </>
        )}
      </PagesOf>
    </Panel>
  );
}

export function HeldTable({
  label,
  rows,
  currency,
}: {
  label: string;
  rows: readonly Held[];
  currency: string;
}): ReactNode {
  const money = useOwnMoney();
  const columns: readonly Column<Held>[] = [
    { id: "coin", header: "Asset", cell: ({ coin_id }) => <Coin id={coin_id} /> },
    { id: "wallet", header: "Wallet", wide: true, cell: ({ wallet }) => wallet || "all wallets" },
    {
      id: "since",
      header: "Acquired",
      title: "In the zone of the tax",
      cell: ({ acquired_on, transaction_id }) => <Acquired on={acquired_on} by={transaction_id} />,
    },
    { id: "quantity", header: "Quantity", num: true, cell: ({ quantity }) => <Quantity value={quantity} /> },
    { id: "cost", header: "Cost", num: true, cell: ({ cost }) => money(cost, currency) },
    { id: "value", header: "Worth now", num: true, cell: ({ value }) => money(value, currency) },
    {
      id: "gain",
      header: "Gain",
      num: true,
      cell: ({ gain }) => <Change value={gain} as="money" currency={currency} own />,
    },
    { id: "term", header: "Term", cell: (held) => <Long held={held} /> },
  ];
  return (
    <Table
      label={label}
      columns={columns}
      rows={rows}
      keyOf={(held) =>
        [held.coin_id, held.wallet_id, held.transaction_id, held.acquired_on, held.quantity].join()
      }
    />
  );
}

export function Acquired({ on, by }: { on: string | null; by: string | null }): ReactNode {
  if (on === null) return <span className="text-ink-3">pooled</span>;
  const day = <span className="whitespace-nowrap tabular-nums">{on}</span>;
  return by === null ? day : <TransactionLink id={by}>{day}</TransactionLink>;
}

function Long({ held }: { held: Held }): ReactNode {
  if (held.days_to_long !== null && held.days_to_long > 0) {
    return (
      <span className="whitespace-nowrap" title={`long-term from ${held.long_on}`}>
        {TERMS[held.term]}, {held.days_to_long} d to go
      </span>
    );
  }
  return TERMS[held.term];
}
