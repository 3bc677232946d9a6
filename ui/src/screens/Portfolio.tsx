import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Button } from "@/components/Button";
import { Screen } from "@/components/Panel";
import { Answered, Stale } from "@/components/States";
import { useCondition } from "@/hooks/live";
import { AllocationPanel } from "@/portfolio/AllocationPanel";
import { Beginning } from "@/portfolio/Beginning";
import { Derivation } from "@/portfolio/Derivation";
import { Headline, PeriodPanel } from "@/portfolio/FiguresPanel";
import { HoldingsPanel } from "@/portfolio/HoldingsPanel";
import { useMovingPrices, useSummary } from "@/portfolio/queries";
import { ValuePanel } from "@/portfolio/ValuePanel";

export function Portfolio(): ReactNode {
  const summary = useSummary();
  const condition = useCondition();
  useMovingPrices(
    (summary.data?.holdings ?? []).filter((line) => line.source !== "identity").map((line) => line.symbol),
  );
  return (
    <Screen
      title="Portfolio"
      note={
        condition === "stale" ? (
          <Stale>Not live: these are the prices of before</Stale>
        ) : summary.data?.stale ? (
          <Stale>At least one price is old</Stale>
        ) : (
          summary.data?.simulated && "prices are simulated"
        )
      }
      actions={
        <Link to={"/transactions" as never} search={{ add: "buy" } as never}>
          <Button small look="primary" tabIndex={-1}>
            Add a transaction
          </Button>
        </Link>
      }
    >
      <Answered query={summary}>
        {(data) => (
          <Beginning summary={data}>
            <div className={`flex min-w-0 flex-col gap-3 ${condition === "stale" ? "stale" : ""}`}>
              <Headline summary={data} />
              <div className="grid min-w-0 gap-3 xl:grid-cols-[minmax(0,1fr)_400px]">
                <ValuePanel />
                <AllocationPanel />
              </div>
              <HoldingsPanel summary={data} />
              <PeriodPanel />
            </div>
          </Beginning>
        )}
      </Answered>
      {summary.data && <Derivation summary={summary.data} />}
    </Screen>
  );
}
