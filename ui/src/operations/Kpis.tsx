/** The KPIs of the service, of trading and of security, over a window that is in the address. */
import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Panel } from "@/components/Panel";
import { Answered } from "@/components/States";
import { Time, ZoneNote } from "@/components/Time";
import { useUrlState } from "@/hooks/url-state";
import { KpiTile } from "./KpiTile";
import { MarginRatios } from "./MarginRatios";
import type { Kpi } from "./words";

const WINDOWS: readonly Schemas["Period"][] = ["5m", "1h", "24h", "7d", "30d"];
const NAMES: Readonly<Record<Schemas["Period"], string>> = {
  "5m": "5 min",
  "1h": "1 hour",
  "24h": "24 hours",
  "7d": "7 days",
  "30d": "30 days",
};
const EVERY_MS = 30_000;

function useWindow(): [Schemas["Period"], (window: string) => void] {
  const [text, set] = useUrlState("window", "1h");
  return [WINDOWS.find((window) => window === text) ?? "1h", set];
}

export function WindowChoice(): ReactNode {
  const [window, set] = useWindow();
  return (
    <div role="group" aria-label="Window of the KPIs" className="flex rounded border border-line">
      {WINDOWS.map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === window}
          onClick={() => set(each)}
          className={`min-h-7 px-2 text-[12px] not-first:border-l not-first:border-line ${each === window ? "bg-accent-soft font-medium text-accent" : "text-ink-2 hover:bg-raised"}`}
        >
          {NAMES[each]}
        </button>
      ))}
    </div>
  );
}

interface Window {
  begins_at: string;
  ends_at: string;
  minutes: number;
  minutes_known: number;
}

function useKpis<T>(group: string, fetch: (window: Schemas["Period"]) => Promise<T>): UseQueryResult<T> {
  const [window] = useWindow();
  return useQuery({
    queryKey: ["operations", "kpi", group, window],
    queryFn: () => fetch(window),
    refetchInterval: EVERY_MS,
    placeholderData: keepPreviousData,
  });
}

export function Kpis(): ReactNode {
  const system = useKpis("system", (window) =>
    answer(api.GET("/api/v1/kpi/system", { params: { query: { window } } })),
  );
  const trading = useKpis("trading", (window) =>
    answer(api.GET("/api/v1/kpi/trading", { params: { query: { window } } })),
  );
  const security = useKpis("security", (window) =>
    answer(api.GET("/api/v1/kpi/security", { params: { query: { window } } })),
  );
  return (
    <Tooltip.Provider delayDuration={150}>
      <Group
        title="Service"
        query={system}
        tiles={(kpis) => [
          ["Uptime", kpis.uptime],
          ["Error rate", kpis.error_rate],
          ["Latency p50", kpis.latency_ms.p50],
          ["Latency p95", kpis.latency_ms.p95],
          ["Latency p99", kpis.latency_ms.p99],
        ]}
      />
      <Group
        title="Trading"
        query={trading}
        tiles={(kpis) => [
          ["Volume", kpis.volume],
          ["Orders accepted", kpis.orders],
          ["Fills", kpis.fills],
          ["Fill ratio", kpis.fill_ratio],
          ["Open exposure", kpis.open_exposure],
          ["Liquidations", kpis.liquidations],
          ["Near liquidation", kpis.accounts_near_liquidation],
          ["Engine lag p99", kpis.engine_lag_ms_p99],
        ]}
        after={(kpis) => <MarginRatios bands={kpis.margin_ratios} />}
      />
      <Group
        title="Security"
        query={security}
        tiles={(kpis) => [
          ["Credentials refused", kpis.auth_failures],
          ["Over a limit", kpis.rate_limit_hits],
          ["Uses of API keys", kpis.key_uses],
          ["Active API keys", kpis.active_keys],
          ["Cases opened", kpis.anomalies],
        ]}
      />
    </Tooltip.Provider>
  );
}

function Group<T extends Window>({
  title,
  query,
  tiles,
  after,
}: {
  title: string;
  query: UseQueryResult<T>;
  tiles: (kpis: T) => [string, Kpi][];
  after?: (kpis: T) => ReactNode;
}): ReactNode {
  const { data } = query;
  return (
    <Panel
      title={title}
      note={
        data !== undefined && (
          <>
            <Time at={data.begins_at} /> to <Time at={data.ends_at} />
            {data.minutes_known < data.minutes &&
              `; counted in ${data.minutes_known} of ${data.minutes} minutes`}
            {" · "}
            <ZoneNote />
          </>
        )
      }
    >
      <Answered query={query} rows={3}>
        {(kpis) => (
          <>
            <div className="overflow-hidden">
              <div
                className={`-mr-px -mb-px grid grid-cols-2 ${tiles(kpis).length > 5 ? "sm:grid-cols-4" : "sm:grid-cols-3 lg:grid-cols-5"}`}
              >
                {tiles(kpis).map(([name, kpi]) => (
                  <KpiTile
                    key={name}
                    name={name}
                    kpi={kpi}
                    missing={
                      kpis.minutes_known === 0
                        ? "No process counted in this window"
                        : "Nothing to measure in this window"
                    }
                  />
                ))}
              </div>
            </div>
            {after?.(kpis)}
          </>
        )}
      </Answered>
    </Panel>
  );
}
