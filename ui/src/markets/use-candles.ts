import { useCallback, useEffect, useRef, useState } from "react";
import type { ChartPort } from "@/chart/port";
import { useTopic } from "@/hooks/live";
import { CandleLoader, readPages, SNAPSHOT_BARS, type LoadState } from "./candles";
import type { ShownInterval } from "./intervals";

const LOADING: LoadState = { at: "loading", bars: 0 };

/** Keeps a chart filled with the candles of a pair; says how far it is. */
export function useCandles(
  chart: ChartPort | null,
  base: string,
  quote: string,
  interval: ShownInterval,
): LoadState & { retry: () => void } {
  const [state, setState] = useState<LoadState>(LOADING);
  const loader = useRef<CandleLoader | null>(null);
  useEffect(() => {
    if (chart === null) return;
    const made = new CandleLoader(chart, readPages(base, quote, interval), interval, setState);
    loader.current = made;
    void made.start();
    const unwatch = chart.onVisibleRange(({ barsBefore }) => made.see(barsBefore));
    return () => {
      unwatch();
      made.end();
      loader.current = null;
    };
  }, [chart, base, quote, interval]);
  const topic = {
    channel: "candles",
    symbols: [`${base}/${quote}`],
    interval,
    limit: SNAPSHOT_BARS,
    rate_ms: 100,
  };
  useTopic(chart === null ? null : topic, (frame) => loader.current?.take(frame));
  const retry = useCallback(() => void loader.current?.start(), []);
  return { ...state, retry };
}
