/** The candles of a pair with everything that can be laid over them. What is chosen is in the address. */
import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { BellPlus } from "lucide-react";
import { useEffect, useMemo, useState, type ReactNode } from "react";
import type { ChartPort, Marker, PriceLine, Scale } from "@/chart/port";
import { Button } from "@/components/Button";
import { ChartView } from "@/components/ChartView";
import { Panel } from "@/components/Panel";
import { Empty, Failed, Stale } from "@/components/States";
import { asProblem } from "@/api/problems";
import { ZoneNote } from "@/components/Time";
import { formatPrice } from "@/format/amounts";
import { useCondition } from "@/hooks/live";
import { useManner } from "@/hooks/preferences";
import { useSetSearch, type Search } from "@/hooks/url-state";
import { ChartLegend } from "./ChartLegend";
import { ChartExtras, ChartTools } from "./ChartTools";
import { COMPARED, COMPARED_INK, useCompared } from "./compare";
import { liesOnPrice, splitNames, useIndicators } from "./indicators";
import { readInterval, type Range } from "./intervals";
import { allMarkets, keyOf } from "./listing";
import { useCandles } from "./use-candles";

export const FIRST_INDICATORS = "ema(20)";

export interface PairChartProps {
  base: string;
  quote: string;
  /** As it is written: btc/usd. */
  pair: string;
  /** What the reader bought and sold. */
  markers: readonly Marker[];
  /** The reader's alerts, by price. */
  alerts: readonly PriceLine[];
  /** Signed in: alerts can be made. */
  mayAlert: boolean;
}

export function PairChart({ base, quote, pair, markers, alerts, mayAlert }: PairChartProps): ReactNode {
  const search: Search = useSearch({ strict: false });
  const change = useSetSearch();
  const [chart, setChart] = useState<ChartPort | null>(null);
  const [clicked, setClicked] = useState<string | null>(null);
  const interval = readInterval(search["interval"]);
  const names = search["ind"] ?? FIRST_INDICATORS;
  const compared = search["vs"] ?? "";
  const volume = search["volume"] !== "0";
  const scale: Scale =
    compared !== ""
      ? "percent"
      : search["scale"] === "log" || search["scale"] === "percent"
        ? search["scale"]
        : "normal";
  const loaded = useCandles(chart, base, quote, interval);
  const chosen = splitNames(names === "none" ? "" : names);
  // In percent every line counts from its own beginning: an average would lie elsewhere than it is.
  const shown = scale === "percent" ? chosen.filter((name) => !liesOnPrice(name)) : chosen;
  const indicators = useIndicators(chart, { base, quote, interval }, shown.join(","), loaded.bars);
  const { data: markets } = useQuery(allMarkets);
  const other = markets?.find((market) => keyOf(market) === compared);
  const comparedName = (other?.pair ?? compared).toUpperCase();
  const compareError = useCompared(chart, compared, interval, comparedName);
  const range = useRange(chart, loaded.at === "ready", interval);
  useEffect(() => chart?.setScale(scale), [chart, scale]);
  useEffect(() => chart?.setVolume(volume), [chart, volume]);
  useEffect(() => chart?.setMarkers(markers), [chart, markers]);
  useEffect(() => chart?.setPriceLines("alerts", alerts), [chart, alerts]);
  useEffect(() => chart?.onClick(setClicked), [chart]);
  useEffect(() => setClicked(null), [base, quote]);
  const lines = useMemo(() => {
    const drawn = indicators.lines.map(({ id, request, column, style }) => ({
      id,
      of: request,
      name: request.startsWith(column) ? "" : column,
      color: style.color,
    }));
    return compared === ""
      ? drawn
      : [...drawn, { id: COMPARED, of: comparedName, name: "", color: COMPARED_INK }];
  }, [indicators.lines, compared, comparedName]);
  const condition = useCondition();
  const trouble = indicators.error ?? compareError ?? (loaded.at === "ready" ? (loaded.error ?? null) : null);
  const choose = (to: Range): void => {
    range.want(to);
    change({ interval: to.interval });
  };
  return (
    <Panel
      title="Chart"
      note={
        <>
          <ZoneNote />
          {shown.length < chosen.length && " · averages and bands are not drawn in percent"}
        </>
      }
      actions={
        <>
          {condition === "stale" && <Stale>Not live: these candles are from before</Stale>}
          <ChartExtras {...{ chart, pair, interval, names, compared, volume, change }} />
        </>
      }
    >
      <ChartTools {...{ interval, scale, change }} onRange={choose} />
      {trouble !== null && trouble !== undefined && (
        <p role="alert" className="px-3 pt-2 text-[12px] text-danger">
          {asProblem(trouble).title}: {asProblem(trouble).detail}
        </p>
      )}
      <div className={`relative ${condition === "stale" ? "stale" : ""}`}>
        <ChartView
          label={`${pair.toUpperCase()}, candles of ${interval}`}
          name="pair"
          onChart={setChart}
          className="h-[420px] md:h-[560px]"
        >
          {chart !== null && <ChartLegend chart={chart} lines={lines} />}
        </ChartView>
        <Cover loaded={loaded} />
      </div>
      {mayAlert && <AlertAt of={`${base}/${quote}`} price={clicked} />}
    </Panel>
  );
}

/** What stands in front of a chart without bars. */
function Cover({ loaded }: { loaded: ReturnType<typeof useCandles> }): ReactNode {
  if (loaded.at === "failed") {
    return (
      <div className="absolute inset-x-0 top-8 z-20">
        <Failed error={loaded.error} onRetry={loaded.retry} />
      </div>
    );
  }
  if (loaded.at === "loading" || loaded.bars > 0) return null;
  return (
    <div className="absolute inset-x-0 top-16 z-20">
      <Empty title="No candles of this length yet">
        Try a shorter interval: candles are made from trades as they come, and history is fetched as a job.
      </Empty>
    </div>
  );
}

function AlertAt({ of, price }: { of: string; price: string | null }): ReactNode {
  const { locale } = useManner();
  const search = {
    subject: "price",
    of,
    comparison: "crosses",
    ...(price === null ? {} : { threshold: price }),
  };
  return (
    <div className="flex flex-wrap items-center gap-2 border-t border-line px-3 py-1.5 text-[12px] text-ink-2">
      {price === null ? "Click on the chart to pick a price." : `Picked ${formatPrice(price, locale)}.`}
      <Link to={"/alerts" as never} search={search as never} className="ml-auto">
        <Button small tabIndex={-1} icon={<BellPlus aria-hidden className="size-3.5" />}>
          {price === null ? "Add an alert" : "Add an alert at this price"}
        </Button>
      </Link>
    </div>
  );
}

/** A range is shown when its candles have come. */
function useRange(
  chart: ChartPort | null,
  ready: boolean,
  interval: string,
): { want: (range: Range) => void } {
  const [wanted, want] = useState<Range | null>(null);
  useEffect(() => {
    const last = chart?.bars().at(-1);
    if (wanted === null || !ready || chart === null || last === undefined || wanted.interval !== interval)
      return;
    want(null);
    if (wanted.ms === null) chart.fit();
    else chart.setVisibleRange(last.timeMs - wanted.ms, last.timeMs);
  }, [wanted, chart, ready, interval]);
  return { want };
}
