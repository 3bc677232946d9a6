/** Tables of what was: orders, fills, funding, liquidations; each can be had whole as a file. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Badge } from "@/components/Badge";
import { Change } from "@/components/Change";
import { Download } from "@/components/Download";
import { Answered, Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time, ZoneNote } from "@/components/Time";
import { formatShare } from "@/format/amounts";
import { useManner, useOwnMoney } from "@/hooks/preferences";
import {
  useFills,
  useLiquidations,
  usePastOrders,
  usePayments,
  type Fill,
  type Liquidation,
  type PastOrder,
  type Payment,
} from "./histories";
import { useOwnQuantity, useTickPrice } from "./market";
import { Kind, Trigger } from "./Orders";
import { SymbolLink } from "./SymbolLink";
import { effectOf } from "./ticket";

type Given = { symbol: string | undefined };

/** Columns that more than one of the tables has. */
const MARKET: Column<{ symbol: string | null }> = {
  id: "symbol",
  header: "Market",
  cell: (row) => <SymbolLink symbol={row.symbol} />,
};
const REALISED: Column<{ realised_profit: string }> = {
  id: "profit",
  header: "Realised",
  num: true,
  title: "Before the fee",
  cell: (row) => <Change value={row.realised_profit} as="money" currency="USDT" own />,
};

function number<T>(id: string, header: string, cell: (row: T) => ReactNode): Column<T> {
  return { id, header, num: true, cell };
}

function History<T>({
  label,
  path,
  query,
  filter,
  columns,
  keyOf,
  empty,
}: {
  label: string;
  path: string;
  query: UseQueryResult<readonly T[]>;
  filter: Readonly<Record<string, string | undefined>>;
  columns: readonly Column<T>[];
  keyOf: (row: T) => string;
  empty: ReactNode;
}): ReactNode {
  return (
    <Answered query={query} rows={4} empty={{ when: (rows) => rows.length === 0, show: empty }}>
      {(rows) => (
        <>
          <div className="flex flex-wrap items-center gap-2 px-3 py-1.5">
            <ZoneNote />
            {rows.length >= 100 && (
              <span className="text-[12px] text-ink-3">The last 100; the file has all</span>
            )}
            <span className="ml-auto">
              <Download path={path} query={filter} />
            </span>
          </div>
          <Table label={label} columns={columns} rows={rows} keyOf={keyOf} />
        </>
      )}
    </Answered>
  );
}

export function PastOrders({ symbol }: Given): ReactNode {
  const show = useTickPrice();
  const size = useOwnQuantity();
  const columns: readonly Column<PastOrder>[] = [
    { id: "at", header: "Ended", cell: (row) => <Time at={row.changed_at} to="second" /> },
    MARKET,
    { id: "kind", header: "Order", cell: (row) => <Kind order={row} /> },
    {
      id: "status",
      header: "State",
      cell: (row) => (
        <span className="inline-flex items-center gap-2">
          <Badge tone={row.status === "filled" ? "good" : "neutral"}>{row.status}</Badge>
          {row.reason !== null && row.status !== "filled" && <span className="text-ink-3">{row.reason}</span>}
        </span>
      ),
    },
    number("quantity", "Filled / quantity", (row) => `${size(row.filled_quantity)} / ${size(row.quantity)}`),
    number("price", "Price", (row) => (row.price === null ? "market" : show(row.symbol, row.price))),
    number("average", "Average", (row) => show(row.symbol, row.average_price)),
    number("trigger", "Trigger", (row) => <Trigger order={row} />),
    REALISED,
  ];
  return (
    <History
      label="Order history"
      path="api/v1/orders"
      query={usePastOrders(symbol)}
      filter={{ status: "all", symbol }}
      columns={columns}
      keyOf={(row) => row.id}
      empty={
        <Empty title="No order has ended yet">Filled, cancelled and expired orders are listed here.</Empty>
      }
    />
  );
}

export function Fills({ symbol }: Given): ReactNode {
  const show = useTickPrice();
  const size = useOwnQuantity();
  const money = useOwnMoney();
  const columns: readonly Column<Fill>[] = [
    { id: "at", header: "Time", cell: (row) => <Time at={row.at} to="second" /> },
    MARKET,
    {
      id: "side",
      header: "Side",
      cell: (row) => (
        <>
          <span className={row.side === "buy" ? "text-up" : "text-down"}>{row.side}</span>{" "}
          {row.position_side !== "net" && (
            <span className="text-ink-3">{`${effectOf(row.side, row.position_side)} ${row.position_side} `}</span>
          )}
          {row.cause !== "order" && <Badge tone="bad">{row.cause}</Badge>}
        </>
      ),
    },
    number("price", "Price", (row) => show(row.symbol, row.price)),
    number("quantity", "Quantity", (row) => size(row.quantity)),
    { id: "role", header: "Role", cell: (row) => (row.maker ? "maker" : "taker") },
    number("fee", "Fee", (row) => money(row.fee, "USDT")),
    REALISED,
  ];
  return (
    <History
      label="Fills"
      path="api/v1/fills"
      query={useFills(symbol)}
      filter={{ symbol }}
      columns={columns}
      keyOf={(row) => row.id}
      empty={<Empty title="Nothing was filled yet">A market order fills at once.</Empty>}
    />
  );
}

export function Payments({ symbol }: Given): ReactNode {
  const { locale } = useManner();
  const show = useTickPrice();
  const columns: readonly Column<Payment>[] = [
    { id: "at", header: "Time", cell: (row) => <Time at={row.stamp} /> },
    MARKET,
    number("rate", "Rate", (row) => formatShare(row.rate, { places: 4, locale, signed: true })),
    number("mark", "Mark", (row) => show(row.symbol, row.mark_price)),
    number("amount", "Received or paid", (row) => (
      <Change value={row.amount} as="money" currency="USDT" own />
    )),
  ];
  return (
    <History
      label="Funding payments"
      path="api/v1/funding"
      query={usePayments(symbol)}
      filter={{ symbol }}
      columns={columns}
      keyOf={(row) => `${row.symbol} ${row.stamp}`}
      empty={
        <Empty title="No funding yet">Whoever has a perpetual when its funding is due pays or is paid.</Empty>
      }
    />
  );
}

export function Liquidations({ symbol }: Given): ReactNode {
  const show = useTickPrice();
  const size = useOwnQuantity();
  const money = useOwnMoney();
  const columns: readonly Column<Liquidation>[] = [
    { id: "at", header: "Time", cell: (row) => <Time at={row.at} to="second" /> },
    MARKET,
    { id: "event", header: "What", cell: (row) => <Badge tone="bad">{row.event}</Badge> },
    { id: "side", header: "Side", cell: (row) => row.side ?? "" },
    number("quantity", "Quantity", (row) => (row.quantity == null ? "" : size(row.quantity))),
    number("price", "Price", (row) => (row.price == null ? "" : show(row.symbol, row.price))),
    number("margin", "Margin", (row) => (row.margin == null ? "" : money(row.margin, "USDT"))),
    number("maintenance", "Maintenance", (row) =>
      row.maintenance_margin == null ? "" : money(row.maintenance_margin, "USDT"),
    ),
  ];
  return (
    <History
      label="Liquidations"
      path="api/v1/liquidations"
      query={useLiquidations(symbol)}
      filter={{ symbol }}
      columns={columns}
      keyOf={(row) => `${row.id} ${row.event}`}
      empty={
        <Empty title="Never liquidated">When margin is below maintenance, each step is told here.</Empty>
      }
    />
  );
}
