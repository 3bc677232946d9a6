/** How much of a year rests on known facts, what is missing, and where it can be mended. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Badge } from "@/components/Badge";
import { Panel } from "@/components/Panel";
import { Answered, Empty } from "@/components/States";
import { Time } from "@/components/Time";
import { formatShare } from "@/format/amounts";
import { toFloat } from "@/format/decimal";
import { useManner } from "@/hooks/preferences";
import { useDoubts, useNewestRun } from "./queries";
import { stateOf, type Run } from "./words";

const LINK = "text-accent underline decoration-dotted underline-offset-4";

/** Of the inbox, what can make a report wrong. */
const TELLING: readonly (readonly [string, string])[] = [
  ["missing-history", "more sold than was ever recorded"],
  ["missing-price", "no known worth on a day"],
  ["unmatched-transfer", "maybe transfers between own wallets"],
  ["possible-duplicate", "maybe recorded twice"],
  ["suspicious-price", "a worth far from the price of its day"],
  ["negative-balance", "a wallet had too little"],
];

export function Completeness({ jurisdiction, year }: { jurisdiction: string; year: number }): ReactNode {
  const newest = useNewestRun(jurisdiction, year);
  return (
    <Panel title="Completeness" note="Before you rely on a figure">
      <Answered
        query={newest}
        rows={3}
        empty={{
          when: ({ data }) => data.length === 0,
          show: (
            <Empty title={`No report of ${year} yet`}>
              How complete the year is shows once it has been computed. That changes nothing in the books.
            </Empty>
          ),
        }}
      >
        {({ data }) => data[0] !== undefined && <OfRun run={data[0]} />}
      </Answered>
      <Doubts />
    </Panel>
  );
}

function OfRun({ run }: { run: Run }): ReactNode {
  const [name, tone] = stateOf(run);
  return (
    <div className="flex flex-col gap-2 p-3 text-[13px]">
      <div className="flex flex-wrap items-center gap-2">
        <Score score={run.completeness.score} />
        <Badge tone={tone}>{name}</Badge>
        <Link
          to={"/tax/runs/$runId" as never}
          params={{ runId: run.id } as never}
          search={(run.draft ? { tab: "gaps" } : {}) as never}
          className={LINK}
        >
          {run.draft ? "See what is missing" : "Open the report"}
        </Link>
        <span className="text-[12px] text-ink-3">
          computed <Time at={run.created_at} />
        </span>
      </div>
      <Gaps run={run} />
    </div>
  );
}

export function Score({ score }: { score: string }): ReactNode {
  const { locale } = useManner();
  const share = formatShare(score, { places: 1, locale });
  const full = toFloat(score) >= 1;
  return (
    <span
      className="flex max-w-80 min-w-40 flex-1 items-center gap-2"
      title="Share of disposals and incomes that rest on known facts"
    >
      <span
        role="meter"
        aria-label="Completeness"
        aria-valuemin={0}
        aria-valuemax={1}
        aria-valuenow={toFloat(score)}
        aria-valuetext={share}
        className="h-2 min-w-20 flex-1 overflow-hidden rounded bg-raised"
      >
        <span
          className={`block h-full ${full ? "bg-up" : "bg-warn"}`}
          style={{ width: `${toFloat(score) * 100}%` }}
        />
      </span>
      <span className="font-semibold tabular-nums">{share}</span>
    </span>
  );
}

export function Gaps({ run }: { run: Run }): ReactNode {
  const { short, unvalued, counted } = run.completeness;
  if (counted === 0) return <p className="text-ink-2">The year has no disposals and no incomes.</p>;
  if (short === 0 && unvalued === 0) {
    return (
      <p className="text-ink-2">
        {counted === 1 ? "The one disposal or income rests" : `All ${counted} disposals and incomes rest`} on
        known facts.
      </p>
    );
  }
  return (
    <ul className="flex list-disc flex-col gap-1 pl-5 text-ink-2">
      {short > 0 && (
        <li>
          {short} of {counted} without a known purchase:{" "}
          <Link to={"/data-quality" as never} search={{ kind: "missing-history" } as never} className={LINK}>
            record what was there before
          </Link>
        </li>
      )}
      {unvalued > 0 && (
        <li>
          {unvalued} of {counted} without a known worth:{" "}
          <Link to={"/data-quality" as never} search={{ kind: "missing-price" } as never} className={LINK}>
            say what it was worth
          </Link>
        </li>
      )}
    </ul>
  );
}

function Doubts(): ReactNode {
  const { data } = useDoubts();
  const open = TELLING.filter(([kind]) => (data?.[kind] ?? 0) > 0);
  if (data === undefined || open.length === 0) return null;
  return (
    <div className="border-t border-line p-3 text-[13px]">
      <p className="text-ink-2">In doubt in the books, of all years:</p>
      <ul className="mt-1 flex list-disc flex-col gap-1 pl-5">
        {open.map(([kind, said]) => (
          <li key={kind}>
            <Link to={"/data-quality" as never} search={{ kind } as never} className={LINK}>
              {said} ({data[kind]})
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
