/** The desk in one look: exposure against its bounds, who is in danger, cases, people, the exchange. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { Figure, Panel } from "@/components/Panel";
import { Answered } from "@/components/States";
import { Age } from "@/components/Time";
import { formatCompact, formatMoney, formatShare } from "@/format/amounts";
import { toFloat } from "@/format/decimal";
import { useManner } from "@/hooks/preferences";
import { Bar, toneOfUse } from "./Bar";
import { Limits } from "./Limits";
import { Trading } from "./Trading";
import { SEVERITY_TONES } from "./words";

type Overview = Schemas["OverviewView"];

export function useOverview() {
  return useQuery({
    queryKey: ["operations", "overview"],
    queryFn: () => answer(api.GET("/api/v1/regulator/overview")),
    refetchInterval: 5_000,
  });
}

export function OverviewPanels(): ReactNode {
  const query = useOverview();
  return (
    <Answered query={query} rows={8}>
      {(overview) => (
        <>
          <Figures overview={overview} />
          <div className="grid gap-3 lg:grid-cols-2 xl:grid-cols-3">
            <Trading overview={overview} />
            <Limits overview={overview} />
            <Concentration overview={overview} />
            <CasesBySeverity active={overview.active_cases} />
            <PeopleByRole people={overview.people} accounts={overview.accounts} />
          </div>
        </>
      )}
    </Answered>
  );
}

function Figures({ overview }: { overview: Overview }): ReactNode {
  const { locale } = useManner();
  const { exposure } = overview;
  const cases = Object.values(overview.active_cases).reduce((all, count) => all + count, 0);
  return (
    <Panel
      title="Now"
      note={
        <>
          at command {overview.seq}, <Age at={overview.at} ago />
        </>
      }
    >
      <div className="grid grid-cols-2 sm:grid-cols-3 lg:grid-cols-6">
        <Figure
          label="Open notional"
          value={formatMoney(exposure.notional, "usdt", locale)}
          note={`${formatShare(exposure.share_of_threshold, { locale })} of the threshold`}
        />
        <Figure
          label="Net"
          value={formatMoney(exposure.net, "usdt", locale)}
          note={`long ${formatCompact(exposure.long, locale)}, short ${formatCompact(exposure.short, locale)}`}
        />
        <Figure
          label="People in danger"
          value={overview.in_danger}
          note={`of ${exposure.people} with positions`}
        />
        <Figure label="Liquidations" value={overview.liquidations_24h} note="24 hours" />
        <Figure label="Volume" value={`${formatCompact(overview.volume_24h, locale)} USDT`} note="24 hours" />
        <Figure
          label="Active cases"
          value={cases}
          note={`insurance fund ${formatCompact(overview.insurance_fund, locale)} USDT`}
        />
      </div>
    </Panel>
  );
}

function Concentration({ overview }: { overview: Overview }): ReactNode {
  const { locale } = useManner();
  const { concentration, threshold, share_of_threshold: used } = overview.exposure;
  const share = toFloat(used);
  return (
    <Panel
      title="Concentration"
      actions={
        <Link to={"/operator/exposure" as never} className="text-[12px] text-accent hover:underline">
          Exposure
        </Link>
      }
    >
      <div className="flex flex-col gap-3 p-3 text-[13px]">
        <div>
          <div className="mb-1 flex justify-between gap-2">
            <span>Of the threshold of {formatCompact(threshold, locale)} USDT</span>
            <span className="tabular-nums">{formatShare(used, { locale })}</span>
          </div>
          <Bar share={share} tone={toneOfUse(share)} />
        </div>
        <div>
          <div className="mb-1 flex justify-between gap-2">
            <span>Largest share of one person</span>
            <span className="tabular-nums">{formatShare(concentration.largest_share, { locale })}</span>
          </div>
          <Bar share={toFloat(concentration.largest_share)} />
        </div>
        <div>
          <div className="mb-1 flex justify-between gap-2">
            <span title="Herfindahl–Hirschman: the sum of the squares of all shares; 1 where one has everything">
              Concentration (HHI)
            </span>
            <span className="tabular-nums">{concentration.hhi}</span>
          </div>
          <Bar share={toFloat(concentration.hhi)} />
        </div>
      </div>
    </Panel>
  );
}

function CasesBySeverity({ active }: { active: Overview["active_cases"] }): ReactNode {
  return (
    <Panel
      title="Active cases"
      actions={
        <Link to={"/operator/cases" as never} className="text-[12px] text-accent hover:underline">
          Queue
        </Link>
      }
    >
      <ul className="text-[13px]">
        {(["high", "medium", "low"] as const).map((severity) => (
          <li
            key={severity}
            className="flex items-center gap-2 border-b border-line px-3 py-1.5 last:border-b-0"
          >
            <Badge tone={SEVERITY_TONES[severity]}>{severity}</Badge>
            <Link
              to={"/operator/cases" as never}
              search={{ severity } as never}
              className="ml-auto tabular-nums underline decoration-ink-3 decoration-dotted underline-offset-4"
              aria-label={`${active[severity] ?? 0} active cases of ${severity} severity`}
            >
              {active[severity] ?? 0}
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function PeopleByRole({ people, accounts }: { people: Overview["people"]; accounts: number }): ReactNode {
  return (
    <Panel
      title="People"
      className="lg:col-span-2"
      note={accounts === 1 ? "1 trading account" : `${accounts} trading accounts`}
      actions={
        <Link to={"/operator/people" as never} className="text-[12px] text-accent hover:underline">
          Everybody
        </Link>
      }
    >
      <ul className="text-[13px]">
        {people.map(({ role, tier, enabled, people: count }) => (
          <li
            key={`${role}${tier}${enabled}`}
            className="flex items-center gap-2 border-b border-line px-3 py-1.5 last:border-b-0"
          >
            <span>{role}</span>
            <span className="text-ink-3">{tier}</span>
            {!enabled && <Badge tone="warn">disabled</Badge>}
            <span className="ml-auto tabular-nums">{count}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
