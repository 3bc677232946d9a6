/** What the portfolio asks the service. All keys begin with "portfolio". */
import { useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { useTopic } from "@/hooks/live";
import { toFloat } from "@/format/decimal";
import { usePreferences } from "@/hooks/preferences";
import { dayOf, firstDayOf, shiftDay } from "./ranges";

export type Summary = Schemas["SummaryView"];
export type Line = Schemas["LineView"];
export type Performance = Schemas["PerformanceView"];
export type Day = Schemas["PerformanceDayView"];
export type Value = Schemas["ValueView"];
export type Allocation = Schemas["AllocationView"];
export type Held = Schemas["HoldingView"];
export type Division = Schemas["Division"];

/** Prices move all the time; what hangs on them is asked for again no more often than this. */
const MOST_OFTEN_MS = 5_000;
const SLOWLY_MS = 30_000;
const MOST_PAGES = 8;

export function useCurrency(): string {
  return usePreferences().preferences.currency;
}

/** What was shown before stays until the answer is there, but not with the name of another currency on it. */
export function ofCurrency(
  currency: string,
): <T>(before: T | undefined, query: { readonly queryKey: readonly unknown[] } | undefined) => T | undefined {
  return (before, query) => (query?.queryKey[2] === currency ? before : undefined);
}

export function useSummary(): UseQueryResult<Summary> {
  const currency = useCurrency();
  return useQuery({
    queryKey: ["portfolio", "summary", currency],
    queryFn: () => answer(api.GET("/api/v1/portfolio/summary", { params: { query: { currency } } })),
    placeholderData: ofCurrency(currency),
    refetchInterval: SLOWLY_MS,
  });
}

/** Asks for the summary again when a price of what is held has moved. */
export function useMovingPrices(symbols: readonly string[]): void {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => () => void (timer.current !== null && clearTimeout(timer.current)), []);
  const topic =
    symbols.length === 0
      ? null
      : { channel: "prices", symbols: symbols.map((symbol) => `${symbol}/usd`), rate_ms: 1000 };
  useTopic(topic, (frame) => {
    if (frame.type !== "update" || timer.current !== null) return;
    timer.current = setTimeout(() => {
      timer.current = null;
      void client.invalidateQueries({ queryKey: ["portfolio", "summary"] });
    }, MOST_OFTEN_MS);
  });
}

export interface Values {
  readonly lines: readonly Value[];
  readonly step: "day" | "week";
  readonly simulated: boolean;
}

async function fetchValues(currency: string, from: string | null): Promise<Values> {
  const ask = async (step: "day" | "week"): Promise<Schemas["ValuePage"]> =>
    (await answer(
      api.GET("/api/v1/portfolio/value", {
        params: { query: { currency, from, interval: step, limit: 1000 } },
      }),
    )) as Schemas["ValuePage"];
  const days = await ask("day");
  // A thousand days are as many as a line has pixels: a longer life is drawn by weeks.
  if (days.next_cursor === null) return { lines: days.data, step: "day", simulated: days.simulated };
  const weeks = await ask("week");
  return { lines: weeks.data, step: "week", simulated: weeks.simulated };
}

export function useValues(range: string): UseQueryResult<Values> {
  const currency = useCurrency();
  const from = firstDayOf(range);
  return useQuery({
    queryKey: ["portfolio", "value", currency, from],
    queryFn: () => fetchValues(currency, from),
    placeholderData: ofCurrency(currency),
    refetchInterval: SLOWLY_MS,
  });
}

export function usePerformance(
  range: string,
  benchmark: string,
  { explain = false, enabled = true }: { explain?: boolean; enabled?: boolean } = {},
): UseQueryResult<Performance> {
  const currency = useCurrency();
  const from = firstDayOf(range);
  return useQuery({
    queryKey: ["portfolio", "performance", currency, from, benchmark, explain],
    queryFn: () =>
      answer(
        api.GET("/api/v1/portfolio/performance", {
          params: { query: { currency, from, benchmark: benchmark || null, explain } },
        }),
      ),
    placeholderData: ofCurrency(currency),
    enabled,
    refetchInterval: SLOWLY_MS,
  });
}

async function fetchDays(currency: string, from: string | null): Promise<readonly Day[]> {
  const days: Day[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const some = (await answer(
      api.GET("/api/v1/portfolio/performance/days", {
        params: { query: { currency, from, limit: 1000, cursor } },
      }),
    )) as Schemas["PerformanceDayPage"];
    days.push(...some.data);
    cursor = some.next_cursor;
    if (cursor === null) break;
  }
  return days;
}

export function useDays(range: string): UseQueryResult<readonly Day[]> {
  const currency = useCurrency();
  const from = firstDayOf(range);
  return useQuery({
    queryKey: ["portfolio", "days", currency, from],
    queryFn: () => fetchDays(currency, from),
    placeholderData: ofCurrency(currency),
    refetchInterval: SLOWLY_MS,
  });
}

export function useAllocation(by: Division): UseQueryResult<Allocation> {
  const currency = useCurrency();
  return useQuery({
    queryKey: ["portfolio", "allocation", currency, by],
    queryFn: () => answer(api.GET("/api/v1/portfolio/allocation", { params: { query: { by, currency } } })),
    placeholderData: ofCurrency(currency),
    refetchInterval: SLOWLY_MS,
  });
}

/** What one unit of a coin became since the first day, by its closing prices; null: they do not go back that far. */
export function useBenchmarkCourse(
  coinId: string,
  firstDay: string | undefined,
): UseQueryResult<ReadonlyMap<string, number> | null> {
  const currency = useCurrency();
  return useQuery({
    queryKey: ["portfolio", "benchmark", coinId, currency, firstDay],
    enabled: coinId !== "" && firstDay !== undefined,
    staleTime: SLOWLY_MS,
    queryFn: async () => {
      const eve = shiftDay(firstDay ?? "", -1);
      const found = (await answer(
        api.GET("/api/v1/markets/{base}/{quote}/candles", {
          params: {
            path: { base: coinId, quote: currency },
            query: { interval: "1d", from: `${eve}T00:00:00Z`, limit: 1000 },
          },
        }),
      )) as Schemas["CandlesView"];
      const closes = new Map(found.candles.map(({ time_ms: at, close }) => [dayOf(at), toFloat(close)]));
      const before = closes.get(eve) ?? closes.get(firstDay ?? "");
      if (before === undefined || before === 0) return null;
      return new Map([...closes].map(([day, close]) => [day, close / before - 1]));
    },
  });
}

/** Of one coin, wallet by wallet, at what it cost. */
export function useHeld(coinId: string): UseQueryResult<readonly Held[]> {
  return useQuery({
    queryKey: ["portfolio", "held", coinId],
    queryFn: async () =>
      (await answer(api.GET("/api/v1/holdings", { params: { query: { coin_id: coinId, limit: 1000 } } })))
        .data,
  });
}

/** What each coin was worth on the evening before a day and on its own. */
export function useTwoDays(from: string, to: string): UseQueryResult<readonly Value[]> {
  const currency = useCurrency();
  return useQuery({
    queryKey: ["portfolio", "two-days", currency, from, to],
    queryFn: async () => {
      const page = (await answer(
        api.GET("/api/v1/portfolio/value", {
          params: { query: { currency, from, to, by: "asset", limit: 1000 } },
        }),
      )) as Schemas["ValuePage"];
      return page.data;
    },
  });
}
