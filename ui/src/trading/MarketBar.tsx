/** Which market, its prices now, its funding, and what state trading is in. */
import { useNavigate } from "@tanstack/react-router";
import { useRef, type ReactNode } from "react";
import { Badge } from "@/components/Badge";
import { formatFixed, formatShare, MISSING } from "@/format/amounts";
import { compare } from "@/format/decimal";
import { useCondition } from "@/hooks/live";
import { useManner } from "@/hooks/preferences";
import { live as connection } from "@/stream/browser";
import { placesOf } from "./arithmetic";
import type { Instrument, Mark } from "./market";
import { useAccount, useNow } from "./use-own";

export function SymbolChoice({
  instruments,
  symbol,
}: {
  instruments: readonly Instrument[];
  symbol: string;
}): ReactNode {
  const navigate = useNavigate();
  const groups = [
    ["Perpetuals", instruments.filter((each) => each.kind === "perpetual")],
    ["Spot", instruments.filter((each) => each.kind === "spot")],
  ] as const;
  return (
    <select
      aria-label="Market"
      value={symbol}
      onChange={(event) =>
        void navigate({
          to: "/trade/$symbol" as never,
          params: { symbol: event.target.value } as never,
          search: ((before: object) => before) as never,
        })
      }
      className="min-h-8 rounded border border-line bg-panel px-2 text-[15px] font-semibold"
    >
      {groups.map(([name, all]) => (
        <optgroup key={name} label={name}>
          {all.map((each) => (
            <option key={each.symbol}>{each.symbol}</option>
          ))}
        </optgroup>
      ))}
    </select>
  );
}

function Fact({ name, title, children }: { name: string; title?: string; children: ReactNode }): ReactNode {
  return (
    <div className="flex flex-col" title={title}>
      <dt className="text-[11px] text-ink-3">{name}</dt>
      <dd className="text-[13px] whitespace-nowrap tabular-nums">{children}</dd>
    </div>
  );
}

export function MarketFacts({ instrument, mark }: { instrument: Instrument; mark: Mark | null }): ReactNode {
  const live = useCondition() === "live";
  const { locale } = useManner();
  const places = placesOf(instrument.tick);
  const now = mark ?? instrument;
  const show = (text: string | null): string => (text === null ? MISSING : formatFixed(text, places, locale));
  const last = now.last;
  const before = useRef<string | null>(null);
  const rising = last === null || before.current === null ? 0 : compare(last, before.current);
  if (rising !== 0 || before.current === null) before.current = last;
  const stamp =
    mark?.next_funding_ms ??
    (instrument.next_funding_at === null ? null : Date.parse(instrument.next_funding_at));
  return (
    <dl className={`flex flex-wrap items-center gap-x-4 gap-y-1 ${live ? "" : "stale"}`}>
      <Fact name="Mark" title="The price by which profit and liquidation are counted">
        <span className="text-[15px] font-semibold">{show(now.mark)}</span>
      </Fact>
      {/* On a paper exchange it may be days old: the mark is the price of now. */}
      <Fact
        name="Last trade"
        title={
          last === null
            ? "Nothing has been traded here yet"
            : "The last trade here; its time stands among the trades"
        }
      >
        {show(last)}
      </Fact>
      <Fact
        name="Index"
        title={
          instrument.index_stale
            ? "The price of the world is old: nothing is quoted by it"
            : "The price of the world"
        }
      >
        {show(now.index)} {instrument.index_stale && <Badge tone="warn">old</Badge>}
      </Fact>
      {instrument.kind === "perpetual" && (
        <>
          <Fact name="Funding" title="If the interval ended now; above zero those who are long pay">
            {formatShare(now.funding_rate, { places: 4, locale, signed: true })}
          </Fact>
          <Fact name="Next in">{stamp === null ? MISSING : <Countdown untilMs={stamp} />}</Fact>
        </>
      )}
    </dl>
  );
}

function Countdown({ untilMs }: { untilMs: number }): ReactNode {
  const left = Math.max(0, Math.floor((untilMs - useNow() - connection.skewMs) / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(Math.floor(left / 3600))}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
}

const STATES = {
  halted: "is halted: no order is taken, and none is filled.",
  "reduce-only": "only takes orders that make a position smaller.",
} as const;

/** Only when something is not as usual. */
export function StateBanner({ instrument }: { instrument: Instrument }): ReactNode {
  const account = useAccount().data;
  const said: string[] = [];
  if (instrument.state !== "active") said.push(`${instrument.symbol} ${STATES[instrument.state]}`);
  if (account !== undefined && account.state !== "active") said.push(`Your account ${STATES[account.state]}`);
  if (said.length === 0) return null;
  return (
    <p role="alert" className="rounded border border-warn bg-warn-soft px-3 py-1.5 text-[13px] text-warn">
      {said.join(" ")}
    </p>
  );
}

export function PaperBadge(): ReactNode {
  return (
    <Badge tone="accent" title="A paper exchange: orders meet a real matching engine with invented money">
      PAPER
    </Badge>
  );
}
