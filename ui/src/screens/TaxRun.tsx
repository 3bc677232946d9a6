import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Screen } from "@/components/Panel";
import { Answered } from "@/components/States";
import { Tabs } from "@/components/Tabs";
import { Disposals } from "@/tax/Disposals";
import { Files } from "@/tax/Files";
import { useCountryName, useRun } from "@/tax/queries";
import { RunActions, useVerify, Verified } from "@/tax/RunActions";
import { Figures, Provenance, RunHead } from "@/tax/RunHead";
import { GapTable, Incomes, Lots } from "@/tax/RunTables";
import { nameOfYear, type RunDetail } from "@/tax/words";

export function TaxRun(): ReactNode {
  const { runId = "" } = useParams({ strict: false }) as { runId?: string };
  // What was asked and found out about one report says nothing of the next.
  return <Report key={runId} runId={runId} />;
}

function Report({ runId }: { runId: string }): ReactNode {
  const query = useRun(runId);
  const verify = useVerify(runId);
  const nameOf = useCountryName();
  const run = query.data;
  return (
    <Screen
      title={run === undefined ? "Tax report" : `Tax report ${nameOf(run.jurisdiction)} ${nameOfYear(run)}`}
      actions={
        <>
          <Link to={"/tax" as never} className="mr-2 text-[13px] text-accent hover:underline">
            All reports
          </Link>
          {run !== undefined && <RunActions run={run} verify={verify} />}
        </>
      }
    >
      <Answered query={query}>
        {(found) => (
          <>
            <Verified verify={verify} />
            <RunHead run={found} />
            <Parts run={found} />
          </>
        )}
      </Answered>
    </Screen>
  );
}

function Parts({ run }: { run: RunDetail }): ReactNode {
  const { counts } = run;
  const gaps = (counts["shortfalls"] ?? 0) + (counts["unvalued"] ?? 0);
  const tab = (id: string, label: string, count: number | null, content: ReactNode) => ({
    id,
    label: (
      <>
        {label}
        {count !== null && <span className="ml-1.5 text-ink-3 tabular-nums">{count}</span>}
      </>
    ),
    content: <div className="pt-3">{content}</div>,
  });
  return (
    <Tabs
      name="tab"
      label="Parts of the report"
      tabs={[
        tab("figures", "Figures", null, <Figures run={run} />),
        tab("disposals", "Disposals", counts["lines"] ?? 0, <Disposals run={run} />),
        tab("incomes", "Incomes", counts["incomes"] ?? 0, <Incomes run={run} />),
        tab("lots", "Lots", (counts["lots"] ?? 0) + (counts["pools"] ?? 0), <Lots run={run} />),
        tab("gaps", "Missing", gaps, <GapTable run={run} />),
        tab("files", "Files", run.files.length, <Files run={run} />),
        tab("provenance", "Provenance", null, <Provenance run={run} />),
      ]}
    />
  );
}
