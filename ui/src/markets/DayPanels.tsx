/** The last 24 hours of a pair, and beside it what everything costs now. Both ask again by themselves. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import type { ChartPort } from "@/chart/port";
import { ChartView } from "@/components/ChartView";
import { Panel } from "@/components/Panel";
import { Answered, Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { MISSING, placesOfPrice } from "@/format/amounts";
import { useCondition } from "@/hooks/live";
import { allMarkets, arrange, keyOf, quoteOf, type Market } from "./listing";
import { DayChange, Price, useWantedPrices } from "./Price";
import { Rank, RankName } from "./Rank";

const EVERY_MS = 30_000;
const STEP_MS = 60_000;

export function DayChart({ base, quote, pair }: { base: string; quote: string; pair: string }): ReactNode {
  const query = useQuery({
    queryKey: ["markets", "day", base, quote],
    queryFn: async () => {
      const params = { path: { base, quote }, query: { window: "24h" as const } };
      const day = await answer(api.GET("/api/v1/prices/{base}/{quote}/history", { params }));
      return day as unknown as Schemas["PriceHistoryView"];
    },
    refetchInterval: EVERY_MS,
  });
  const rank = query.data?.volatility_rank;
  return (
    <Panel
      title="24 hours"
      note={
        <>
          <RankName>Volatility rank</RankName>{" "}
          <span className="font-medium text-ink" data-testid="day-rank">
            {rank === null || rank === undefined ? MISSING : `#${rank}`}
          </span>
        </>
      }
    >
      <Answered
        query={query}
        rows={4}
        empty={{
          when: (day) => day.prices.length < 2,
          show: <Empty title="No prices of the last day yet" />,
        }}
      >
        {(day) => <DayLine prices={day.prices} pair={pair} />}
      </Answered>
    </Panel>
  );
}

function DayLine({
  prices,
  pair,
}: {
  prices: Schemas["PriceHistoryView"]["prices"];
  pair: string;
}): ReactNode {
  const [chart, setChart] = useState<ChartPort | null>(null);
  useEffect(() => {
    if (chart === null) return;
    // The last one is of now and not of a whole minute; it ends the line.
    const points = prices.map(({ timestamp, price }) => ({
      timeMs: Date.parse(timestamp),
      value: Number(price),
    }));
    chart.setBars([], STEP_MS * 2);
    const places = placesOfPrice(prices.at(-1)?.price ?? "1");
    chart.setOverlay("day", points, { kind: "area", color: "accent", width: 2, lastValue: true, places });
    chart.fit();
  }, [chart, prices]);
  return (
    <ChartView
      label={`${pair.toUpperCase()}, the last 24 hours`}
      name="day"
      onChart={setChart}
      className="h-52"
    />
  );
}

const ROWS = 25;

const COLUMNS: readonly Column<Market>[] = [
  {
    id: "pair",
    header: "Pair",
    cell: (market) => (
      <Link
        to={"/markets/$base/$quote" as never}
        params={{ base: market.base, quote: market.quote } as never}
        className="font-medium hover:text-accent"
      >
        {market.pair.toUpperCase()}
      </Link>
    ),
  },
  {
    id: "price",
    header: "Price",
    num: true,
    cell: (market) => <Price pair={keyOf(market)} listed={quoteOf(market)} />,
  },
  {
    id: "change",
    header: "24 h",
    num: true,
    cell: (market) => <DayChange pair={keyOf(market)} listed={quoteOf(market)} />,
  },
  {
    id: "rank",
    header: <RankName>Rank</RankName>,
    num: true,
    cell: (market) => <Rank facts={market.volatility} />,
  },
];

/** The most volatile pairs; while there are no ranks, those that are traded most. */
export function RanksTable(): ReactNode {
  const query = useQuery(allMarkets);
  const condition = useCondition();
  const all = query.data ?? [];
  const ranked = all.some(({ volatility }) => volatility.rank !== null);
  const none = { search: "", quote: "", source: "", stale: false, among: null };
  const order = ranked
    ? ({ sort: "rank", descending: false } as const)
    : ({ sort: "volume", descending: true } as const);
  const rows = arrange(all, { ...none, ...order }).slice(0, ROWS);
  useWantedPrices(rows.map(keyOf));
  return (
    <Panel
      title="Prices and ranks"
      note={ranked ? "the most volatile first" : "by volume: no rank is known yet"}
      className={condition === "stale" ? "stale" : ""}
    >
      <Answered
        query={query}
        rows={8}
        empty={{ when: (markets) => markets.length === 0, show: <Empty title="No prices yet" /> }}
      >
        {() => (
          <div className="max-h-80 overflow-y-auto">
            <Table
              label="Prices and ranks"
              columns={COLUMNS}
              rows={rows}
              keyOf={keyOf}
              dim={(market) => market.stale}
            />
          </div>
        )}
      </Answered>
    </Panel>
  );
}
