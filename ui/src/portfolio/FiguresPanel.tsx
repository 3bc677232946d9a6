/** The figures of now and of the chosen period. Each opens what it was made from. */
import type { ReactNode } from "react";
import { Change } from "@/components/Change";
import { ChoiceField } from "@/components/Field";
import { useSymbol } from "@/components/Coin";
import { Figure, Panel } from "@/components/Panel";
import { Answered } from "@/components/States";
import { useOwnMoney } from "@/hooks/preferences";
import { useBenchmark } from "./benchmark";
import { MONEY_FIGURES, RETURN_FIGURES, type FigureOfPeriod } from "./figures";
import { FigureText } from "./Money";
import { useCurrency, usePerformance, type Performance, type Summary } from "./queries";
import { RANGES } from "./ranges";
import { useRange } from "./ValuePanel";
import { useWhy } from "./Why";

/** What everything is worth now. */
export function Headline({ summary }: { summary: Summary }): ReactNode {
  const currency = useCurrency();
  const money = useOwnMoney();
  const explain = useWhy();
  return (
    <div className="panel grid grid-cols-2 sm:grid-cols-3 lg:grid-cols-5">
      <Figure
        label="Value"
        value={money(summary.value)}
        note={`${currency.toUpperCase()}, latest prices`}
        onExplain={() => explain("total")}
      />
      <Figure
        label="24 h"
        value={<Change value={summary.change_24h} as="money" currency={currency} own />}
        note={<Change value={summary.change_24h_percent} as="percent" />}
        onExplain={() => explain("change")}
      />
      <Figure
        label="Cost"
        value={money(summary.cost)}
        note="of what is held, fees included"
        onExplain={() => explain("total")}
      />
      <Figure
        label="Unrealised profit"
        value={<Change value={summary.unrealised_profit} as="money" currency={currency} own />}
        note={<Change value={summary.unrealised_profit_percent} as="percent" />}
        onExplain={() => explain("total")}
      />
      <Figure
        label="Realised profit"
        value={<Change value={summary.realised_profit} as="money" currency={currency} own />}
        note="since the first transaction"
        onExplain={() => explain("realised")}
      />
    </div>
  );
}

export function PeriodPanel(): ReactNode {
  const [range] = useRange();
  const [benchmark, setBenchmark] = useBenchmark();
  const symbolOf = useSymbol();
  const performance = usePerformance(range, benchmark);
  const name = RANGES.find(({ id }) => id === range)?.label ?? range;
  const coins = ["bitcoin", "ethereum", "solana"];
  return (
    <Panel
      title={`Period ${name}`}
      note={
        performance.data && (
          <span className="tabular-nums">
            {performance.data.first_day} to {performance.data.last_day}, {performance.data.days}{" "}
            {performance.data.days === 1 ? "day" : "days"}
          </span>
        )
      }
      actions={
        <ChoiceField
          label="Benchmark"
          hideLabel
          value={benchmark}
          onChange={(event) => setBenchmark(event.target.value)}
          choices={[
            { value: "", label: "No benchmark" },
            ...coins.map((coin) => ({ value: coin, label: `Against ${symbolOf(coin)}` })),
          ]}
        />
      }
    >
      <Answered query={performance} rows={3}>
        {(data) => <Period performance={data} />}
      </Answered>
    </Panel>
  );
}

function Period({ performance }: { performance: Performance }): ReactNode {
  const money = useOwnMoney();
  const explain = useWhy();
  const { benchmark } = performance;
  return (
    <>
      <div className="grid grid-cols-2 sm:grid-cols-3 lg:grid-cols-6">
        <Figure
          label="Net deposits"
          value={money(performance.net_flow)}
          note="came in less went out"
          onExplain={() => explain("flow")}
        />
        {MONEY_FIGURES.filter(({ id, read }) => id !== "rest" || isTold(read(performance))).map((figure) => (
          <Shown key={figure.id} figure={figure} performance={performance} />
        ))}
        {RETURN_FIGURES.map((figure) => (
          <Shown key={figure.id} figure={figure} performance={performance} />
        ))}
      </div>
      {benchmark !== null && benchmark.returns === null && (
        <p className="border-t border-line px-3 py-2 text-[12px] text-warn">
          No benchmark for this period: {benchmark.why_not}.
        </p>
      )}
      <Doubts performance={performance} />
    </>
  );
}

function isTold(figure: { value: string | null } | null): boolean {
  return figure !== null && figure.value !== null && !/^-?0(\.0{0,8}\d*)?$/.test(figure.value);
}

function Shown({ figure, performance }: { figure: FigureOfPeriod; performance: Performance }): ReactNode {
  const explain = useWhy();
  const symbolOf = useSymbol();
  const derived = figure.read(performance);
  const { benchmark } = performance;
  const other =
    benchmark?.returns && figure.as !== "money"
      ? figure.read({ ...performance, returns: benchmark.returns })
      : null;
  const note =
    derived?.value === null ? (
      derived.why_not
    ) : other !== null && benchmark !== null ? (
      <>
        {symbolOf(benchmark.coin_id)}: <FigureText figure={figure} value={other.value} />
      </>
    ) : undefined;
  return (
    <div title={figure.means}>
      <Figure
        label={figure.name}
        value={<FigureText figure={figure} value={derived?.value} />}
        {...(note === undefined ? {} : { note })}
        onExplain={() => explain(`figure.${figure.id}`)}
      />
    </div>
  );
}

/** What makes the figures less sure than they look. */
function Doubts({ performance }: { performance: Performance }): ReactNode {
  const symbolOf = useSymbol();
  const { stale_days, unvalued, missing, unknown_flows } = performance;
  const doubts = [
    stale_days > 0 && `${stale_days} of ${performance.days} days use a price of an earlier day`,
    unvalued.length > 0 && `${unvalued.map(symbolOf).join(", ")} had no price and is in no sum`,
    missing.length > 0 && `of ${missing.map(symbolOf).join(", ")} more went out than was known to be there`,
    unknown_flows.length > 0 && `${unknown_flows.length} transactions moved what nobody knows the worth of`,
  ].filter((doubt) => doubt !== false);
  if (doubts.length === 0) return null;
  return (
    <p className="border-t border-line px-3 py-1.5 text-[12px] text-warn">In doubt: {doubts.join("; ")}.</p>
  );
}
