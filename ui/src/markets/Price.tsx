import { useEffect, useMemo, useRef, useSyncExternalStore, type ReactNode } from "react";
import { Change } from "@/components/Change";
import { MISSING } from "@/format/amounts";
import { compare } from "@/format/decimal";
import { formatAge } from "@/format/times";
import { useBoard } from "@/hooks/live";
import { usePriceFormat } from "@/hooks/preferences";
import { live } from "@/stream/browser";
import { feed, type Quote } from "./prices";

/** Live prices of these pairs for as long as the component is there. */
export function useWantedPrices(keys: readonly string[]): void {
  const joined = keys.join(" ");
  useEffect(() => (joined === "" ? undefined : feed.want(joined.split(" "))), [joined]);
}

/** The newest of what the stream and the list say; the list goes on where the stream is not listened to. */
export function newer(told: Quote | undefined, listed: Quote | undefined): Quote | undefined {
  if (told === undefined || (listed !== undefined && listed.atMs > told.atMs)) return listed;
  return told;
}

export function useQuote(pair: string, listed?: Quote): Quote | undefined {
  return newer(useBoard(feed.board, pair), listed);
}

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const TINT_MS = 450;

/** A live price; a change tints it for a moment. `pair` is `base/quote` in ids. */
export function Price({
  pair,
  listed,
  tint = true,
}: {
  pair: string;
  listed?: Quote;
  tint?: boolean;
}): ReactNode {
  const price = useQuote(pair, listed)?.price;
  const format = usePriceFormat();
  const place = useRef<HTMLSpanElement>(null);
  const before = useRef(price);
  const tintedAt = useRef(0);
  useEffect(() => {
    const last = before.current;
    before.current = price;
    if (!tint || calm.matches || !last || !price || last === price) return;
    // One at a time: a price that changes with every frame must not flicker.
    const now = performance.now();
    if (now - tintedAt.current < TINT_MS) return;
    tintedAt.current = now;
    const color = compare(price, last) > 0 ? "var(--up-soft)" : "var(--down-soft)";
    place.current?.animate([{ backgroundColor: color }, { backgroundColor: "transparent" }], TINT_MS);
  }, [price, tint]);
  const text = format(price);
  const why = price === null || price === undefined ? "No price of this pair is known yet" : undefined;
  return (
    <span ref={place} title={why} className="-mx-1 rounded px-1 tabular-nums whitespace-nowrap">
      {text === MISSING ? <span className="text-ink-3">{text}</span> : text}
    </span>
  );
}

export function DayChange({ pair, listed }: { pair: string; listed?: Quote }): ReactNode {
  const change = useQuote(pair, listed)?.change24h;
  if (change === null || change === undefined) {
    return (
      <span className="text-ink-3" title="The source does not say what the price was a day ago">
        {MISSING}
      </span>
    );
  }
  return <Change value={change} as="share" />;
}

const clock = { now: Date.now(), told: new Set<() => void>(), timer: 0 };

function watchClock(told: () => void): () => void {
  clock.told.add(told);
  clock.timer ||= window.setInterval(() => {
    clock.now = Date.now();
    for (const each of clock.told) each();
  }, 1000);
  return () => {
    clock.told.delete(told);
    if (clock.told.size > 0) return;
    clearInterval(clock.timer);
    clock.timer = 0;
  };
}

/** How old the price is by the service's clock; one timer serves all rows. */
export function PriceAge({ pair, listed }: { pair: string; listed?: Quote }): ReactNode {
  const now = useSyncExternalStore(watchClock, () => clock.now);
  const quote = newer(feed.board.get(pair), listed);
  if (quote === undefined || quote.atMs === 0) return <span className="text-ink-3">{MISSING}</span>;
  const age = Math.max(0, now + live.skewMs - quote.atMs);
  const text = age < 2_000 ? "now" : formatAge(age);
  return <span className={`tabular-nums ${quote.stale ? "text-warn" : "text-ink-2"}`}>{text}</span>;
}

/** Whether the price is older than it should be; renders only when that changes. */
export function useStalePrice(pair: string, listed?: Quote): boolean {
  const watch = useMemo(() => (told: () => void) => feed.board.watch(pair, told), [pair]);
  return useSyncExternalStore(watch, () => newer(feed.board.get(pair), listed)?.stale ?? true);
}
