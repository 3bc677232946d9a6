import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Hint } from "@/components/Hint";
import { MISSING } from "@/format/amounts";
import { volatility, type Market } from "./listing";

/** Names the figure; pointed at or focused, it says how it is computed. */
export function RankName({ children = "Volatility rank" }: { children?: ReactNode }): ReactNode {
  const { data } = useQuery(volatility);
  const text =
    data === undefined
      ? "1 is the most volatile pair of the last 24 hours."
      : `1 is the most volatile pair. Window ${data.window}, steps of ${data.step}. ${data.definition}`;
  return <Hint text={text}>{children}</Hint>;
}

export function Rank({ facts }: { facts: Market["volatility"] }): ReactNode {
  if (facts.rank === null) {
    return (
      <span className="text-ink-3" title={`Only ${facts.returns} returns in 24 hours: too few for a rank`}>
        {MISSING}
      </span>
    );
  }
  const annual = facts.annualised === null ? "" : `${(facts.annualised * 100).toFixed(0)} % a year`;
  return <span title={`${annual}, from ${facts.returns} returns`}>#{facts.rank}</span>;
}
