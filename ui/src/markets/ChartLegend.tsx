import { useEffect, useState, type ReactNode } from "react";
import { inkOfPage } from "@/components/chart-theme";
import type { Bar, ChartPort, Crosshair, Ink } from "@/chart/port";
import { toneOf } from "@/components/Change";
import { formatCompact, formatFixed, formatPrice, placesOfPrice } from "@/format/amounts";
import { compare, divide, multiply, subtract } from "@/format/decimal";
import { formatMinute } from "@/format/times";
import { useManner, useZone } from "@/hooks/preferences";

export interface LegendLine {
  readonly id: string;
  /** The indicator, and which of its lines; "" when it has only one. */
  readonly of: string;
  readonly name: string;
  readonly color: Ink;
}

const EVERY_MS = 250;

/** The bar and the lines under the crosshair; without one, the newest bar. */
export function ChartLegend({ chart, lines }: { chart: ChartPort; lines: readonly LegendLine[] }): ReactNode {
  const [at, setAt] = useState<Crosshair | null>(null);
  const [last, setLast] = useState<Bar | undefined>();
  const zone = useZone();
  const { locale } = useManner();
  useEffect(() => chart.onCrosshair(setAt), [chart]);
  useEffect(() => {
    const timer = setInterval(() => setLast(chart.bars().at(-1)), EVERY_MS);
    return () => clearInterval(timer);
  }, [chart]);
  const bar = at === null ? last : at.bar;
  const groups = [...new Set(lines.map((line) => line.of))];
  return (
    <div className="flex flex-col items-start gap-0.5 text-[11.5px] tabular-nums">
      <div className="flex flex-wrap gap-x-2 rounded bg-panel/85 px-1">
        {at !== null && <span className="text-ink-3">{formatMinute(at.timeMs, zone)}</span>}
        {bar === null ? (
          <span className="text-ink-3">no trades</span>
        ) : (
          bar && <BarFigures bar={bar} locale={locale} />
        )}
      </div>
      {groups.map((group) => (
        <span key={group} className="flex flex-wrap gap-x-2 rounded bg-panel/85 px-1">
          {lines
            .filter((line) => line.of === group)
            .map(({ id, name, color }, index) => (
              <span key={id} style={{ color: inkOfPage(color) }}>
                {index === 0 && `${group} `}
                {name} {figure(at?.values[id], locale)}
              </span>
            ))}
        </span>
      ))}
    </div>
  );
}

function figure(value: number | undefined, locale: string): string {
  if (value === undefined) return "";
  const text = value.toFixed(12);
  return formatFixed(text, Math.abs(value) >= 1 ? 2 : placesOfPrice(text), locale);
}

function BarFigures({ bar, locale }: { bar: Bar; locale: string }): ReactNode {
  const places = placesOfPrice(bar.close);
  const change = divide(multiply(subtract(bar.close, bar.open), "100"), bar.open, 6);
  const tone = toneOf(subtract(bar.close, bar.open));
  const figures = [
    ["O", bar.open],
    ["H", bar.high],
    ["L", bar.low],
    ["C", bar.close],
  ] as const;
  return (
    <>
      {figures.map(([name, price]) => (
        <span key={name}>
          <span className="text-ink-3">{name}</span>{" "}
          <span className={tone}>{formatPrice(price, locale, places)}</span>
        </span>
      ))}
      {change !== null && (
        <span className={tone}>
          {compare(change, "0") > 0 ? "+" : ""}
          {formatFixed(change, 2, locale)}%
        </span>
      )}
      <span className="max-sm:hidden">
        <span className="text-ink-3">Vol</span> {formatCompact(bar.volume, locale)}
      </span>
    </>
  );
}
