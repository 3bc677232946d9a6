/** The bars of the price behind the market, with what one has there: entry, liquidation, orders, fills. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { ToldBars } from "@/chart/bars";
import type { Bar, ChartPort, Marker, PriceLine } from "@/chart/port";
import { ChartView } from "@/components/ChartView";
import { Failed, Stale } from "@/components/States";
import { formatQuantity } from "@/format/amounts";
import { nameOfZone } from "@/format/times";
import { useCondition, useTopic } from "@/hooks/live";
import { useManner, useZone } from "@/hooks/preferences";
import { useUrlState } from "@/hooks/url-state";
import { useFills } from "./histories";
import type { Instrument } from "./market";
import type { Order, Position } from "./own";
import { TYPE_NAMES } from "./ticket";
import { useOrders, usePositions } from "./use-own";

const INTERVALS = {
  "1m": 60_000,
  "5m": 300_000,
  "15m": 900_000,
  "1h": 3_600_000,
  "4h": 14_400_000,
  "1d": 86_400_000,
};
type Interval = keyof typeof INTERVALS;
type Candle = Schemas["CandleView"];
type Candles = Schemas["CandlesView"];

const barOf = (candle: Candle): Bar => ({ ...candle, timeMs: candle.time_ms });

/** Bars of base and settlement asset; where nobody prices that pair, of the base in dollars. */
function useBars(instrument: Instrument, interval: Interval) {
  const { base, settle } = instrument;
  const priced = useQuery({
    queryKey: ["trading", "index", base, settle],
    queryFn: async () => {
      const asked = answer(api.GET("/api/v1/markets", { params: { query: { base, limit: 100 } } }));
      const pairs = ((await asked) as Schemas["Page_MarketView_"]).data;
      const found = [settle, "usd"].find((quote) => pairs.some((pair) => pair.quote === quote));
      return found ?? pairs[0]?.quote ?? settle;
    },
    staleTime: Infinity,
  });
  const quote = priced.data;
  const bars = useQuery({
    queryKey: ["trading", "candles", base, quote, interval],
    queryFn: async () => {
      const params = { path: { base, quote: quote ?? "usd" }, query: { interval, limit: 500 } };
      const askedMs = performance.now();
      const read = await answer(api.GET("/api/v1/markets/{base}/{quote}/candles", { params }));
      return { ...(read as Candles), askedMs };
    },
    enabled: quote !== undefined,
    staleTime: 60_000,
    refetchOnWindowFocus: false,
  });
  return priced.error === null ? bars : { ...bars, error: priced.error, refetch: priced.refetch };
}

