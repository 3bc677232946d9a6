/** Open positions: what they are worth by the mark, and how far they are from liquidation. */
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { answer, api } from "@/api/client";
import { once } from "@/api/once";
import { Button } from "@/components/Button";
import { Change } from "@/components/Change";
import { Empty, Loading } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Badge, type Tone } from "@/components/Badge";
import { compare, toFloat } from "@/format/decimal";
import { formatPercent, formatShare, MISSING } from "@/format/amounts";
import { useCondition } from "@/hooks/live";
import { useManner } from "@/hooks/preferences";
import { useToasts } from "@/hooks/toasts";
import { useOwnQuantity, useTickPrice } from "./market";
import { MarginDialog } from "./MarginDialog";
import { keyOf, nameOf, type Position } from "./own";
import { usePositions } from "./use-own";
import { SymbolLink } from "./SymbolLink";

const HIGH = "0.8";
const RAISED = "0.5";
const FAR_PERCENT = 50;

/** From 0.5 on it is said, from 0.8 on it is urgent; at 1 it is liquidated. */
export function toneOfRatio(ratio: string | null): Tone {
  if (ratio === null || compare(ratio, HIGH) >= 0) return "bad";
  return compare(ratio, RAISED) >= 0 ? "warn" : "good";
}

export function Ratio({ ratio }: { ratio: string | null }): ReactNode {
  const { locale } = useManner();
  return (
    <Badge tone={toneOfRatio(ratio)} title="Maintenance margin by what stands for it; liquidated at 100 %">
      {ratio === null ? "nothing is left" : formatShare(ratio, { locale })}
    </Badge>
  );
}

/** Turned round it is another position, though it has the same place. */
const sideOf = (position: Position): string => `${keyOf(position)} ${position.side}`;

export function Positions(): ReactNode {
  const positions = usePositions();
  const live = useCondition() === "live";
  const show = useTickPrice();
  const size = useOwnQuantity();
  const [chosen, choose] = useState<string | null>(null);
  const margin = positions?.find((each) => sideOf(each) === chosen);
  // Another one that is opened there later is not the one that was chosen.
  if (chosen !== null && positions !== undefined && margin === undefined) choose(null);
  if (positions === undefined) return <Loading rows={3} label="Positions" />;
  if (positions.length === 0) {
    return (
      <Empty title="No open position">
        An order that fills opens one. Everything here is paper: nothing real is traded.
      </Empty>
    );
  }
  const columns: readonly Column<Position>[] = [
    {
      id: "symbol",
      header: "Market",
      cell: (row) => (
        <span className="flex flex-col">
          <SymbolLink symbol={row.symbol} />
          {/* What matters most of the columns that a phone shows only after scrolling. */}
          <span aria-hidden className="text-[12px] whitespace-nowrap md:hidden">
            <span className={row.side === "long" ? "text-up" : "text-down"}>{row.side}</span>{" "}
            {size(row.quantity)}
          </span>
          <span aria-hidden className="text-[12px] whitespace-nowrap md:hidden">
            <Change value={row.unrealised_profit} as="money" currency="USDT" own />
          </span>
        </span>
      ),
    },
    {
      id: "act",
      header: <span className="sr-only">Close</span>,
      cell: (row) => <Closing position={row} onMargin={() => choose(sideOf(row))} />,
    },
    {
      id: "side",
      header: "Side",
      cell: (row) => (
        <span className={`whitespace-nowrap ${row.side === "long" ? "text-up" : "text-down"}`}>
          {row.side} {row.leverage}× <span className="text-ink-3">{row.margin_mode}</span>
        </span>
      ),
    },
    {
      id: "size",
      header: "Size",
      num: true,
      cell: (row) => size(row.quantity),
    },
    { id: "entry", header: "Entry", num: true, cell: (row) => show(row.symbol, row.entry_price) },
    { id: "mark", header: "Mark", num: true, cell: (row) => show(row.symbol, row.mark_price) },
    {
      id: "profit",
      header: "Profit by mark",
      num: true,
      cell: (row) => <Change value={row.unrealised_profit} as="money" currency="USDT" own />,
    },
    { id: "liquidation", header: "Liquidation", num: true, cell: (row) => <Distance position={row} /> },
    {
      id: "ratio",
      header: "Margin ratio",
      num: true,
      title: "Of what stands for the position: its own margin, or the whole cross account",
      cell: (row) => <Ratio ratio={row.margin_ratio} />,
    },
  ];
  return (
    <>
      <Table label="Open positions" columns={columns} rows={positions} keyOf={keyOf} dim={() => !live} />
      {margin !== undefined && <MarginDialog position={margin} onClose={() => choose(null)} />}
    </>
  );
}

