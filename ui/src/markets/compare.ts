import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import type { ChartPort } from "@/chart/port";
import { readPages } from "./candles";
import { STEP_MS, type ShownInterval } from "./intervals";

export const COMPARED = "compare";
export const COMPARED_INK = "#9b8cf2";

/** Another pair's closes as a line; only in percent do two prices share an axis. */
export function useCompared(chart: ChartPort | null, key: string, interval: ShownInterval, title: string) {
  const [base = "", quote = ""] = key.split("/");
  const query = useQuery({
    queryKey: ["markets", "compare", base, quote, interval],
    queryFn: ({ signal }) => readPages(base, quote, interval)(null, signal),
    enabled: key !== "",
    refetchInterval: Math.min(STEP_MS[interval], 60_000) / 2,
  });
  const data = key === "" ? undefined : query.data;
  useEffect(() => {
    if (chart === null || data === undefined) return;
    const points = data.candles.map(({ time_ms, close }) => ({ timeMs: time_ms, value: Number(close) }));
    chart.setOverlay(COMPARED, points, {
      kind: "line",
      color: COMPARED_INK,
      title,
      width: 2,
      lastValue: true,
    });
  }, [chart, data, title]);
  useEffect(() => {
    if (chart === null || key === "") return;
    return () => chart.removeOverlay(COMPARED);
  }, [chart, key]);
  return query.error;
}
