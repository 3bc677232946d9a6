import { Link } from "@tanstack/react-router";
import { Star } from "lucide-react";
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { IconButton } from "@/components/Button";
import { useAssets } from "@/components/Coin";
import { formatCompact, MISSING } from "@/format/amounts";
import { useCondition } from "@/hooks/live";
import { useManner } from "@/hooks/preferences";
import { keyOf, quoteOf } from "./listing";
import { DayChange, Price, PriceAge, useStalePrice, useWantedPrices } from "./Price";
import { Rank, RankName } from "./Rank";
import { RatingWord, type Rating } from "./RatingWord";
import { FIRST_LIST, useWatchlists } from "./views";

type Market = Schemas["MarketDetailView"];

/** What the pair is worth now, and what one has to know to believe it. */
export function PairHeader({ market, rating }: { market: Market; rating: Rating | undefined }): ReactNode {
  const key = keyOf(market);
  const listed = quoteOf(market);
  const { locale } = useManner();
  const stale = useStalePrice(key, listed);
  const away = useCondition() === "stale";
  useWantedPrices([key]);
  const facts: readonly (readonly [name: ReactNode, value: ReactNode])[] = [
    ["24 h", <DayChange pair={key} listed={listed} />],
    ["Volume 24 h", <Volume value={market.volume_24h} quote={market.quote} locale={locale} />],
    [<RankName>Volatility rank</RankName>, <Rank facts={market.volatility} />],
    ["Rating 1h", <RatingWord rating={rating} />],
    ["Source", <Source market={market} />],
    ["Age", <PriceAge pair={key} listed={listed} />],
  ];
  return (
    <div className="panel flex flex-wrap items-center gap-x-6 gap-y-2 px-3 py-2">
      <div className={`flex flex-col ${stale || away ? "stale" : ""}`}>
        <span className="text-[12px] text-ink-2">Price</span>
        <span className="text-[22px] leading-tight font-semibold" data-testid="pair-price">
          <Price pair={key} listed={listed} />
        </span>
      </div>
      <dl className="flex flex-1 flex-wrap gap-x-6 gap-y-2">
        {facts.map(([name, value], index) => (
          <div key={index} className="flex flex-col">
            <dt className="text-[12px] text-ink-2">{name}</dt>
            <dd className="text-[13px] font-medium tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
      {stale && (
        <Badge tone="warn" title="The source has not told a new price for longer than it should">
          Stale: the last good price
        </Badge>
      )}
      {market.flags.length > 0 && (
        <Badge tone="warn" title={market.flags.map(({ kind }) => kind).join(", ")}>
          Doubted
        </Badge>
      )}
    </div>
  );
}

function Volume({
  value,
  quote,
  locale,
}: {
  value: string | null;
  quote: string;
  locale: string;
}): ReactNode {
  if (value !== null) return `${formatCompact(value, locale)} ${quote.toUpperCase()}`;
  return <span title="The source does not know">{MISSING}</span>;
}

function Source({ market }: { market: Market }): ReactNode {
  const others = market.sources.filter((source) => source !== market.source);
  const title = others.length === 0 ? "No other source prices it" : `Also priced by ${others.join(", ")}`;
  return (
    <span title={title}>
      {market.source}
      {market.source_state !== null && market.source_state !== "live" && (
        <span className="text-warn"> ({market.source_state})</span>
      )}
    </span>
  );
}

export function PairActions({
  market,
  instrument,
}: {
  market: Market;
  instrument: string | undefined;
}): ReactNode {
  const lists = useWatchlists();
  const key = keyOf(market);
  const on = lists.keysOf(FIRST_LIST).has(key);
  return (
    <>
      <IconButton
        label={on ? "Take off the watchlist" : "Put on the watchlist"}
        aria-pressed={on}
        onClick={() => lists.toggle(FIRST_LIST, key)}
      >
        <Star aria-hidden className={`size-4 ${on ? "fill-current text-accent" : ""}`} />
      </IconButton>
      {instrument !== undefined && (
        <Link
          to={"/trade/$symbol" as never}
          params={{ symbol: instrument } as never}
          className="inline-flex min-h-8 items-center rounded border border-accent bg-accent px-3 text-[13px] font-medium text-accent-ink hover:opacity-90"
        >
          Trade {instrument}
        </Link>
      )}
    </>
  );
}

/** Bitcoin in US dollars, as far as the assets have names. */
export function usePairTitle(market: Pick<Market, "base" | "quote">): string {
  const assets = useAssets();
  return `${assets.get(market.base)?.name ?? market.base} in ${assets.get(market.quote)?.name ?? market.quote}`;
}