export function TradeChart({ instrument }: { instrument: Instrument }): ReactNode {
  const [chosen, choose] = useUrlState("interval", "1m");
  const interval: Interval = chosen in INTERVALS ? (chosen as Interval) : "1m";
  const [chart, setChart] = useState<ChartPort | null>(null);
  const query = useBars(instrument, interval);
  const { data } = query;
  const live = useCondition() === "live";
  const zone = useZone();
  const pair = data?.pair;
  // eslint-disable-next-line react-hooks/exhaustive-deps -- what was told is of one series
  const told = useMemo(() => new ToldBars(), [pair, interval]);
  useEffect(() => {
    if (chart === null || data === undefined) return;
    chart.setBars(told.over(data.candles.map(barOf), data.askedMs), INTERVALS[interval]);
  }, [chart, data, told, interval]);
  // After a hole in the stream the window is fetched again: a gap is never drawn over.
  const { refetch } = query;
  useEffect(() => {
    if (live) void refetch();
  }, [live, refetch]);
  const topic = data === undefined ? null : { channel: "candles", symbols: [data.pair], interval, limit: 2 };
  useTopic(topic, (frame) => {
    if (data?.interval !== interval) return;
    for (const bar of ((frame["candles"] as readonly Candle[] | undefined) ?? []).map(barOf)) {
      told.take(bar, performance.now());
      chart?.updateBar(bar);
    }
  });
  useOwnLines(chart, instrument, data !== undefined);
  const shown = pair?.toUpperCase();
  return (
    <section aria-label="Chart" className="flex h-full min-h-0 flex-col">
      <header className="flex flex-wrap items-center gap-x-2 gap-y-1 border-b border-line px-2 py-1">
        <div role="group" aria-label="Interval" className="flex gap-0.5">
          {Object.keys(INTERVALS).map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={each === interval}
              onClick={() => choose(each)}
              className={`min-h-6 rounded px-1.5 text-[12px] ${each === interval ? "bg-accent-soft text-accent" : "text-ink-2 hover:bg-raised"}`}
            >
              {each}
            </button>
          ))}
        </div>
        {!live && <Stale>From before</Stale>}
        <span
          className="ml-auto text-[11.5px] text-ink-3"
          title="Index bars: the price that the mark follows, not the trades here"
        >
          {shown === undefined ? "" : `Index ${shown} · `}
          {nameOfZone(zone)}
        </span>
      </header>
      <div className="min-h-0 flex-1">
        {query.error !== null && data === undefined ? (
          <Failed error={query.error} onRetry={() => void query.refetch()} />
        ) : (
          <ChartView
            name="trade"
            label={`${instrument.symbol}: ${shown ?? ""} index, candles of ${interval}`}
            onChart={setChart}
            className={`h-full ${live ? "" : "stale"}`}
          />
        )}
      </div>
    </section>
  );
}

/** Lines and markers of one's own. */
function useOwnLines(chart: ChartPort | null, instrument: Instrument, ready: boolean): void {
  const positions = usePositions();
  const orders = useOrders();
  const fills = useFills(instrument.symbol).data;
  const { locale, privacy } = useManner();
  const { symbol } = instrument;
  const own = positions?.filter((each) => each.symbol === symbol) ?? [];
  // What is drawn does not change with the mark: only then are the lines set anew.
  const key = JSON.stringify(
    own.map((each) => [each.side, each.quantity, each.entry_price, each.liquidation_price]),
  );
  useEffect(() => {
    if (chart !== null)
      chart.setPriceLines(
        "positions",
        own.flatMap((each) => linesOf(each, locale, privacy)),
      );
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` is what `own` draws
  }, [chart, key, locale, privacy]);
  useEffect(() => {
    if (chart === null || orders === undefined) return;
    chart.setPriceLines(
      "orders",
      orders.filter((each) => each.symbol === symbol).flatMap((each) => lineOf(each, locale)),
    );
  }, [chart, orders, symbol, locale]);
  const markers = useMemo<readonly Marker[]>(
    () =>
      (fills ?? []).map((fill) => ({
        timeMs: Date.parse(fill.at),
        side: fill.side,
        text: privacy ? "" : formatQuantity(fill.quantity, locale),
      })),
    [fills, locale, privacy],
  );
  useEffect(() => {
    if (chart !== null && ready) chart.setMarkers(markers);
  }, [chart, markers, ready]);
}

function linesOf(position: Position, locale: string, privacy: boolean): PriceLine[] {
  const size = privacy ? "" : ` ${formatQuantity(position.quantity, locale)}`;
  const lines: PriceLine[] = [
    {
      price: position.entry_price,
      color: "ink-2",
      title: `${position.side === "long" ? "Long" : "Short"}${size}`,
    },
  ];
  if (position.liquidation_price !== null) {
    lines.push({ price: position.liquidation_price, color: "danger", title: "Liquidation", solid: true });
  }
  return lines;
}

function lineOf(order: Order, locale: string): PriceLine[] {
  const price = order.status === "waiting" ? order.trigger_price : order.price;
  if (price === null) return [];
  const kind = order.type === "limit" ? "" : ` ${TYPE_NAMES[order.type].toLowerCase()}`;
  const title = `${order.side === "buy" ? "Buy" : "Sell"} ${formatQuantity(order.quantity, locale)}${kind}`;
  return [{ price, color: order.side === "buy" ? "up" : "down", title }];
}
