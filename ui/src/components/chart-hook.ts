/** What a test can ask of the charts on the page: a canvas cannot be read. */
import type { ChartPort, ChartStats } from "@/chart/port";

interface Desk {
  charts: Record<string, { stats(): ChartStats }>;
}

export function registerChart(name: string, chart: ChartPort): () => void {
  const page = window as unknown as { __desk?: Desk };
  const desk = (page.__desk ??= { charts: {} });
  desk.charts ??= {};
  const hook = { stats: () => chart.stats() };
  desk.charts[name] = hook;
  return () => {
    if (desk.charts[name] === hook) delete desk.charts[name];
  };
}
