import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useMemo, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import type { Marker, PriceLine } from "@/chart/port";
import { Screen } from "@/components/Panel";
import { Answered } from "@/components/States";
import { formatPrice, formatQuantity } from "@/format/amounts";
import { useManner } from "@/hooks/preferences";
import { useSession } from "@/hooks/session";
import { DayChart, RanksTable } from "@/markets/DayPanels";
import { useMarket } from "@/markets/listing";
import { PairChart } from "@/markets/PairChart";
import { PairActions, PairHeader, usePairTitle } from "@/markets/PairHeader";
import { RatingPanel, useRatings } from "@/markets/RatingPanel";

type Market = Schemas["MarketDetailView"];

export function Pair(): ReactNode {
  const { base = "", quote = "" }: { base?: string; quote?: string } = useParams({ strict: false });
  const query = useMarket(base, quote);
  if (query.data !== undefined) return <PairOf market={query.data} />;
  return (
    <Screen title={`${base}/${quote}`.toUpperCase()}>
      <div className="panel">
        <Answered query={query} rows={12}>
          {() => null}
        </Answered>
      </div>
    </Screen>
  );
}

function PairOf({ market }: { market: Market }): ReactNode {
  const { base, quote, pair } = market;
  const { me } = useSession();
  const instrument = useInstrument(base);
  const markers = useOwnFills(instrument);
  const alerts = useOwnAlerts(base, quote);
  const ratings = useRatings(base, quote);
  const hourly = ratings.data?.ratings.find(({ interval }) => interval === "1h");
  return (
    <Screen
      title={pair.toUpperCase()}
      note={usePairTitle(market)}
      actions={<PairActions market={market} instrument={instrument} />}
    >
      <PairHeader market={market} rating={hourly} />
      <div className="grid min-w-0 gap-3 xl:grid-cols-[minmax(0,1fr)_380px]">
        <div className="flex min-w-0 flex-col gap-3">
          <PairChart {...{ base, quote, pair, markers, alerts }} mayAlert={Boolean(me)} />
        </div>
        <div className="flex min-w-0 flex-col gap-3">
          <DayChart base={base} quote={quote} pair={pair} />
          <RanksTable />
          <RatingPanel query={ratings} />
        </div>
      </div>
    </Screen>
  );
}

/** The perpetual on this asset that can be traded here. */
function useInstrument(base: string): string | undefined {
  const { data } = useQuery({
    queryKey: ["markets", "instruments"],
    queryFn: async () => {
      const page = await answer(api.GET("/api/v1/instruments", { params: { query: { limit: 1000 } } }));
      return page as unknown as { data: readonly { symbol: string; base: string }[] };
    },
    staleTime: 300_000,
  });
  return data?.data.find((each) => each.base === base)?.symbol;
}

const NO_MARKERS: readonly Marker[] = [];
const NO_LINES: readonly PriceLine[] = [];

function useOwnFills(symbol: string | undefined): readonly Marker[] {
  const { me } = useSession();
  const { locale, privacy } = useManner();
  const { data } = useQuery({
    queryKey: ["markets", "own-fills", symbol],
    queryFn: async () => {
      const query = { limit: 500, ...(symbol === undefined ? {} : { symbol }) };
      const page = await answer(api.GET("/api/v1/fills", { params: { query } }));
      return page as unknown as Schemas["Page_OwnFillView_"];
    },
    enabled: Boolean(me) && symbol !== undefined,
    refetchInterval: 15_000,
  });
  return useMemo(
    () =>
      data?.data.map(({ at, side, quantity }) => ({
        timeMs: Date.parse(at),
        side,
        text: privacy ? side : `${side} ${formatQuantity(quantity, locale)}`,
      })) ?? NO_MARKERS,
    [data, locale, privacy],
  );
}

function useOwnAlerts(base: string, quote: string): readonly PriceLine[] {
  const { me } = useSession();
  const { locale } = useManner();
  const { data } = useQuery({
    queryKey: ["markets", "own-alerts"],
    queryFn: () => answer(api.GET("/api/v1/alerts", { params: { query: { kind: "price", limit: 1000 } } })),
    enabled: Boolean(me),
    refetchInterval: 15_000,
  });
  return useMemo(
    () =>
      data?.data
        .filter(({ subject, state }) => subject.of === `${base}/${quote}` && state !== "done")
        .map(({ comparison, threshold }) => ({
          price: threshold,
          color: "warn",
          title: `alert ${comparison} ${formatPrice(threshold, locale)}`,
        })) ?? NO_LINES,
    [data, base, quote, locale],
  );
}
