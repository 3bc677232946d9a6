/** What is held: every number opens where it comes from. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Badge } from "@/components/Badge";
import { Change } from "@/components/Change";
import { Coin, Quantity } from "@/components/Coin";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Age } from "@/components/Time";
import { WalletName } from "@/components/Wallet";
import { formatPercent } from "@/format/amounts";
import { compare } from "@/format/decimal";
import { useManner, useOwnMoney, usePriceFormat } from "@/hooks/preferences";
import { useSetSearch, useUrlState } from "@/hooks/url-state";
import { useCurrency, type Line, type Summary } from "./queries";
import { Why } from "./Why";

type Key = "value" | "unrealised_profit" | "change_24h_percent" | "quantity" | "price" | "average_cost";
const KEYS: readonly string[] = [
  "value",
  "unrealised_profit",
  "change_24h_percent",
  "quantity",
  "price",
  "average_cost",
];

function sorted(lines: readonly Line[], by: string, descending: boolean): readonly Line[] {
  const key = (KEYS.includes(by) ? by : "value") as Key;
  const order = (a: Line, b: Line): number => {
    const [left, right] = [a[key], b[key]];
    if (left === null || right === null) return left === right ? 0 : left === null ? 1 : -1;
    return compare(left, right) * (descending ? -1 : 1);
  };
  return [...lines].sort(order);
}

function useColumns(): readonly Column<Line>[] {
  const currency = useCurrency();
  const money = useOwnMoney();
  const price = usePriceFormat();
  const { locale } = useManner();
  const why = (line: Line, label: string, shown: ReactNode): ReactNode => (
    <Why of={`coin.${line.coin_id}`} label={`${label} of ${line.symbol.toUpperCase()}`}>
      {shown}
    </Why>
  );
  return [
    {
      id: "coin",
      header: "Coin",
      cell: (line) => (
        <span className="flex flex-wrap items-center gap-x-2">
          <span className="md:hidden">
            <Coin id={line.coin_id} />
            <span className="block text-[11px] text-ink-3">
              <Quantity value={line.quantity} most={4} />
            </span>
          </span>
          <span className="max-md:hidden">
            <Coin id={line.coin_id} full />
          </span>
          {line.stale && <Badge tone="warn">old price</Badge>}
        </span>
      ),
    },
    {
      id: "quantity",
      wide: true,
      header: "Quantity",
      num: true,
      sort: "quantity",
      cell: (line) => why(line, "quantity", <Quantity value={line.quantity} />),
    },
    {
      id: "average_cost",
      wide: true,
      header: "Average cost",
      num: true,
      sort: "average_cost",
      title: "Cost with fees ÷ quantity; a sale never moves it",
      cell: (line) => why(line, "average cost", price(line.average_cost)),
    },
    {
      id: "price",
      header: "Price",
      num: true,
      sort: "price",
      cell: (line) => (
        <>
          {why(line, "price", price(line.price))}
          <span className="block text-[11px] text-ink-3">
            {line.source === "identity" ? (
              "itself"
            ) : (
              <>
                {line.source}, <Age at={line.at} />
              </>
            )}
          </span>
        </>
      ),
    },
    {
      id: "change",
      wide: true,
      header: "24 h",
      num: true,
      sort: "change_24h_percent",
      cell: (line) => <Change value={line.change_24h_percent} as="percent" />,
    },
    {
      id: "value",
      header: `Value ${currency.toUpperCase()}`,
      num: true,
      sort: "value",
      cell: (line) => why(line, "value", money(line.value)),
    },
    {
      id: "profit",
      header: "Profit",
      num: true,
      sort: "unrealised_profit",
      title: "Value less cost: not realised",
      cell: (line) => (
        <>
          {why(line, "profit", <Change value={line.unrealised_profit} as="money" currency={currency} own />)}
          <span className="block text-[11px]">
            <Change value={line.unrealised_profit_percent} as="percent" />
          </span>
        </>
      ),
    },
    {
      id: "share",
      wide: true,
      header: "Share",
      num: true,
      cell: (line) => formatPercent(line.allocation_percent, { locale, places: 1 }),
    },
  ];
}

export function HoldingsPanel({ summary }: { summary: Summary }): ReactNode {
  const columns = useColumns();
  const setSearch = useSetSearch();
  const [by] = useUrlState("sort", "value");
  const [direction] = useUrlState("order", "desc");
  const sorting = {
    by,
    descending: direction === "desc",
    change: (next: string, descending: boolean) =>
      setSearch({ sort: next, order: descending ? undefined : "asc" }),
  };
  return (
    <Panel title="Holdings" note={summary.holdings.length > 0 && `${summary.holdings.length} with a price`}>
      {summary.holdings.length === 0 && summary.unvalued.length === 0 ? (
        <Empty
          title="You hold nothing yet"
          action={
            <Link
              to={"/transactions" as never}
              search={{ add: "buy" } as never}
              className="text-accent underline underline-offset-2"
            >
              Record a purchase
            </Link>
          }
        >
          Record a transaction, or import a file of your exchange.
        </Empty>
      ) : (
        <Table
          label="Holdings"
          columns={columns}
          rows={sorted(summary.holdings, by, direction === "desc")}
          keyOf={(line) => line.coin_id}
          sorting={sorting}
          dim={(line) => line.stale}
        />
      )}
      <Unvalued summary={summary} />
    </Panel>
  );
}

const REASONS = {
  "no-price": "no source has a price",
  "no-exchange-rate": "no rate into your currency",
} as const;

/** What has no value, why, and what one can do. */
function Unvalued({ summary }: { summary: Summary }): ReactNode {
  if (summary.unvalued.length === 0) return null;
  return (
    <div className="border-t border-line p-3 text-[13px]">
      <p className="font-medium text-warn">
        In no total:{" "}
        {summary.unvalued.length === 1 ? "one holding has" : `${summary.unvalued.length} holdings have`} no
        value
      </p>
      <ul className="mt-1 flex flex-col gap-1">
        {summary.unvalued.map((line) => (
          <li key={`${line.coin_id}-${line.wallet_id}`} className="flex flex-wrap items-baseline gap-x-2">
            <Why of={`coin.${line.coin_id}`} label={`quantity of ${line.symbol}`}>
              <Quantity value={line.quantity} /> {line.symbol.toUpperCase()}
            </Why>
            <span className="text-ink-3">
              in <WalletName id={line.wallet_id} />: {REASONS[line.reason]}
            </span>
            <Link
              to={"/transactions" as never}
              search={{ tab: "valuations", coin: line.coin_id } as never}
              className="text-accent underline underline-offset-2"
            >
              Say what it is worth
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
