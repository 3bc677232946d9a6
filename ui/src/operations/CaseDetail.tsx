/** One case: what was found, what happened to it, and what can be done. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { Panel } from "@/components/Panel";
import { Answered } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Age, Time, ZoneNote } from "@/components/Time";
import { formatQuantity } from "@/format/amounts";
import { isDecimal } from "@/format/decimal";
import { useManner } from "@/hooks/preferences";
import { CaseActs } from "./CaseActs";
import { CASE_TONES, RULES, SEVERITY_TONES, spoken } from "./words";
import { useMayChange, Who } from "./Who";

type Detail = Schemas["CaseDetailView"];

export function CaseDetail({ caseId }: { caseId: string }): ReactNode {
  const mayChange = useMayChange();
  const query = useQuery({
    queryKey: ["operations", "case", caseId],
    queryFn: () => answer(api.GET("/api/v1/cases/{case_id}", { params: { path: { case_id: caseId } } })),
    refetchInterval: 10_000,
  });
  return (
    <Answered query={query} rows={10}>
      {(detail) => (
        <>
          <Facts detail={detail} acts={mayChange && <CaseActs detail={detail} />} />
          <div className="grid items-start gap-3 xl:grid-cols-2">
            <Evidence detail={detail} />
            <History history={detail.history} />
          </div>
        </>
      )}
    </Answered>
  );
}

function Facts({ detail, acts }: { detail: Detail; acts: ReactNode }): ReactNode {
  const { locale } = useManner();
  const rule = RULES[detail.rule];
  const facts: readonly (readonly [string, ReactNode])[] = [
    ["State", <Badge tone={CASE_TONES[detail.state]}>{detail.state}</Badge>],
    ["Severity", <Badge tone={SEVERITY_TONES[detail.severity]}>{detail.severity}</Badge>],
    ["Person", <Who id={detail.user_id} none="everybody" />],
    ["Matter", detail.matter ?? "—"],
    ["Owner", <Who id={detail.owner} none="nobody" />],
    [
      "Opened",
      <>
        <Time at={detail.opened_at} /> (<Age at={detail.opened_at} everyMs={30_000} ago />)
      </>,
    ],
    ["Changed", <Time at={detail.changed_at} />],
    ["Figure", <strong className="tabular-nums">{formatQuantity(detail.value, locale, 4)}</strong>],
  ];
  return (
    <Panel title={`${rule.name} #${detail.number}`} note={<ZoneNote />} actions={acts}>
      <dl className="grid grid-cols-2 gap-x-4 gap-y-2 p-3 text-[13px] md:grid-cols-4">
        {facts.map(([name, value]) => (
          <div key={name} className="min-w-0">
            <dt className="text-[12px] text-ink-3">{name}</dt>
            <dd className="break-words">{value}</dd>
          </div>
        ))}
      </dl>
      <p className="border-t border-line px-3 py-2 text-[12px] text-ink-2">The figure is: {rule.figure}.</p>
    </Panel>
  );
}

function Evidence({ detail }: { detail: Detail }): ReactNode {
  const { locale } = useManner();
  const names = [...new Set(detail.evidence.flatMap((each) => Object.keys(each.numbers)))];
  const columns: readonly Column<Schemas["EvidenceView"]>[] = [
    { id: "at", header: "When", cell: (row) => <Time at={row.at} to="second" /> },
    {
      id: "value",
      header: "Figure",
      num: true,
      title: RULES[detail.rule].figure,
      cell: (row) => formatQuantity(row.value, locale, 4),
    },
    ...names.map((name) => ({
      id: `numbers.${name}`,
      header: spoken(name),
      num: true,
      cell: (row: Schemas["EvidenceView"]) => {
        const number = row.numbers[name];
        if (number === undefined) return "—";
        const text = String(number);
        return isDecimal(text) ? formatQuantity(text, locale, 4) : text;
      },
    })),
  ];
  return (
    <Panel title="Evidence" note="the first, the worst and the newest are kept">
      <Table label="Evidence" columns={columns} rows={detail.evidence} keyOf={(row) => row.at} />
    </Panel>
  );
}

function History({ history }: { history: Detail["history"] }): ReactNode {
  return (
    <Panel title="History" note="only ever added to">
      <ol className="text-[13px]">
        {history.toReversed().map((each) => (
          <li
            key={`${each.version}${each.at}${each.kind}`}
            className="flex flex-col gap-0.5 border-b border-line px-3 py-2 last:border-b-0"
          >
            <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
              <span className="font-medium">{spoken(each.kind)}</span>
              <span className="text-ink-2">by</span> <Who id={each.by} none="the rule" />
              <Badge tone={SEVERITY_TONES[each.severity]}>{each.severity}</Badge>
              <span className="ml-auto text-ink-3">
                <Time at={each.at} to="second" />
              </span>
            </span>
            {each.reason !== "" && <span className="break-words text-ink-2">{each.reason}</span>}
          </li>
        ))}
      </ol>
    </Panel>
  );
}
