/** A figure of a period: its meaning, its formula, and everything that went in. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { answer, api } from "@/api/client";
import { Change } from "@/components/Change";
import { Coin, Quantity } from "@/components/Coin";
import { PagesOf, usePages } from "@/components/Pages";
import { Answered } from "@/components/States";
import { Time } from "@/components/Time";
import { INCOMES } from "@/api/kinds";
import { signOf } from "@/format/decimal";
import { Entries } from "./Entries";
import type { FigureOfPeriod } from "./figures";
import { useBenchmark } from "./benchmark";
import { Inputs } from "./Inputs";
import { FigureText } from "./Money";
import { useCurrency, useDays, usePerformance, type Performance } from "./queries";
import { Part, Sum, ToTransactions } from "./Steps";
import { useRange } from "./ValuePanel";
import { Why } from "./Why";

export function FigureWhy({ figure }: { figure: FigureOfPeriod }): ReactNode {
  const [range] = useRange();
  const [benchmark] = useBenchmark();
  const performance = usePerformance(range, benchmark, { explain: true });
  return (
    <Answered query={performance}>
      {(data) => {
        const derived = figure.read(data);
        return (
          <>
            <p className="mb-3 text-[13px] text-ink-2">{figure.means}</p>
            <Sum
              parts={[
                ["Period", `${data.first_day} to ${data.last_day}`],
                ["Formula", derived?.formula ?? ""],
                [figure.name, <FigureText key="value" figure={figure} value={derived?.value} />],
              ]}
            />
            {derived?.value === null && (
              <p className="mt-2 text-[13px] text-warn">There is no figure: {derived.why_not}.</p>
            )}
            {derived?.inputs && (
              <Part title="What went in">
                <Inputs inputs={derived.inputs} />
              </Part>
            )}
            <Behind figure={figure} performance={data} />
          </>
        );
      }}
    </Answered>
  );
}

/** The transactions or days behind a figure. */
function Behind({ figure, performance }: { figure: FigureOfPeriod; performance: Performance }): ReactNode {
  const from = `${performance.first_day}T00:00:00Z`;
  if (figure.id === "realised") return <RealisedWhy from={from} />;
  if (figure.id === "income") {
    return (
      <Part title="Earned">
        <Entries query={{ from, kind: [...INCOMES] }} none="Nothing was earned in the period." />
      </Part>
    );
  }
  if (figure.id === "fees") {
    return (
      <p className="mt-3 text-[13px]">
        <ToTransactions search={{ from: performance.first_day }}>
          The transactions of the period
        </ToTransactions>
      </p>
    );
  }
  if (figure.as === "money") return null;
  return (
    <Part title="Days that moved most">
      <LargestDays />
    </Part>
  );
}

function LargestDays(): ReactNode {
  const [range] = useRange();
  const days = useDays(range);
  return (
    <Answered query={days} rows={4}>
      {(all) => (
        <ul className="divide-y divide-line rounded border border-line text-[13px]">
          {[...all]
            .filter((day) => day.ratio !== null)
            .sort((a, b) => Math.abs(Number(b.ratio)) - Math.abs(Number(a.ratio)))
            .slice(0, 12)
            .map((day) => (
              <li key={day.day} className="flex justify-between px-3 py-1.5">
                <Why of={`day.${day.day}`} label={day.day}>
                  <span className="tabular-nums">{day.day}</span>
                </Why>
                <Change value={day.ratio} as="share" />
              </li>
            ))}
        </ul>
      )}
    </Answered>
  );
}

export function FlowWhy(): ReactNode {
  const [range] = useRange();
  const currency = useCurrency();
  const days = useDays(range);
  return (
    <>
      <p className="mb-3 text-[13px] text-ink-2">
        What came in from outside less what went out, day by day. It is no result of investing.
      </p>
      <Answered query={days}>
        {(all) => (
          <ul className="divide-y divide-line rounded border border-line text-[13px]">
            {all
              .filter((day) => signOf(day.flow) !== 0)
              .reverse()
              .map((day) => (
                <li key={day.day} className="flex justify-between px-3 py-1.5">
                  <Why of={`day.${day.day}`} label={`the flow of ${day.day}`}>
                    <span className="tabular-nums">{day.day}</span>
                  </Why>
                  <Change value={day.flow} as="money" currency={currency} own />
                </li>
              ))}
            {all.every((day) => signOf(day.flow) === 0) && (
              <li className="px-3 py-2 text-ink-3">Nothing came or went in the period.</li>
            )}
          </ul>
        )}
      </Answered>
    </>
  );
}

/** Every transaction that realised a profit or a loss. */
export function RealisedWhy({ from }: { from?: string }): ReactNode {
  const pages = usePages(["portfolio", "history"], (cursor) =>
    answer(
      api.GET("/api/v1/portfolio/history", {
        params: { query: { limit: 200, ...(cursor === undefined ? {} : { cursor }) } },
      }),
    ),
  );
  const currency = useCurrency();
  return (
    <Part title="Realised by these: proceeds less average cost">
      <PagesOf query={pages} empty={<p className="text-[13px] text-ink-3">No transactions yet.</p>}>
        {(rows) => {
          const shown = rows.filter(
            (row) =>
              (from === undefined || Date.parse(row.occurred_at) >= Date.parse(from)) &&
              (row.realised_profit === null || signOf(row.realised_profit) !== 0),
          );
          if (shown.length === 0)
            return <p className="text-[13px] text-ink-3">Nothing was sold among these.</p>;
          return (
            <ul className="divide-y divide-line rounded border border-line text-[13px]">
              {shown.map((row) => (
                <li key={row.id} className="flex flex-wrap items-baseline gap-x-3 px-3 py-1.5">
                  <Link
                    to={"/transactions" as never}
                    search={{ tx: row.id } as never}
                    className="text-accent underline underline-offset-2"
                  >
                    <Time at={row.occurred_at} to="day" />
                  </Link>
                  <span className="text-ink-2">
                    {row.legs
                      .filter((leg) => leg.wallet_id !== null && leg.quantity.startsWith("-"))
                      .map((leg, index) => (
                        <span key={index} className="mr-2">
                          <Quantity value={leg.quantity} /> <Coin id={leg.coin_id} />
                        </span>
                      ))}
                  </span>
                  <span className="ml-auto">
                    <Change
                      value={row.realised_profit}
                      as="money"
                      currency={row.realised_currency ?? currency}
                      own
                    />
                  </span>
                </li>
              ))}
            </ul>
          );
        }}
      </PagesOf>
    </Part>
  );
}
