/** What the indicators together say, and every vote that it was made of. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { Hint } from "@/components/Hint";
import { Panel } from "@/components/Panel";
import { Answered, Empty } from "@/components/States";
import { formatFixed, MISSING } from "@/format/amounts";
import { useManner } from "@/hooks/preferences";
import { useUrlState } from "@/hooks/url-state";
import { RatingWord, type Rating } from "./RatingWord";

const DEFINITION =
  "26 indicators vote −1 (sell), 0 or +1 (buy): 15 averages and 11 oscillators. A group's value is the mean of its votes, " +
  "the rating the mean of the two groups, of the last closed candle. It restates the past of one price and is no advice.";

export function useRatings(base: string, quote: string) {
  return useQuery({
    queryKey: ["markets", "ratings", base, quote],
    queryFn: () =>
      answer(api.GET("/api/v1/markets/{base}/{quote}/ratings", { params: { path: { base, quote } } })),
    refetchInterval: 60_000,
  });
}

type Query = ReturnType<typeof useRatings>;

export function RatingPanel({ query }: { query: Query }): ReactNode {
  const [interval, choose] = useUrlState("rating", "1h");
  return (
    <Panel title={<Hint text={DEFINITION}>Rating</Hint>} note="of closed candles">
      <Answered
        query={query}
        rows={6}
        empty={{ when: (data) => data.ratings.length === 0, show: <Empty title="No ratings of this pair" /> }}
      >
        {(data) => {
          const rating = data.ratings.find((each) => each.interval === interval) ?? data.ratings[0];
          return (
            <>
              <div
                role="group"
                aria-label="Interval of the rating"
                className="flex flex-wrap gap-1 border-b border-line px-3 py-2"
              >
                {data.ratings.map((each) => (
                  <button
                    key={each.interval}
                    type="button"
                    aria-pressed={each === rating}
                    onClick={() => choose(each.interval)}
                    className="min-h-6 rounded border border-line px-1.5 text-[12px] text-ink-2 hover:text-ink aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-accent"
                  >
                    {each.interval}
                  </button>
                ))}
              </div>
              {rating !== undefined && <Parts rating={rating} />}
            </>
          );
        }}
      </Answered>
    </Panel>
  );
}

function Parts({ rating }: { rating: Rating }): ReactNode {
  if (rating.value === null) {
    return (
      <Empty title={`No rating of ${rating.interval} yet`}>
        Its indicators want more candles: {rating.segment_bars} without a hole are there, and {rating.warm_up}{" "}
        make all of them settle.
      </Empty>
    );
  }
  const { sides } = rating.confluence;
  return (
    <div className="flex flex-col gap-3 p-3">
      <div className="flex flex-wrap items-center gap-2 text-[13px]">
        <RatingWord rating={rating} />
        {!rating.settled && (
          <Badge tone="warn" title={`${rating.segment_bars} of ${rating.warm_up} candles`}>
            not settled
          </Badge>
        )}
        <span className="ml-auto text-[12px] text-ink-3">
          {Math.round(rating.coverage * 100)}% could vote
        </span>
      </div>
      <Gauge name="All" value={rating.value} />
      <Gauge name="Averages" value={rating.averages} />
      <Gauge name="Oscillators" value={rating.oscillators} />
      <p className="text-[12px] text-ink-2">
        Confluence:{" "}
        {Object.entries(sides)
          .map(([name, side]) => `${name} ${sideWord(side)}`)
          .join(", ")}
      </p>
      <details className="text-[12px]">
        <summary className="cursor-pointer text-ink-2 hover:text-ink">
          All {rating.votes.length} votes
        </summary>
        <Votes votes={rating.votes} />
      </details>
    </div>
  );
}

function sideWord(side: number | null): string {
  return side === null ? "unknown" : side > 0 ? "up" : side < 0 ? "down" : "neutral";
}

/** From −1 to 1, with the middle marked. */
function Gauge({ name, value }: { name: string; value: number | null }): ReactNode {
  const { locale } = useManner();
  const at = ((value ?? 0) + 1) * 50;
  const text = value === null ? MISSING : (value > 0 ? "+" : "") + formatFixed(value.toFixed(6), 2, locale);
  return (
    <div className="grid grid-cols-[84px_1fr_48px] items-center gap-2 text-[12px]">
      <span className="text-ink-2">{name}</span>
      <div className="relative h-1.5 rounded bg-raised" aria-hidden>
        <span className="absolute inset-y-0 left-1/2 w-px bg-ink-3" />
        {value !== null && (
          <span
            className={`absolute inset-y-0 rounded ${value < 0 ? "bg-down" : "bg-up"}`}
            style={{ left: `${Math.min(at, 50)}%`, width: `${Math.abs(at - 50)}%` }}
          />
        )}
      </div>
      <span className="num">{text}</span>
    </div>
  );
}

function Votes({ votes }: { votes: Rating["votes"] }): ReactNode {
  return (
    <div className="mt-2 max-h-72 overflow-auto" tabIndex={0} role="region" aria-label="Votes">
      <table className="table-plain" aria-label="Votes">
        <thead>
          <tr>
            <th scope="col">Indicator</th>
            <th scope="col">Vote</th>
            <th scope="col">Decided on</th>
          </tr>
        </thead>
        <tbody>
          {votes.map((vote) => (
            <tr key={vote.name}>
              <td className="whitespace-nowrap">{vote.name}</td>
              <td>
                <VoteWord vote={vote.vote} />
              </td>
              <td className="text-ink-3">{inputsOf(vote.inputs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function VoteWord({ vote }: { vote: Schemas["VoteView"]["vote"] }): ReactNode {
  if (vote === null) return <span className="text-ink-3">{MISSING}</span>;
  const tone = vote > 0 ? "text-up" : vote < 0 ? "text-down" : "text-ink-2";
  return <span className={tone}>{vote > 0 ? "+1 buy" : vote < 0 ? "−1 sell" : "0"}</span>;
}

function inputsOf(inputs: Schemas["VoteView"]["inputs"]): string {
  const shown = Object.entries(inputs).map(
    ([name, value]) => `${name} ${value === null ? MISSING : Number(value.toPrecision(6))}`,
  );
  return shown.join(", ");
}
