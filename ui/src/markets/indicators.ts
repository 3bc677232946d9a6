/** The server's indicators as lines of a chart. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { answer, api, type Schemas } from "@/api/client";
import type { ChartPort, Ink, OverlayStyle, Point } from "@/chart/port";
import { useTopic } from "@/hooks/live";
import { STEP_MS, type ShownInterval } from "./intervals";

export type Definition = Schemas["DefinitionView"];

export const catalogue = queryOptions({
  queryKey: ["markets", "indicators"],
  queryFn: () => answer(api.GET("/api/v1/indicators")),
  staleTime: Infinity,
});

/** These are prices, and lie over the bars; every other has a pane of its own. */
const PRICES = new Set("sma ema wma hma vwma bollinger vwap ichimoku cross fibonacci pivots".split(" "));
export const liesOnPrice = (request: string): boolean => PRICES.has(request.replace(/\(.*/, ""));

/** Not lines: the sign of a swing or of a crossing. */
const SIGNS = new Set(["cross.cross", "fibonacci.direction"]);
const COLUMNS = new Set(["macd.histogram", "ao.ao"]);
const LEVELS = new Set(["fibonacci", "pivots"]);
export const INKS: readonly Ink[] = [
  "accent",
  "warn",
  "#9b8cf2",
  "#5aa9e6",
  "#d67ab1",
  "ink-2",
  "up",
  "down",
];

/** `rsi(14),macd(12,26,9)` → each of them; a comma inside of brackets does not part. */
export function splitNames(names: string): string[] {
  return names
    .split(/,(?![^(]*\))/)
    .map((name) => name.trim())
    .filter(Boolean);
}

export interface Drawn {
  readonly id: string;
  readonly pane: string;
  readonly style: OverlayStyle;
}

/** How a column is drawn; null: it is not. */
export function drawnAs(request: string, column: string, ink: Ink, first = true): Drawn | null {
  const name = request.replace(/\(.*/, "");
  if (SIGNS.has(`${name}.${column}`)) return null;
  const onPrice = liesOnPrice(request);
  const columns = COLUMNS.has(`${name}.${column}`);
  return {
    id: `${request}.${column}`,
    pane: onPrice ? "price" : request,
    style: {
      kind: columns ? "columns" : "line",
      color: columns ? "up" : ink,
      // One label names the pane; more would hide the newest values.
      title: onPrice || !first ? "" : request,
      dashed: LEVELS.has(name),
      lastValue: !onPrice,
      ...(onPrice ? {} : { places: 2 }),
    },
  };
}

/** Some lines belong to another bar than the one that they are computed at: a cloud lies ahead. */
export function pointsOf(
  times: readonly number[],
  values: readonly (number | null)[],
  displacement: number,
  stepMs: number,
): Point[] {
  const last = times.at(-1) ?? 0;
  return values.map((value, index) => {
    const at = index + displacement;
    const known = times[at];
    const ahead = last + (at - times.length + 1) * stepMs;
    return { timeMs: known ?? (at < 0 ? (times[0] ?? 0) + at * stepMs : ahead), value };
  });
}

interface LiveCandle {
  time_ms: number;
  values: Record<string, Record<string, number | null>>;
}

const MOST_ROWS = 5_000;

/** Draws them and keeps them true. Returns what is drawn in which colour, for the legend. */
export function useIndicators(
  chart: ChartPort | null,
  pair: { base: string; quote: string; interval: ShownInterval },
  names: string,
  bars: number,
) {
  const { base, quote, interval } = pair;
  const stepMs = STEP_MS[interval];
  const limit = Math.min(MOST_ROWS, Math.max(1_000, Math.ceil(bars / 1_000) * 1_000));
  const query = useQuery({
    queryKey: ["markets", "indicator-rows", base, quote, interval, names, limit],
    queryFn: async () => {
      const params = { path: { base, quote }, query: { names, interval, limit } };
      const rows = await answer(api.GET("/api/v1/markets/{base}/{quote}/indicators", { params }));
      return rows as unknown as Schemas["IndicatorsView"];
    },
    enabled: names !== "" && bars > 0,
    staleTime: 60_000,
  });
  const data = names === "" ? undefined : query.data;
  const lines = useMemo(() => {
    let next = 0;
    return (data?.indicators ?? []).flatMap((indicator) =>
      Object.entries(indicator.columns).flatMap(([column, values], index) => {
        const drawn = drawnAs(indicator.request, column, INKS[next % INKS.length] ?? "accent", index === 0);
        if (drawn === null) return [];
        next += 1;
        return [
          {
            ...drawn,
            request: indicator.request,
            column,
            values,
            shift: indicator.displacement[column] ?? 0,
          },
        ];
      }),
    );
  }, [data]);
  useEffect(() => {
    if (chart === null || data === undefined) return;
    for (const { id, values, shift, style, pane } of lines) {
      chart.setOverlay(id, pointsOf(data.time_ms, values, shift, stepMs), style, pane);
    }
  }, [chart, data, lines, stepMs]);
  useRemoval(chart, lines);
  const topic = { channel: "indicators", symbols: [`${base}/${quote}`], names, interval, rate_ms: 500 };
  useTopic(chart === null || data === undefined ? null : topic, (frame) => {
    const candles = (frame as unknown as { candles?: readonly LiveCandle[] }).candles ?? [];
    for (const { time_ms: timeMs, values } of candles) {
      for (const { id, request, column, shift } of lines) {
        const value = values[request]?.[column];
        if (value !== undefined) chart?.updateOverlay(id, { timeMs: timeMs + shift * stepMs, value });
      }
    }
  });
  return { lines, error: query.error, refetch: query.refetch };
}

/** What is not drawn any more is taken off, and only that: lines that stay do not blink. */
function useRemoval(chart: ChartPort | null, lines: readonly { id: string }[]): void {
  const shown = useRef<{ chart: ChartPort | null; ids: string[] }>({ chart: null, ids: [] });
  useEffect(() => {
    const ids = lines.map(({ id }) => id);
    if (shown.current.chart === chart) {
      for (const id of shown.current.ids) if (!ids.includes(id)) chart?.removeOverlay(id);
    }
    shown.current = { chart, ids };
  }, [chart, lines]);
}
