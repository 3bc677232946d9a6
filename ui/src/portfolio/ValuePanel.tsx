/** What everything was worth, day by day; or what one unit of it became, beside a benchmark. */
import { useMemo, type ReactNode } from "react";
import { useSymbol } from "@/components/Coin";
import { Download } from "@/components/Download";
import { ChoiceField } from "@/components/Field";
import { Panel } from "@/components/Panel";
import { Answered, Empty } from "@/components/States";
import { Change } from "@/components/Change";
import { formatCompact, formatMoney, HIDDEN, MISSING } from "@/format/amounts";
import { toFloat } from "@/format/decimal";
import { useManner, useOwnMoney } from "@/hooks/preferences";
import { useUrlState } from "@/hooks/url-state";
import { useBenchmark } from "./benchmark";
import type { Point } from "./line";
import {
  useBenchmarkCourse,
  useCurrency,
  useDays,
  useValues,
  type Day,
  type Value,
  type Values,
} from "./queries";
import { firstDayOf, RANGES } from "./ranges";
import { ToTransactions } from "./Steps";
import { ValueChart } from "./ValueChart";
import { useWhy } from "./Why";

/** A day that moved more than this asks to be explained. */
export const LARGE_MOVE = 0.2;

export function useRange(): [string, (range: string) => void] {
  return useUrlState("range", "3m");
}

export function RangeButtons(): ReactNode {
  const [range, setRange] = useRange();
  return (
    <div role="group" aria-label="Period" className="flex rounded border border-line">
      {RANGES.map(({ id, label }) => (
        <button
          key={id}
          type="button"
          aria-pressed={range === id}
          onClick={() => setRange(id)}
          className="min-h-6 px-2 text-[12px] text-ink-2 hover:text-ink aria-pressed:bg-accent-soft aria-pressed:text-accent"
        >
          {label}
        </button>
      ))}
    </div>
  );
}

export function ValuePanel(): ReactNode {
  const [range] = useRange();
  const [view, setView] = useUrlState("view", "value");
  const currency = useCurrency();
  const values = useValues(range);
  const days = useDays(range);
  const from = firstDayOf(range);
  return (
    <Panel
      title={view === "return" ? "Return over time" : "Value over time"}
      note={values.data?.step === "week" ? "weeks, UTC" : "days end at midnight UTC"}
      actions={
        <>
          <ChoiceField
            label="Shown"
            hideLabel
            value={view}
            onChange={(event) => setView(event.target.value)}
            choices={[
              { value: "value", label: "Value" },
              { value: "return", label: "Time-weighted return" },
            ]}
          />
          <RangeButtons />
          <Download
            path={view === "return" ? "api/v1/portfolio/performance/days" : "api/v1/portfolio/value"}
            query={{ currency, from: from ?? undefined }}
          />
        </>
      }
    >
      <Answered
        query={values}
        empty={{
          when: ({ lines }) => lines.length === 0,
          show: <Empty title="Nothing to draw yet">The line begins with the first transaction.</Empty>,
        }}
      >
        {(data) => <Lines values={data} days={days.data ?? []} view={view} />}
      </Answered>
    </Panel>
  );
}

interface LinesProps {
  values: Values;
  days: readonly Day[];
  view: string;
}

