/** A report as a whole: whether it can be relied on, its figures, and where they come from. */
import type { ReactNode } from "react";
import { Badge } from "@/components/Badge";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time } from "@/components/Time";
import { Coin, Quantity } from "@/components/Coin";
import { useOwnMoney } from "@/hooks/preferences";
import { Gaps, Score } from "./Completeness";
import { useCountryName } from "./queries";
import { NO_ADVICE, stateOf, type RunDetail } from "./words";

export function RunHead({ run }: { run: RunDetail }): ReactNode {
  const [name, tone] = stateOf(run);
  const nameOf = useCountryName();
  return (
    <section aria-label="State of the report" className="panel flex flex-col gap-2 p-3 text-[13px]">
      <div className="flex flex-wrap items-center gap-3">
        <Badge tone={tone}>{name}</Badge>
        {run.simulated && <Badge title="Some prices are invented">simulated prices</Badge>}
        <span className="text-ink-2">
          {nameOf(run.jurisdiction)}, {run.first} to {run.last}, in {run.currency.toUpperCase()}
        </span>
        <span className="text-ink-2">days in {run.zone}</span>
        <Score score={run.completeness.score} />
      </div>
      {run.blocked && (
        <p className="text-danger">
          It has no figures: units were sold of which nobody knows the purchase, and you elected that this
          blocks.
        </p>
      )}
      {run.draft && (
        <p className="text-warn">
          A draft until nothing is missing. Mend what is named, then compute it again: this one stays as it
          is.
        </p>
      )}
      <Gaps run={run} />
      {run.missing.length > 0 && (
        <p className="flex flex-wrap gap-x-4 text-ink-2">
          Without a known purchase:
          {run.missing.map((each) => (
            <span key={each.coin_id}>
              <Quantity value={each.quantity} /> <Coin id={each.coin_id} />
            </span>
          ))}
        </p>
      )}
      {run.warnings.length > 0 && (
        <ul className="list-disc pl-5 text-warn">
          {run.warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      <p className="text-[12px] text-ink-3">{NO_ADVICE}</p>
    </section>
  );
}

type FigureRow = RunDetail["figures"][number];

function Place({ where }: { where: string }): ReactNode {
  return <span className="xl:whitespace-nowrap">{where || "—"}</span>;
}

export function Figures({ run }: { run: RunDetail }): ReactNode {
  const money = useOwnMoney();
  const columns: readonly Column<FigureRow>[] = [
    {
      id: "label",
      header: "Figure",
      cell: (figure) => (
        <span className="flex flex-col">
          <span className="font-medium">{figure.label.replaceAll("_", " ")}</span>
          <span className="text-[12px] text-ink-3 md:hidden">{figure.where}</span>
        </span>
      ),
    },
    { id: "amount", header: "Amount", num: true, cell: ({ amount }) => money(amount, run.currency) },
    {
      id: "where",
      header: "Its place on the form",
      wide: true,
      cell: ({ where }) => <Place where={where} />,
    },
    {
      id: "formula",
      header: "How it comes about",
      cell: ({ formula }) => <span className="text-[12px] text-ink-2">{formula}</span>,
    },
  ];
  return (
    <Panel title="Figures" note={`in ${run.currency.toUpperCase()}`}>
      {run.figures.length === 0 ? (
        <Empty title="There are no figures">Mend what is missing, or elect another way to count it.</Empty>
      ) : (
        <div className="relative">
          {run.draft && <Watermark />}
          <Table
            label="Figures of the report"
            columns={columns}
            rows={run.figures}
            keyOf={({ code }) => code}
          />
        </div>
      )}
    </Panel>
  );
}

/** Drawn over the figures, so that no picture of them passes for a finished report. */
function Watermark(): ReactNode {
  return (
    <svg
      aria-hidden
      viewBox="0 0 400 200"
      className="pointer-events-none absolute inset-0 z-10 h-full w-full text-warn opacity-10"
    >
      <text
        x="200"
        y="120"
        textAnchor="middle"
        fontSize="76"
        fontWeight="700"
        letterSpacing="10"
        fill="currentColor"
        transform="rotate(-14 200 100)"
      >
        DRAFT
      </text>
    </svg>
  );
}

export function Provenance({ run }: { run: RunDetail }): ReactNode {
  const facts: readonly (readonly [string, ReactNode])[] = [
    ["Computed", <Time key="at" at={run.created_at} to="second" />],
    ["Rules", run.ruleset],
    ["Program", run.app_version],
    ["Version of the ledger", String(run.ledger_version)],
    ...Object.entries(run.election).map(([name, value]) => [name, value] as const),
    ["Hash of the input", <Hash key="input" text={run.input_hash} />],
    ["Hash of the report", <Hash key="report" text={run.report_hash} />],
  ];
  return (
    <Panel title="What it was computed from">
      <dl className="grid gap-x-4 gap-y-2 p-3 text-[13px] sm:grid-cols-2 lg:grid-cols-3">
        {facts.map(([name, value]) => (
          <div key={name} className="min-w-0">
            <dt className="text-[12px] text-ink-3 first-letter:uppercase">{name}</dt>
            <dd className="break-words">{value}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

function Hash({ text }: { text: string }): ReactNode {
  return <code className="text-[11.5px] break-all text-ink-2">{text}</code>;
}
