import type { ReactNode } from "react";
import { Loading } from "@/components/States";
import { formatFixed } from "@/format/amounts";
import { formatClock, formatDay, formatSecond, nameOfZone } from "@/format/times";
import { useCondition } from "@/hooks/live";
import { useManner, useZone } from "@/hooks/preferences";
import { placesOf } from "./arithmetic";
import { shortBase, usePrints, type Instrument } from "./market";

const DAY_MS = 86_400_000;

/** Of another day: the time alone would look like one of today. */
function isOld(atMs: number): boolean {
  return Date.now() - atMs > DAY_MS / 2;
}

/** What was traded last, the newest first; the colour and the arrow are the taker's side. */
export function TapePanel({ instrument }: { instrument: Instrument }): ReactNode {
  const prints = usePrints(instrument.symbol);
  const live = useCondition() === "live";
  const { locale } = useManner();
  const zone = useZone();
  const [places, sizes] = [placesOf(instrument.tick), placesOf(instrument.step)];
  return (
    <section aria-label="Trades" className="flex h-full min-h-0 flex-col">
      <header className="flex items-baseline justify-between px-2 py-1">
        <h2 className="text-[13px] font-semibold">Trades</h2>
        <span className="text-[11.5px] text-ink-3">{nameOfZone(zone)}</span>
      </header>
      <div className="grid grid-cols-3 px-2 pb-1 text-[11.5px] text-ink-3">
        <span>Price</span>
        <span className="num">{shortBase(instrument)}</span>
        <span className="num">Time</span>
      </div>
      <div
        role="region"
        aria-label="Last trades"
        tabIndex={0}
        className={`min-h-0 flex-1 overflow-y-auto ${live ? "" : "stale"}`}
      >
        {prints === undefined ? (
          <Loading rows={4} label="Trades" />
        ) : prints.length === 0 ? (
          <p className="px-2 py-3 text-[12px] text-ink-2">
            Nothing has been traded here yet. A market order would be the first.
          </p>
        ) : (
          <ol>
            {prints.map((print) => (
              <li key={print.id} className="grid grid-cols-3 px-2 text-[12px] leading-5 tabular-nums">
                <span className={print.side === "buy" ? "text-up" : "text-down"}>
                  <span aria-label={print.side === "buy" ? "bought" : "sold"}>
                    {print.side === "buy" ? "+" : "−"}
                  </span>{" "}
                  {formatFixed(print.price, places, locale)}
                </span>
                <span className="num" title={print.liquidation ? "A liquidation" : undefined}>
                  {formatFixed(print.quantity, sizes, locale)}
                  {print.liquidation && " L"}
                </span>
                <span className="num text-ink-2" title={formatSecond(print.at_ms, zone)}>
                  {isOld(print.at_ms) ? formatDay(print.at_ms, zone) : formatClock(print.at_ms, zone)}
                </span>
              </li>
            ))}
          </ol>
        )}
      </div>
    </section>
  );
}
