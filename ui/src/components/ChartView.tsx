/**
 * A chart on the page. Its code is fetched when the first one is shown.
 *
 *     const [chart, setChart] = useState<ChartPort | null>(null);
 *     useEffect(() => chart?.setBars(bars, stepMs), [chart, bars, stepMs]);
 *     <ChartView label="BTC/USD, candles of 1 minute" onChart={setChart} className="h-96" />
 *
 * Theme and zone are followed by themselves. With the keyboard: arrows move, + and - zoom, Home shows all, End the newest.
 */
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import type { ChartPort } from "@/chart/port";
import { useManner, useZone } from "@/hooks/preferences";
import { ChartTable } from "./ChartTable";
import { registerChart } from "./chart-hook";
import { useChartTheme } from "./chart-theme";
import { Failed } from "./States";

export interface ChartViewProps {
  /** What it shows, for who cannot see it. */
  label: string;
  /** The chart when it is there; null when it is gone. Keep it in a state. */
  onChart: (chart: ChartPort | null) => void;
  /** Gives it its height. */
  className?: string;
  /** Over the chart, in its upper left corner: the legend. */
  children?: ReactNode;
  /** The name in `window.__desk.charts`. */
  name?: string;
}

const KEYS: Readonly<Record<string, (chart: ChartPort) => void>> = {
  ArrowLeft: (chart) => chart.pan(-5),
  ArrowRight: (chart) => chart.pan(5),
  "+": (chart) => chart.zoom(1.25),
  "-": (chart) => chart.zoom(0.8),
  Home: (chart) => chart.fit(),
  End: (chart) => chart.toNow(),
};

export function ChartView({
  label,
  onChart,
  className = "h-80",
  children,
  name = "chart",
}: ChartViewProps): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const told = useRef(onChart);
  const zone = useZone();
  const { locale } = useManner();
  const theme = useChartTheme();
  const [chart, setChart] = useState<ChartPort | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  const first = useRef({ theme, zone, locale });
  useEffect(() => {
    told.current = onChart;
    first.current = { theme, zone, locale };
  });
  useEffect(() => {
    let made: ChartPort | null = null;
    let unregister = (): void => undefined;
    let left = false;
    setError(null);
    void import("@/chart/lightweight").then(
      ({ createChart }) => {
        if (left || place.current === null) return;
        made = createChart(place.current, first.current);
        unregister = registerChart(name, made);
        setChart(made);
        told.current(made);
      },
      (reason: unknown) => left || setError(reason),
    );
    return () => {
      left = true;
      unregister();
      if (made === null) return;
      setChart(null);
      told.current(null);
      made.destroy();
    };
  }, [attempt, name]);
  useEffect(() => chart?.setTheme(theme), [chart, theme]);
  useEffect(() => chart?.setZone(zone), [chart, zone]);

  const press = (event: KeyboardEvent): void => {
    const act = KEYS[event.key];
    if (act === undefined || chart === null || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act(chart);
  };
  return (
    <div className={`relative isolate min-w-0 ${className}`}>
      <div
        ref={place}
        role="group"
        aria-roledescription="chart"
        aria-label={`${label}. Arrow keys move, plus and minus zoom.`}
        tabIndex={0}
        onKeyDown={press}
        data-testid={`chart-${name}`}
        className="absolute inset-0 overflow-hidden"
      />
      {chart === null && error === null && (
        <div
          role="status"
          aria-label="Loading the chart"
          className="absolute inset-3 animate-pulse rounded bg-raised"
        />
      )}
      {error !== null && <Failed error={error} onRetry={() => setAttempt((before) => before + 1)} />}
      {chart !== null && children !== undefined && (
        <div className="pointer-events-none absolute top-1.5 left-2 z-10 max-w-[calc(100%-80px)] text-[12px]">
          {children}
        </div>
      )}
      <a
        href="https://www.tradingview.com/"
        target="_blank"
        rel="noopener noreferrer"
        className="absolute bottom-8 left-2 z-10 rounded bg-panel px-1 text-[10.5px] text-ink-3 hover:text-ink hover:underline"
      >
        Charts by TradingView
      </a>
      {chart !== null && <ChartTable chart={chart} label={label} />}
    </div>
  );
}
