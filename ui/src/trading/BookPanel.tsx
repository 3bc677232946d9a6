/** The book: how much stands at which price. A click takes the price into the ticket. */
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { Loading, Stale } from "@/components/States";
import { compare, divide, multiply, toFloat } from "@/format/decimal";
import { formatFixed, formatPercent } from "@/format/amounts";
import { useCondition } from "@/hooks/live";
import { useManner } from "@/hooks/preferences";
import { groupsOf, placesOf } from "./arithmetic";
import { groupOf, type BookRow, type BookSide } from "./book";
import { shortBase, useBook, type Instrument } from "./market";
import { useOrders } from "./use-own";

const ROW_PX = 18;

export function BookPanel({
  instrument,
  last,
  onPrice,
}: {
  instrument: Instrument;
  last: string | null;
  onPrice: (price: string) => void;
}): ReactNode {
  const state = useBook(instrument.symbol);
  const live = useCondition() === "live";
  const [group, setGroup] = useState(instrument.tick);
  const groups = groupsOf(instrument.tick, last);
  const step = groups.includes(group) ? group : instrument.tick;
  const { ref, count } = useRowCount();
  const orders = useOrders() ?? [];
  const own = (side: BookSide): ReadonlySet<string> =>
    new Set(
      orders
        .filter(
          (order) => order.symbol === instrument.symbol && order.status === "open" && order.price !== null,
        )
        .filter((order) => order.side === (side === "bids" ? "buy" : "sell"))
        .map((order) => groupOf(side, order.price ?? "0", step)),
    );
  return (
    <section aria-label="Order book" className="flex h-full min-h-0 flex-col">
      <header className="flex items-center gap-2 border-b border-line px-2 py-1">
        <h2 className="text-[13px] font-semibold">Book</h2>
        {!live && <Stale>From before</Stale>}
        <label className="ml-auto flex items-center gap-1 text-[12px] text-ink-2">
          Group
          <select
            value={step}
            onChange={(event) => setGroup(event.target.value)}
            className="min-h-6 rounded border border-line bg-panel px-1 text-[12px] text-ink"
          >
            {groups.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </header>
      <div className="grid grid-cols-3 px-2 py-1 text-[11.5px] text-ink-3">
        <span>Price</span>
        <span className="num">{shortBase(instrument)}</span>
        <span className="num">Sum</span>
      </div>
      <div ref={ref} className="min-h-0 flex-1 overflow-hidden">
        {state === undefined ? (
          <Loading rows={10} label="The book" />
        ) : (
          <div className={live ? "" : "stale"}>
            <Ladder
              side="asks"
              rows={state.book.rows("asks", count, step)}
              {...{ instrument, step, onPrice, own: own("asks") }}
            />
            <Middle
              bid={state.book.best("bids")}
              spread={state.book.spread()}
              places={placesOf(instrument.tick)}
            />
            <Ladder
              side="bids"
              rows={state.book.rows("bids", count, step)}
              {...{ instrument, step, onPrice, own: own("bids") }}
            />
          </div>
        )}
      </div>
    </section>
  );
}

/** As many rows a side as there is room for. */
function useRowCount(): { ref: React.RefObject<HTMLDivElement | null>; count: number } {
  const ref = useRef<HTMLDivElement>(null);
  const [count, setCount] = useState(10);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      const room = Math.floor((element.clientHeight - ROW_PX - 6) / (2 * ROW_PX));
      setCount(Math.max(5, Math.min(25, room)));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { ref, count };
}

function Middle({
  bid,
  spread,
  places,
}: {
  bid: string | null;
  spread: string | null;
  places: number;
}): ReactNode {
  const { locale } = useManner();
  const share = bid === null || spread === null ? null : divide(multiply(spread, "100"), bid, 6);
  return (
    <p
      className="my-px flex items-center justify-between border-y border-line bg-raised px-2 text-[12px] text-ink-2"
      style={{ height: ROW_PX + 2 }}
    >
      <span>Spread</span>
      <span className="tabular-nums">
        {spread === null
          ? "one side is empty"
          : `${formatFixed(spread, places, locale)} (${formatPercent(share, { places: 3, locale })})`}
      </span>
    </p>
  );
}

function Ladder({
  side,
  rows,
  instrument,
  step,
  onPrice,
  own,
}: {
  side: BookSide;
  rows: readonly BookRow[];
  instrument: Instrument;
  step: string;
  onPrice: (price: string) => void;
  own: ReadonlySet<string>;
}): ReactNode {
  const { locale } = useManner();
  const places = placesOf(step);
  const sizes = placesOf(instrument.step);
  const most = rows.reduce((max, row) => (compare(row.quantity, max) > 0 ? row.quantity : max), "0");
  const shown = side === "asks" ? [...rows].reverse() : rows;
  const [ink, bar] = side === "asks" ? ["text-down", "bg-down-soft"] : ["text-up", "bg-up-soft"];
  return (
    <ol aria-label={side === "asks" ? "Sellers" : "Buyers"} onKeyDown={moveFocus}>
      {shown.map((row, at) => {
        const mine = own.has(row.price);
        const width = most === "0" ? 0 : (toFloat(row.quantity) / toFloat(most)) * 100;
        return (
          // By its distance from the middle: who walks the rows with the keyboard keeps the place when prices move.
          <li key={side === "asks" ? shown.length - at : at}>
            <button
              type="button"
              tabIndex={row === rows[0] ? 0 : -1}
              onClick={() => onPrice(row.price)}
              className="relative grid w-full grid-cols-3 items-center px-2 text-left text-[12px] tabular-nums hover:bg-raised"
              style={{ height: ROW_PX }}
            >
              <span
                aria-hidden
                className={`absolute inset-y-px right-0 ${bar}`}
                style={{ width: `${width}%` }}
              />
              <span className={`relative ${ink} ${mine ? "font-semibold" : ""}`}>
                {formatFixed(row.price, places, locale)}
                {mine && (
                  <span title="An order of yours stands here">
                    {" "}
                    ◂<span className="sr-only">yours</span>
                  </span>
                )}
              </span>
              <span className="num relative">{formatFixed(row.quantity, sizes, locale)}</span>
              <span className="num relative text-ink-2">{formatFixed(row.total, sizes, locale)}</span>
            </button>
          </li>
        );
      })}
    </ol>
  );
}

/** Arrows walk through the prices of a side. */
function moveFocus(event: KeyboardEvent<HTMLOListElement>): void {
  const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (by === 0) return;
  const buttons = [...event.currentTarget.querySelectorAll("button")];
  buttons[buttons.indexOf(document.activeElement as HTMLButtonElement) + by]?.focus();
  event.preventDefault();
}