/** The price and, as a bar, how much of the way to it is left; full is half the price away or more. */
function Distance({ position }: { position: Position }): ReactNode {
  const { locale } = useManner();
  const show = useTickPrice();
  const { liquidation_price: price, distance_to_liquidation_percent: percent } = position;
  if (price === null || percent === null) {
    return <span title="No price of this market alone ends it">{MISSING}</span>;
  }
  const away = Math.abs(toFloat(percent));
  const color = away < 5 ? "bg-danger" : away < 15 ? "bg-warn" : "bg-up";
  return (
    <span className="inline-flex flex-col items-end gap-0.5">
      <span>
        {show(position.symbol, price)}{" "}
        <span className="text-ink-3">{formatPercent(percent, { places: 1, locale })}</span>
      </span>
      <span aria-hidden className="block h-1 w-24 overflow-hidden rounded bg-line">
        <span
          className={`block h-full ${color}`}
          style={{ width: `${Math.min(100, (away / FAR_PERCENT) * 100)}%` }}
        />
      </span>
    </span>
  );
}

function Closing({ position, onMargin }: { position: Position; onMargin: () => void }): ReactNode {
  const toasts = useToasts();
  const name = nameOf(position);
  const closing = useMutation({
    mutationFn: (asked: { of: Position; percent: string }) => closePosition(asked.of, asked.percent),
    // What is left may be shown before the answer is here: told is the position that was pressed.
    onSuccess: (order, { of }) =>
      toasts.tell({
        tone: order.filled_quantity === "0" ? "bad" : "good",
        title: `Closed ${order.filled_quantity} of ${of.quantity} ${name}`,
        detail:
          order.average_price === null
            ? `nothing filled: ${order.reason ?? order.status}`
            : `at ${order.average_price} on average, realised ${order.realised_profit}, fee ${order.fee}`,
      }),
    onError: (error) => toasts.fail(error),
  });
  return (
    <span role="group" aria-label={`Close ${name}`} className="inline-flex items-center gap-1">
      <span aria-hidden className="text-[12px] text-ink-3">
        Close{position.position_side === "net" ? "" : ` ${position.position_side}`}
      </span>
      {["25", "50", "100"].map((percent) => (
        <Button
          key={percent}
          small
          disabled={closing.isPending}
          aria-label={`Close ${percent} % of ${name} at the market`}
          // The second click of a double click would close that share of what is left.
          onClick={(event) => event.detail < 2 && closing.mutate({ of: position, percent })}
        >
          {percent} %
        </Button>
      ))}
      {position.margin_mode === "isolated" && (
        <Button small look="quiet" onClick={onMargin}>
          Margin…
        </Button>
      )}
    </span>
  );
}

export function closePosition(
  position: Pick<Position, "symbol" | "position_side" | "quantity">,
  percent: string,
) {
  // A part is closed once, though the position is smaller by the time it is pressed again. All of a position that was
  // opened or has grown since is something else.
  const whole = percent === "100" ? [position.quantity] : [];
  return once(JSON.stringify(["close", keyOf(position), percent, ...whole]), (key) =>
    answer(
      api.POST("/api/v1/positions/{symbol}/close", {
        params: { path: { symbol: position.symbol }, header: { "idempotency-key": key } },
        body: { percent, position_side: position.position_side },
      }),
    ),
  );
}
