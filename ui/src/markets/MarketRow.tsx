import { Link } from "@tanstack/react-router";
import { Star } from "lucide-react";
import { memo, type KeyboardEvent, type ReactNode } from "react";
import { useAssets } from "@/components/Coin";
import { Sparkline } from "@/components/Sparkline";
import { formatCompact, MISSING } from "@/format/amounts";
import { useManner } from "@/hooks/preferences";
import { keyOf, quoteOf, type Market } from "./listing";
import { DayChange, Price, PriceAge, useStalePrice } from "./Price";
import { Rank } from "./Rank";
import { RatingWord } from "./RatingWord";
import { useRowRating, useSettled, useSpark } from "./rows";

/** Fewer columns where there is less room; the header has the same. */
export const GRID =
  "grid items-center gap-x-3 px-2 grid-cols-[28px_minmax(0,1fr)_minmax(84px,auto)_72px] " +
  "md:grid-cols-[28px_minmax(110px,1fr)_130px_84px_110px_96px] " +
  "xl:grid-cols-[28px_minmax(160px,1fr)_150px_90px_120px_110px_90px_110px_110px_60px]";
export const ROW_PX = 36;

export interface MarketRowProps {
  market: Market;
  index: number;
  top: number;
  active: boolean;
  starred: boolean;
  onStar: (key: string) => void;
  onKey: (event: KeyboardEvent, index: number) => void;
  onFocus: (index: number) => void;
}

export const MarketRow = memo(function MarketRow(props: MarketRowProps): ReactNode {
  const { market, index, top, active, starred, onStar, onKey, onFocus } = props;
  const key = keyOf(market);
  const listed = quoteOf(market);
  const stale = useStalePrice(key, listed);
  const { locale } = useManner();
  const name = market.pair.toUpperCase();
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      data-pair={market.pair}
      data-stale={stale || undefined}
      className={`${GRID} absolute inset-x-0 top-0 border-b border-line text-[13px] contain-strict hover:bg-raised ${stale ? "stale" : ""}`}
      style={{ height: ROW_PX, transform: `translateY(${top}px)` }}
    >
      <div role="gridcell">
        <button
          type="button"
          tabIndex={-1}
          aria-pressed={starred}
          aria-label={`${starred ? "Take" : "Put"} ${name} ${starred ? "off" : "on"} the watchlist`}
          onClick={() => onStar(key)}
          className="flex size-7 items-center justify-center rounded text-ink-3 hover:text-accent"
        >
          <Star aria-hidden className={`size-3.5 ${starred ? "fill-current text-accent" : ""}`} />
        </button>
      </div>
      <div role="rowheader" className="flex min-w-0 items-baseline gap-2">
        <PairLink {...{ market, index, active, onKey, onFocus }} />
      </div>
      <div role="gridcell" className="num">
        <Price pair={key} listed={listed} />
      </div>
      <div role="gridcell" className="num">
        <DayChange pair={key} listed={listed} />
      </div>
      <Extras market={market} />
      <div role="gridcell" className="num max-md:hidden">
        {market.volume_24h === null ? (
          <span className="text-ink-3" title="The source does not know">
            {MISSING}
          </span>
        ) : (
          formatCompact(market.volume_24h, locale)
        )}
      </div>
      <div role="gridcell" className="num max-xl:hidden">
        <Rank facts={market.volatility} />
      </div>
      <RatingCell market={market} />
      <div
        role="gridcell"
        className="truncate text-ink-2 max-xl:hidden"
        title={`${market.source}: ${market.source_state ?? "not followed"}`}
      >
        {market.source}
      </div>
      <div role="gridcell" className="num max-xl:hidden">
        <PriceAge pair={key} listed={listed} />
      </div>
    </div>
  );
});

type LinkProps = Pick<MarketRowProps, "market" | "index" | "active" | "onKey" | "onFocus">;

/** The one stop of the row on the way of the Tab key; arrows go from row to row. */
function PairLink({ market, index, active, onKey, onFocus }: LinkProps): ReactNode {
  const asset = useAssets().get(market.base);
  const [base = "", quote = ""] = market.pair.toUpperCase().split("/");
  return (
    <>
      <Link
        to={"/markets/$base/$quote" as never}
        params={{ base: market.base, quote: market.quote } as never}
        preload={false}
        data-row={index}
        tabIndex={active ? 0 : -1}
        onKeyDown={(event) => onKey(event, index)}
        onFocus={() => onFocus(index)}
        className="font-medium whitespace-nowrap after:absolute after:inset-y-0 after:right-0 after:left-9 hover:text-accent"
      >
        {base}
        <span className="font-normal text-ink-3">/{quote}</span>
      </Link>
      <span className="truncate text-[12px] text-ink-3 max-xl:hidden">{asset?.name}</span>
    </>
  );
}

function Extras({ market }: { market: Market }): ReactNode {
  const settled = useSettled();
  const { data } = useSpark(market.base, market.quote, settled && market.price !== null);
  return (
    <div role="gridcell" className="flex items-center justify-end gap-1 max-md:hidden">
      {data === undefined ? (
        <span className="h-4 w-20 rounded bg-raised" aria-hidden />
      ) : (
        <>
          {data.short !== undefined && (
            <span className="text-[10.5px] text-ink-3" title="Too young for a day in half hours">
              {data.short}
            </span>
          )}
          <Sparkline values={data.values} width={80} label={`${market.pair.toUpperCase()}, ${data.span}`} />
        </>
      )}
    </div>
  );
}

const wide = matchMedia("(min-width: 80rem)");

function RatingCell({ market }: { market: Market }): ReactNode {
  const settled = useSettled(600);
  const { data } = useRowRating(market.base, market.quote, settled && wide.matches);
  return (
    <div role="gridcell" className="pl-4 max-xl:hidden">
      <RatingWord rating={data?.rating} />
    </div>
  );
}
