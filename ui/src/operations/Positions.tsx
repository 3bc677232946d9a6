/** Everybody's open positions; operators may close a part of one at the market. */
import { useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { once } from "@/api/once";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Change } from "@/components/Change";
import { Download } from "@/components/Download";
import { AmountField, CheckField } from "@/components/Field";
import { PagesOf, usePages } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Age } from "@/components/Time";
import { formatFixed, formatPrice, formatQuantity, formatShare, MISSING } from "@/format/amounts";
import { compare, isDecimal, negate, signOf } from "@/format/decimal";
import { useManner } from "@/hooks/preferences";
import { useUrlState } from "@/hooks/url-state";
import { Filters, PersonFilter, useIdOf } from "./filters";
import { ReasonDialog } from "./ReasonDialog";
import { SymbolFilter } from "./SymbolFilter";
import { useMayChange, Who } from "./Who";

type Row = Schemas["OverseenPositionView"];

export function Positions(): ReactNode {
  const { locale } = useManner();
  const [symbol] = useUrlState("symbol");
  const [danger, setDanger] = useUrlState("in_danger");
  const userId = useIdOf("user_id");
  const [reducing, setReducing] = useState<Row | null>(null);
  const mayChange = useMayChange();
  const filter = {
    ...(symbol !== "" && { symbol }),
    ...(userId !== undefined && { user_id: userId }),
    ...(danger === "true" && { in_danger: true }),
  };
  const query = usePages(
    ["operations", "positions", filter],
    (cursor) =>
      answer<Schemas["SeenPage_OverseenPositionView_"]>(
        api.GET("/api/v1/regulator/positions", {
          params: { query: { ...filter, limit: 100, ...(cursor && { cursor }) } },
        }) as never,
      ),
    { everyMs: 5_000 },
  );
  const at = query.data?.pages[0]?.at;
  return (
    <Panel
      title="Open positions"
      note={
        at !== undefined && (
          <>
            <Age at={at} ago />
          </>
        )
      }
      actions={<Download path="api/v1/regulator/positions" query={filter} />}
    >
      <Filters label="Filter positions">
        <SymbolFilter />
        <PersonFilter />
        <CheckField
          label="Only in danger (margin ratio 0.8 or more)"
          checked={danger === "true"}
          onChange={(event) => setDanger(event.target.checked ? "true" : "")}
        />
      </Filters>
      <PagesOf
        query={query}
        empty={<Empty title="No open position is like this">Take a filter back to see more.</Empty>}
      >
        {(rows) => (
          <Table
            label="Open positions"
            columns={columns(locale, mayChange ? setReducing : null)}
            rows={rows}
            keyOf={(row) => `${row.user_id}${row.symbol}${row.position_side}`}
          />
        )}
      </PagesOf>
      {reducing !== null && <Reduce position={reducing} onClose={() => setReducing(null)} />}
    </Panel>
  );
}

function columns(locale: string, reduce: ((row: Row) => void) | null): readonly Column<Row>[] {
  const all: Column<Row>[] = [
    { id: "user", header: "Person", cell: (row) => <Who id={row.user_id} /> },
    {
      id: "symbol",
      header: "Symbol",
      cell: (row) => <span className="whitespace-nowrap">{row.symbol}</span>,
    },
    {
      id: "side",
      header: "Side",
      cell: (row) =>
        signOf(row.quantity) < 0 ? (
          <span className="text-down">short</span>
        ) : (
          <span className="text-up">long</span>
        ),
    },
    {
      id: "quantity",
      header: "Quantity",
      num: true,
      cell: (row) => formatQuantity(row.quantity, locale),
    },
    {
      id: "entry",
      header: "Entry",
      num: true,
      wide: true,
      cell: (row) => formatPrice(row.entry_price, locale),
    },
    { id: "mark", header: "Mark", num: true, wide: true, cell: (row) => formatPrice(row.mark_price, locale) },
    {
      id: "notional",
      header: "Notional, USDT",
      num: true,
      cell: (row) => formatFixed(row.notional, 2, locale),
    },
    {
      id: "profit",
      header: "Profit",
      num: true,
      cell: (row) => <Change value={row.profit} as="money" currency="usdt" />,
    },
    {
      id: "leverage",
      header: "Leverage",
      num: true,
      cell: (row) => `${row.leverage}× ${row.isolated_margin === null ? "cross" : "isolated"}`,
    },
    {
      id: "ratio",
      header: "Margin ratio",
      num: true,
      title: "At 100 % a liquidation begins",
      cell: (row) => <Ratio ratio={row.margin_ratio} locale={locale} />,
    },
  ];
  if (reduce === null) return all;
  return [
    ...all,
    {
      id: "acts",
      header: <span className="sr-only">What can be done</span>,
      cell: (row) =>
        row.user_id === null ? null : (
          <Button small onClick={() => reduce(row)}>
            Reduce…
          </Button>
        ),
    },
  ];
}

function Ratio({ ratio, locale }: { ratio: string | null; locale: string }): ReactNode {
  if (ratio === null) return <span title="Nothing is left that stands for it">{MISSING}</span>;
  const text = formatShare(ratio, { locale });
  return compare(ratio, "0.8") >= 0 ? <Badge tone="bad">{text}</Badge> : text;
}

function Reduce({ position, onClose }: { position: Row; onClose: () => void }): ReactNode {
  const size = signOf(position.quantity) < 0 ? negate(position.quantity) : position.quantity;
  const [quantity, setQuantity] = useState(size);
  const userId = position.user_id ?? "";
  const fault =
    isDecimal(quantity) && signOf(quantity) > 0 && compare(quantity, size) <= 0
      ? null
      : `More than 0, at most ${size}.`;
  return (
    <ReasonDialog
      onClose={onClose}
      act={{
        title: `Reduce ${position.symbol}`,
        description: "Closes a part of this person's position at the market, whatever the trading state.",
        button: "Reduce",
        danger: true,
        done: "The position was reduced",
        disabled: fault !== null,
        fields: (
          <AmountField
            label="Quantity"
            value={quantity}
            fault={fault}
            hint={`Of ${size}`}
            onChange={(event) => setQuantity(event.target.value)}
          />
        ),
        run: (reason) => {
          const { symbol, position_side } = position;
          const body = { user_id: userId, symbol, position_side, quantity, reason };
          return once(JSON.stringify(["force-reduce", body]), (key) =>
            answer(
              api.POST("/api/v1/trading/force-reduce", {
                params: { header: { "idempotency-key": key } },
                body,
              }),
            ),
          );
        },
      }}
    />
  );
}
