/** The bars of a chart: strictly rising in time, each once, and with their gaps. */
import { MOST_BARS, type Bar } from "./port";

/** A hole is drawn as wide as it is up to so many bars: after a month without data nobody wants to scroll a month. */
export const WIDEST_GAP = 120;

export type Verdict = "appended" | "replaced" | "dropped";

export class Bars {
  #bars: Bar[] = [];
  #at = new Map<number, number>();
  readonly #most: number;
  dropped = 0;

  constructor(most = MOST_BARS) {
    this.#most = most;
  }

  get all(): readonly Bar[] {
    return this.#bars;
  }

  get last(): Bar | undefined {
    return this.#bars.at(-1);
  }

  get(timeMs: number): Bar | undefined {
    const at = this.#at.get(timeMs);
    return at === undefined ? undefined : this.#bars[at];
  }

  set(bars: readonly Bar[]): void {
    const byTime = new Map<number, Bar>();
    for (const bar of bars) if (isDrawable(bar)) byTime.set(bar.timeMs, bar);
    this.#bars = [...byTime.values()].sort((a, b) => a.timeMs - b.timeMs).slice(-this.#most);
    this.#index();
  }

  put(bar: Bar): Verdict {
    if (!isDrawable(bar)) return this.#drop();
    const at = this.#at.get(bar.timeMs);
    if (at !== undefined) {
      this.#bars[at] = bar;
      return "replaced";
    }
    const last = this.last;
    if (last !== undefined && bar.timeMs < last.timeMs) return this.#drop();
    this.#at.set(bar.timeMs, this.#bars.length);
    this.#bars.push(bar);
    // A tenth more before it is cut: cutting costs as much as there are bars.
    if (this.#bars.length > this.#most * 1.1) this.set(this.#bars);
    return "appended";
  }

  /** The newest bar that opens at that time or before. */
  barAt(timeMs: number): Bar | undefined {
    let low = 0;
    let high = this.#bars.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#bars[middle]?.timeMs ?? Infinity) <= timeMs) low = middle + 1;
      else high = middle;
    }
    return this.#bars[low - 1];
  }

  #drop(): Verdict {
    this.dropped += 1;
    return "dropped";
  }

  #index(): void {
    this.#at = new Map(this.#bars.map((bar, index) => [bar.timeMs, index]));
  }
}

const FINALITY: Readonly<Record<Bar["state"], number>> = { synthetic: 0, forming: 1, closed: 2, amended: 3 };

/**
 * Whether `read`, of an answer, is certainly newer than `told`, which the stream said of the same bar since that was
 * asked for. The wire has no other number of a change: alike, the stream counts, for whatever comes after it tells, too.
 */
function isNewer(read: Bar, told: Bar): boolean {
  return FINALITY[read.state] > FINALITY[told.state];
}

/** The bars of an answer, as they are after what the stream said since it was asked for. */
export function withTold(read: readonly Bar[], told: Iterable<Bar>): Bar[] {
  const byTime = new Map(read.map((bar) => [bar.timeMs, bar]));
  for (const bar of told) {
    const known = byTime.get(bar.timeMs);
    if (known === undefined || !isNewer(known, bar)) byTime.set(bar.timeMs, bar);
  }
  return [...byTime.values()];
}

/** Takes out of what waits to be drawn, in the background for hours, what is there as it was later. */
export function dropOlder(waiting: Map<number, Bar>, bars: readonly Bar[]): void {
  for (const bar of bars) {
    const old = waiting.get(bar.timeMs);
    if (old !== undefined && isNewer(bar, old)) waiting.delete(bar.timeMs);
  }
}

/** What the stream says of one series of bars, for answers that are as old as their question. */
export class ToldBars {
  readonly #told = new Map<number, { bar: Bar; atMs: number }>();

  /** `atMs`: when it was heard, on any clock that only goes forward. */
  take(bar: Bar, atMs: number): void {
    this.#told.set(bar.timeMs, { bar, atMs });
  }

  /** The bars of an answer that was asked for at `askedMs`; what was heard before is in it, and forgotten. */
  over(read: readonly Bar[], askedMs: number): Bar[] {
    for (const [timeMs, { atMs }] of this.#told) if (atMs < askedMs) this.#told.delete(timeMs);
    return withTold(
      read,
      [...this.#told.values()].map(({ bar }) => bar),
    );
  }
}

/** A price is above 0: whatever says otherwise is an outage, and an outage is a gap. */
function isDrawable(bar: Bar): boolean {
  return [bar.open, bar.high, bar.low, bar.close].every((price) => Number(price) > 0);
}

/** Times without a bar between two that have one: what makes a hole visible. */
export function missingBetween(beforeMs: number, afterMs: number, stepMs: number): number[] {
  if (stepMs <= 0) return [];
  const missing = Math.min(Math.ceil((afterMs - beforeMs) / stepMs - 0.5) - 1, WIDEST_GAP);
  return Array.from({ length: Math.max(0, missing) }, (_, index) => beforeMs + (index + 1) * stepMs);
}

/** Every time of the axis, with the bar that is there or null. */
export function withGaps(bars: readonly Bar[], stepMs: number): [number, Bar | null][] {
  const rows: [number, Bar | null][] = [];
  let before: number | null = null;
  for (const bar of bars) {
    if (before !== null)
      for (const timeMs of missingBetween(before, bar.timeMs, stepMs)) rows.push([timeMs, null]);
    rows.push([bar.timeMs, bar]);
    before = bar.timeMs;
  }
  return rows;
}
