/** Everybody with an account: what they have open, how they stand against their limit, and what may be done. */
import { useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { Download } from "@/components/Download";
import { PagesOf, usePages } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Age, Time, ZoneNote } from "@/components/Time";
import { Link } from "@tanstack/react-router";
import { formatFixed, formatShare, MISSING } from "@/format/amounts";
import { compare, signOf } from "@/format/decimal";
import { useManner } from "@/hooks/preferences";
import { ChoiceFilter, Filters, PersonFilter, useChoice, useIdOf } from "./filters";
import { PersonActs, PersonDialog, type PersonAct } from "./PersonActs";
import { useMayChange, Who } from "./Who";

type Row = Schemas["OverseenPersonView"];

const ROLES: readonly Row["role"][] = ["user", "operator", "regulator"];
const TIERS: readonly Row["tier"][] = ["beginner", "intermediate", "advanced"];
const ENABLED = ["true", "false"] as const;

export function PeopleTable(): ReactNode {
  const { locale } = useManner();
  const mayChange = useMayChange();
  const [chosen, setChosen] = useState<{ person: Row; act: PersonAct } | null>(null);
  const role = useChoice("role", ROLES);
  const tier = useChoice("tier", TIERS);
  const enabled = useChoice("enabled", ENABLED);
  const userId = useIdOf("user_id");
  const filter = {
    ...(role !== undefined && { role }),
    ...(tier !== undefined && { tier }),
    ...(enabled !== undefined && { enabled: enabled === "true" }),
    ...(userId !== undefined && { user_id: userId }),
  };
  const query = usePages(
    ["operations", "people", filter],
    (cursor) =>
      answer<Schemas["SeenPage_OverseenPersonView_"]>(
        api.GET("/api/v1/regulator/users", {
          params: { query: { ...filter, limit: 100, ...(cursor && { cursor }) } },
        }) as never,
      ),
    { everyMs: 10_000 },
  );
  const at = query.data?.pages[0]?.at;
  return (
    <Panel
      title="Everybody with an account"
      note={
        at !== undefined && (
          <>
            <Age at={at} ago /> · <ZoneNote />
          </>
        )
      }
      actions={<Download path="api/v1/regulator/users" query={filter} />}
    >
      <Filters label="Filter people">
        <ChoiceFilter name="role" label="Role" among={ROLES} />
        <ChoiceFilter name="tier" label="Tier" among={TIERS} />
        <ChoiceFilter
          name="enabled"
          label="State"
          among={ENABLED}
          say={(value) => (value === "true" ? "Enabled" : "Disabled")}
        />
        <PersonFilter />
      </Filters>
      <PagesOf
        query={query}
        empty={<Empty title="Nobody is like this">Take a filter back to see more people.</Empty>}
      >
        {(rows) => (
          <Table
            label="People"
            columns={columns(locale, mayChange ? (person, act) => setChosen({ person, act }) : null)}
            rows={rows}
            keyOf={(row) => row.user_id}
          />
        )}
      </PagesOf>
      {chosen !== null && <PersonDialog {...chosen} onClose={() => setChosen(null)} />}
    </Panel>
  );
}

function columns(
  locale: string,
  choose: ((person: Row, act: PersonAct) => void) | null,
): readonly Column<Row>[] {
  const all: Column<Row>[] = [
    { id: "user", header: "Person", cell: (row) => <Who id={row.user_id} /> },
    { id: "role", header: "Role", cell: (row) => row.role },
    { id: "tier", header: "Tier", cell: (row) => row.tier },
    {
      id: "state",
      header: "State",
      cell: (row) => (
        <Badge tone={row.enabled ? "good" : "warn"}>{row.enabled ? "enabled" : "disabled"}</Badge>
      ),
    },
    {
      id: "notional",
      header: "Notional, USDT",
      num: true,
      cell: (row) => formatFixed(row.notional, 2, locale),
    },
    {
      id: "leverage",
      header: "Leverage of limit",
      num: true,
      title: "The highest in use, of the most that the tier allows",
      cell: (row) => `${formatFixed(row.leverage, 2, locale)} of ${row.leverage_limit}×`,
    },
    {
      id: "ratio",
      header: "Margin ratio",
      num: true,
      title: "The worst of theirs; at 100 % a liquidation begins",
      cell: (row) => <Ratio row={row} locale={locale} />,
    },
    { id: "cases", header: "Cases", num: true, cell: (row) => <CasesOf row={row} /> },
    {
      id: "signed",
      header: "Last sign-in",
      wide: true,
      cell: (row) =>
        row.last_sign_in === null ? (
          <span className="text-ink-3">not in 90 days</span>
        ) : (
          <Time at={row.last_sign_in} />
        ),
    },
    { id: "created", header: "Since", wide: true, cell: (row) => <Time at={row.created_at} to="day" /> },
  ];
  if (choose === null) return all;
  return [
    ...all,
    {
      id: "acts",
      header: <span className="sr-only">What can be done</span>,
      cell: (row) => <PersonActs person={row} choose={choose} />,
    },
  ];
}

function Ratio({ row, locale }: { row: Row; locale: string }): ReactNode {
  if (row.margin_ratio === null) return <span title="Nothing is left">{MISSING}</span>;
  if (signOf(row.notional) === 0) return <span className="text-ink-3">no position</span>;
  const text = formatShare(row.margin_ratio, { locale });
  return compare(row.margin_ratio, "0.8") >= 0 ? <Badge tone="bad">{text}</Badge> : text;
}

function CasesOf({ row }: { row: Row }): ReactNode {
  if (row.active_cases === 0) return "0";
  return (
    <Link
      to={"/operator/cases" as never}
      search={{ user_id: row.user_id } as never}
      className="underline decoration-dotted underline-offset-4"
    >
      {row.active_cases}
    </Link>
  );
}
