/** All pairs that have a price, as the service lists them, and how the reader wants to see them. */
import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { compare } from "@/format/decimal";
import type { Quote } from "./prices";

export type Market = Schemas["MarketView"];

export const keyOf = (market: Pick<Market, "base" | "quote">): string => `${market.base}/${market.quote}`;

async function listAll(signal: AbortSignal): Promise<Market[]> {
  const rows: Market[] = [];
  let cursor: string | undefined;
  do {
    const query = { limit: 1000, ...(cursor === undefined ? {} : { cursor }) };
    const said = await answer(api.GET("/api/v1/markets", { params: { query }, signal }));
    // Lists can also be had as files, so the type says that the answer may be one.
    const page = said as unknown as Schemas["Page_MarketView_"];
    rows.push(...page.data);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return rows;
}

export const allMarkets = queryOptions({
  queryKey: ["markets", "all"],
  queryFn: ({ signal }) => listAll(signal),
  refetchInterval: 15_000,
  placeholderData: keepPreviousData,
});

export const volatility = queryOptions({
  queryKey: ["markets", "volatility"],
  queryFn: () =>
    answer(api.GET("/api/v1/markets/volatility", { params: { query: { window: "24h", limit: 100 } } })),
  refetchInterval: 30_000,
});

export function useMarket(base: string, quote: string) {
  return useQuery({
    queryKey: ["markets", "pair", base, quote],
    queryFn: async () => {
      const params = { path: { base, quote } };
      const market = await answer(api.GET("/api/v1/markets/{base}/{quote}", { params }));
      return market as unknown as Schemas["MarketDetailView"];
    },
    refetchInterval: 10_000,
  });
}

export function quoteOf(market: Market): Quote {
  const { price, change_24h: change24h, source, at, stale, simulated } = market;
  return { price, change24h, source, atMs: Date.parse(at), stale, simulated };
}

export const SORTS = ["pair", "price", "change", "volume", "rank", "source", "age"] as const;
export type SortBy = (typeof SORTS)[number];

export interface Filters {
  readonly search: string;
  readonly quote: string;
  readonly source: string;
  readonly stale: boolean;
  /** Only these, by key; null: all. */
  readonly among: ReadonlySet<string> | null;
  readonly sort: SortBy;
  readonly descending: boolean;
}

const VALUES: Readonly<Record<SortBy, (market: Market) => string | null>> = {
  pair: (market) => market.pair,
  price: (market) => market.price,
  change: (market) => market.change_24h,
  volume: (market) => market.volume_24h,
  rank: (market) => (market.volatility.rank === null ? null : String(market.volatility.rank)),
  source: (market) => market.source,
  age: (market) => String(market.age_ms),
};

/** What is not known comes last in either direction: it is neither least nor most. */
export function arrange(markets: readonly Market[], filters: Filters): Market[] {
  const { search, quote, source, stale, among, sort, descending } = filters;
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = markets.filter(
    (market) =>
      (quote === "" || market.quote === quote) &&
      (source === "" || market.source === source) &&
      (!stale || market.stale) &&
      (among === null || among.has(keyOf(market))) &&
      words.every((word) => market.pair.includes(word) || market.base.includes(word)),
  );
  const valueOf = VALUES[sort];
  const order = sort === "pair" || sort === "source" ? (a: string, b: string) => a.localeCompare(b) : compare;
  return chosen.sort((a, b) => {
    const [left, right] = [valueOf(a), valueOf(b)];
    if (left === null || right === null)
      return Number(left === null) - Number(right === null) || byPair(a, b);
    return (descending ? -1 : 1) * order(left, right) || byPair(a, b);
  });
}

const byPair = (a: Market, b: Market): number => a.pair.localeCompare(b.pair);

export function useArranged(markets: readonly Market[], filters: Filters): Market[] {
  return useMemo(() => arrange(markets, filters), [markets, filters]);
}
