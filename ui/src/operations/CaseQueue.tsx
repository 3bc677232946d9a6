/** What the rules found: the queue, the newest first. */
import { useNavigate, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { Download } from "@/components/Download";
import { CheckField } from "@/components/Field";
import { PagesOf, usePages } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Age, Time, ZoneNote } from "@/components/Time";
import { formatQuantity } from "@/format/amounts";
import { useManner } from "@/hooks/preferences";
import { useMe } from "@/hooks/session";
import { useUrlState } from "@/hooks/url-state";
import { ChoiceFilter, Filters, PersonFilter, useChoice, useIdOf } from "./filters";
import { CASE_TONES, RULES, SEVERITY_TONES } from "./words";
import { Who } from "./Who";

type Row = Schemas["CaseView"];

const STATES: readonly Row["state"][] = ["open", "acknowledged", "resolved"];
const SEVERITIES: readonly Row["severity"][] = ["high", "medium", "low"];
const RULE_NAMES = Object.keys(RULES) as Row["rule"][];

export function CaseQueue(): ReactNode {
  const { locale } = useManner();
  const me = useMe();
  const navigate = useNavigate();
  const state = useChoice("state", STATES);
  const severity = useChoice("severity", SEVERITIES);
  const rule = useChoice("rule", RULE_NAMES);
  const owner = useIdOf("owner");
  const userId = useIdOf("user_id");
  const [, setOwner] = useUrlState("owner");
  const filter = {
    ...(state !== undefined && { state }),
    ...(severity !== undefined && { severity }),
    ...(rule !== undefined && { rule }),
    ...(owner !== undefined && { owner }),
    ...(userId !== undefined && { user_id: userId }),
  };
  const query = usePages(
    ["operations", "cases", filter],
    (cursor) =>
      answer<Schemas["Page_CaseView_"]>(
        api.GET("/api/v1/cases", {
          params: { query: { ...filter, limit: 50, ...(cursor && { cursor }) } },
        }) as never,
      ),
    { everyMs: 10_000 },
  );
  return (
    <Panel title="Cases" note={<ZoneNote />} actions={<Download path="api/v1/cases" query={filter} />}>
      <Filters label="Filter cases">
        <ChoiceFilter name="state" label="State" among={STATES} />
        <ChoiceFilter name="severity" label="Severity" among={SEVERITIES} />
        <ChoiceFilter
          name="rule"
          label="Rule"
          among={RULE_NAMES}
          say={(name) => RULES[name as Row["rule"]].name}
        />
        <CheckField
          label="Only mine"
          checked={owner === me.id}
          onChange={(event) => setOwner(event.target.checked ? me.id : "")}
        />
        <PersonFilter />
      </Filters>
      <PagesOf
        query={query}
        empty={
          <Empty title={Object.keys(filter).length === 0 ? "No case so far" : "No case is like this"}>
            The rules look every half minute, if nothing else is set. What they find stands here until it is
            resolved.
          </Empty>
        }
      >
        {(rows) => (
          <Table
            label="Cases"
            columns={columns(locale)}
            rows={rows}
            keyOf={(row) => row.id}
            onRow={(row) =>
              void navigate({ to: "/operator/cases/$caseId", params: { caseId: row.id } } as never)
            }
          />
        )}
      </PagesOf>
    </Panel>
  );
}

function columns(locale: string): readonly Column<Row>[] {
  return [
    {
      id: "severity",
      header: "Severity",
      cell: (row) => <Badge tone={SEVERITY_TONES[row.severity]}>{row.severity}</Badge>,
    },
    {
      id: "rule",
      header: "Case",
      cell: (row) => (
        <Link
          to={"/operator/cases/$caseId" as never}
          params={{ caseId: row.id } as never}
          className="font-medium whitespace-nowrap hover:underline"
          onClick={(event) => event.stopPropagation()}
        >
          {RULES[row.rule].name} #{row.number}
        </Link>
      ),
    },
    {
      id: "state",
      header: "State",
      cell: (row) => <Badge tone={CASE_TONES[row.state]}>{row.state}</Badge>,
    },
    { id: "user", header: "Person", cell: (row) => <Who id={row.user_id} none="everybody" /> },
    {
      id: "matter",
      header: "Matter",
      cell: (row) => <span className="whitespace-nowrap">{row.matter ?? "—"}</span>,
    },
    {
      id: "value",
      header: "Figure",
      num: true,
      cell: (row) => <span title={RULES[row.rule].figure}>{formatQuantity(row.value, locale, 3)}</span>,
    },
    { id: "owner", header: "Owner", cell: (row) => <Who id={row.owner} none="nobody" /> },
    { id: "age", header: "Age", num: true, cell: (row) => <Age at={row.opened_at} everyMs={30_000} /> },
    { id: "opened", header: "Opened", wide: true, cell: (row) => <Time at={row.opened_at} /> },
    { id: "changed", header: "Changed", wide: true, cell: (row) => <Time at={row.changed_at} /> },
  ];
}