function Lines({ values, days, view }: LinesProps): ReactNode {
  const currency = useCurrency();
  const money = useOwnMoney();
  const { locale, privacy } = useManner();
  const explain = useWhy();
  const symbolOf = useSymbol();
  const byDay = useMemo(() => new Map(days.map((day) => [day.day, day])), [days]);
  const points = useMemo(
    () => (view === "return" ? returnsOf(days, values.lines) : values.lines.map(pointOf)),
    [view, days, values],
  );
  const lineOf = useMemo(() => new Map(values.lines.map((line) => [line.day, line])), [values]);
  const marked = useMemo(
    () => points.flatMap(({ day }, index) => (isLarge(byDay.get(day)) ? [index] : [])),
    [points, byDay],
  );
  const [benchmark] = useBenchmark();
  const course = useBenchmarkCourse(view === "return" ? benchmark : "", points[0]?.day);
  const second = useMemo(
    () =>
      view === "return" && course.data
        ? points.map(({ day }) => ({ day, value: course.data?.get(day) ?? null, carried: false }))
        : undefined,
    [view, points, course.data],
  );
  const axis = (value: number): string => {
    if (view === "return") return `${(value * 100).toFixed(0)}%`;
    return privacy ? HIDDEN : formatCompact(value.toFixed(6), locale).replace(/[.,]00(?=\D?$)/, "");
  };
  const reading = (index: number): { text: string; show: ReactNode } => {
    const point = points[index];
    const line = lineOf.get(point?.day ?? "");
    const day = byDay.get(point?.day ?? "");
    const value = line?.value ?? null;
    const text = `${point?.day ?? ""}: ${privacy ? HIDDEN : formatMoney(value, currency, locale)}`;
    const show = (
      <>
        <span className="tabular-nums">{point?.day}</span>
        <span className="font-medium text-ink">{money(value)}</span>
        {day && (
          <span>
            day <Change value={day.ratio} as="share" />
          </span>
        )}
        {view === "return" && day && <span>since the beginning {percentOf(point?.value ?? null)}</span>}
        {second !== undefined && (
          <span>
            {symbolOf(benchmark)} {percentOf(second[index]?.value ?? null)}
          </span>
        )}
        <Doubt line={line} />
      </>
    );
    return { text, show };
  };
  const carried = points.some((point) => point.carried);
  const holes = points.some((point) => point.value === null);
  return (
    <>
      <ValueChart
        points={points}
        {...(second === undefined ? {} : { second })}
        label={view === "return" ? "Time-weighted return over time" : "Value over time"}
        axis={axis}
        reading={reading}
        marked={marked}
        onPick={(index) => explain(`day.${points[index]?.day ?? ""}`)}
      />
      <ul className="flex flex-wrap gap-x-4 gap-y-1 border-t border-line px-3 py-1.5 text-[12px] text-ink-3">
        {second !== undefined && (
          <li className="flex items-center gap-1.5">
            <span aria-hidden className="inline-block h-0.5 w-4 bg-warn" />
            Price of {symbolOf(benchmark)}
          </li>
        )}
        {view === "return" && benchmark !== "" && course.data === null && (
          <li className="text-warn">No daily prices of {symbolOf(benchmark)} back to the first day.</li>
        )}
        <li>
          {points.length === 1 ? "One day so far: the line begins tomorrow. " : ""}Choose a day to see what it
          is made of.
        </li>
        {carried && <li>Dashed: a price of an earlier day was carried on.</li>}
        {holes && (
          <li>
            Gap: nothing that was held had a price.{" "}
            <ToTransactions search={{ tab: "valuations" }}>Say what it was worth</ToTransactions>
          </li>
        )}
        {marked.length > 0 && (
          <li>
            {marked.length === 1 ? "One day" : `${marked.length} days`} moved more than 20 % (circled):{" "}
            {marked.slice(-4).map((index) => (
              <button
                key={index}
                type="button"
                className="mr-2 text-accent underline underline-offset-2"
                onClick={() => explain(`day.${points[index]?.day ?? ""}`)}
              >
                {points[index]?.day}
              </button>
            ))}
          </li>
        )}
      </ul>
    </>
  );
}

function Doubt({ line }: { line: Value | undefined }): ReactNode {
  const symbolOf = useSymbol();
  if (line === undefined) return null;
  if (line.value === null) return <span className="text-warn">nothing held had a price</span>;
  if (line.stale) return <span className="text-warn">prices of {line.observed ?? "an earlier day"}</span>;
  if (line.unvalued.length > 0)
    return <span className="text-warn">without {line.unvalued.map(symbolOf).join(", ")}</span>;
  return null;
}

function pointOf(line: Value): Point {
  return { day: line.day, value: line.value === null ? null : toFloat(line.value), carried: line.stale };
}

function returnsOf(days: readonly Day[], lines: readonly Value[]): readonly Point[] {
  const stale = new Map(lines.map((line) => [line.day, line.stale]));
  return days.map((day) => ({
    day: day.day,
    value: toFloat(day.unit) - 1,
    carried: stale.get(day.day) ?? false,
  }));
}

function isLarge(day: Day | undefined): boolean {
  return day !== undefined && day.ratio !== null && Math.abs(toFloat(day.ratio)) > LARGE_MOVE;
}

function percentOf(value: number | null): string {
  return value === null ? MISSING : `${value >= 0 ? "+" : "−"}${Math.abs(value * 100).toFixed(2)}%`;
}
