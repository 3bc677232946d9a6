/** All pairs, of which only those on the screen are there and listened to. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useCallback, useRef, useState, type KeyboardEvent, type ReactNode, type RefObject } from "react";
import { useCondition } from "@/hooks/live";
import { keyOf, type Market, type SortBy } from "./listing";
import { GRID, MarketRow, ROW_PX } from "./MarketRow";
import { useWantedPrices } from "./Price";
import { RankName } from "./Rank";

const MARGIN_ROWS = 12;

/** A row far away is there only some frames after the list has been scrolled to it. */
function focusRow(frame: RefObject<HTMLDivElement | null>, index: number, tries = 20): void {
  requestAnimationFrame(() => {
    const row = frame.current?.querySelector<HTMLElement>(`[data-row="${index}"]`);
    if (row) row.focus({ preventScroll: true });
    else if (tries > 0) focusRow(frame, index, tries - 1);
  });
}

interface Heading {
  readonly name: string;
  readonly sort?: SortBy;
  readonly num?: boolean;
  readonly from?: "md" | "xl";
  /** Some room to the figures before it. */
  readonly apart?: boolean;
}

const HEADINGS: readonly Heading[] = [
  { name: "Pair", sort: "pair" },
  { name: "Price", sort: "price", num: true },
  { name: "24 h", sort: "change", num: true },
  { name: "Trend 24 h", num: true, from: "md" },
  { name: "Volume", sort: "volume", num: true, from: "md" },
  { name: "Volatility", sort: "rank", num: true, from: "xl" },
  { name: "Rating 1h", from: "xl", apart: true },
  { name: "Source", sort: "source", from: "xl" },
  { name: "Age", sort: "age", num: true, from: "xl" },
];

export interface MarketsTableProps {
  rows: readonly Market[];
  sort: SortBy;
  descending: boolean;
  onSort: (by: SortBy, descending: boolean) => void;
  starred: ReadonlySet<string>;
  onStar: (key: string) => void;
}

export function MarketsTable({
  rows,
  sort,
  descending,
  onSort,
  starred,
  onStar,
}: MarketsTableProps): ReactNode {
  const frame = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const condition = useCondition();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_PX,
    overscan: MARGIN_ROWS,
    getItemKey: (index) => (rows[index] === undefined ? index : keyOf(rows[index])),
  });
  const shown = virtual.getVirtualItems();
  useWantedPrices(shown.flatMap(({ index }) => (rows[index] === undefined ? [] : [keyOf(rows[index])])));

  const latest = useRef({ rows, virtual });
  latest.current = { rows, virtual };
  const go = useCallback((index: number): void => {
    const { rows: all, virtual: list } = latest.current;
    const to = Math.max(0, Math.min(all.length - 1, index));
    setActive(to);
    list.scrollToIndex(to);
    focusRow(frame, to);
  }, []);
  const press = useCallback(
    (event: KeyboardEvent, index: number): void => {
      const page = Math.max(1, Math.floor((frame.current?.clientHeight ?? 0) / ROW_PX) - 2);
      const to: Readonly<Record<string, number>> = {
        ArrowDown: index + 1,
        ArrowUp: index - 1,
        PageDown: index + page,
        PageUp: index - page,
        Home: 0,
        End: latest.current.rows.length - 1,
      };
      const target = to[event.key];
      if (target !== undefined) go(target);
      else if (event.key === "s" && latest.current.rows[index] !== undefined)
        onStar(keyOf(latest.current.rows[index]));
      else return;
      event.preventDefault();
    },
    [go, onStar],
  );
  return (
    <div
      ref={frame}
      role="grid"
      aria-label="Markets"
      aria-rowcount={rows.length + 1}
      aria-describedby="markets-keys"
      className={`h-[calc(100dvh-262px)] min-h-72 overflow-x-hidden overflow-y-auto md:h-[calc(100dvh-162px)] ${condition === "stale" ? "stale" : ""}`}
    >
      <p id="markets-keys" className="sr-only">
        Arrow keys move from row to row, Enter opens a pair, S puts it on the watchlist.
      </p>
      <div
        role="row"
        aria-rowindex={1}
        className={`${GRID} sticky top-0 z-10 h-8 border-b border-line bg-panel text-[12px] font-medium text-ink-2`}
      >
        <span role="columnheader">
          <span className="sr-only">Watchlist</span>
        </span>
        {HEADINGS.map((heading) => (
          <Head key={heading.name} {...{ heading, sort, descending, onSort }} />
        ))}
      </div>
      <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
        {shown.map(({ index, key, start }) => {
          const market = rows[index];
          if (market === undefined) return null;
          return (
            <MarketRow
              key={key}
              market={market}
              index={index}
              top={start}
              active={index === Math.min(active, rows.length - 1)}
              starred={starred.has(keyOf(market))}
              onStar={onStar}
              onKey={press}
              onFocus={setActive}
            />
          );
        })}
      </div>
    </div>
  );
}

type HeadProps = { heading: Heading } & Pick<MarketsTableProps, "sort" | "descending" | "onSort">;

const FROM = { md: "max-md:hidden", xl: "max-xl:hidden" } as const;

function Head({ heading, sort, descending, onSort }: HeadProps): ReactNode {
  const { name, sort: by, num, from, apart } = heading;
  const on = by === sort;
  const Arrow = descending ? ArrowDown : ArrowUp;
  const look = `flex min-w-0 items-center gap-1 ${num ? "justify-end" : ""} ${apart ? "pl-4" : ""} ${from === undefined ? "" : FROM[from]}`;
  if (by === undefined) {
    return (
      <span role="columnheader" className={look}>
        {name}
      </span>
    );
  }
  const rank = by === "rank";
  return (
    <span
      role="columnheader"
      aria-sort={on ? (descending ? "descending" : "ascending") : "none"}
      className={look}
    >
      {rank && <RankName>Rank</RankName>}
      <button
        type="button"
        // A rank and a name begin with the first, everything else with the most.
        onClick={() => onSort(by, on ? !descending : !["pair", "rank", "source"].includes(by))}
        aria-label={`Sort by ${name.toLowerCase()}`}
        className="inline-flex min-h-6 items-center gap-1 hover:text-ink"
      >
        {rank ? on ? null : <ArrowUp aria-hidden className="size-3 opacity-40" /> : name}
        {on && <Arrow aria-hidden className="size-3" />}
      </button>
    </span>
  );
}
