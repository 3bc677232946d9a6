/**
 * The candles of one pair on a chart: pages of the past from the route, the present from the stream. After a break the
 * newest page is read again: no hole is left that the service could fill, and no bar that it does not know any more.
 */
import { answer, api, type Schemas } from "@/api/client";
import { withTold } from "@/chart/bars";
import { MOST_BARS, type Bar, type ChartPort } from "@/chart/port";
import type { Frame } from "@/stream/messages";
import { STEP_MS, type ShownInterval } from "./intervals";

export const PAGE_BARS = 1_000;
export const SNAPSHOT_BARS = 300;
/** Older bars are asked for when fewer than so many are left of what is seen. */
const NEAR_BARS = 60;

export interface Row {
  readonly time_ms: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  readonly state: Bar["state"];
}

export interface CandlePage {
  readonly candles: readonly Row[];
  /** Ask with this as `to` for the page before; null: there is none. */
  readonly next_to: number | null;
}

export type ReadPage = (to: number | null, signal: AbortSignal) => Promise<CandlePage>;

export function readPages(base: string, quote: string, interval: ShownInterval): ReadPage {
  return async (to, signal) => {
    const query = { interval, limit: PAGE_BARS, ...(to === null ? {} : { to: String(to) }) };
    const params = { path: { base, quote }, query };
    const page = await answer(api.GET("/api/v1/markets/{base}/{quote}/candles", { params, signal }));
    return page as unknown as Schemas["CandlesView"];
  };
}

export interface LoadState {
  readonly at: "loading" | "ready" | "failed";
  readonly bars: number;
  readonly error?: unknown;
}

const barOf = ({ time_ms: timeMs, open, high, low, close, volume, state }: Row): Bar => ({
  timeMs,
  open,
  high,
  low,
  close,
  volume,
  state,
});

export class CandleLoader {
  readonly #chart: Pick<ChartPort, "setBars" | "updateBar" | "bars">;
  readonly #read: ReadPage;
  readonly #stepMs: number;
  readonly #tell: (state: LoadState) => void;
  readonly #end = new AbortController();
  #nextTo: number | null = null;
  #ready = false;
  #begun = false;
  #reading: "newest" | "older" | null = null;
  /** The newest page is asked for as soon as the one is there that is being read. */
  #again = false;
  /** What the stream said since the newest page was asked for, or was to be. */
  #early = new Map<number, Bar>();
  /** The newest bar from before a break that was not mended yet. */
  #heldMs = Infinity;

  constructor(
    chart: Pick<ChartPort, "setBars" | "updateBar" | "bars">,
    read: ReadPage,
    interval: ShownInterval,
    tell: (state: LoadState) => void,
  ) {
    this.#chart = chart;
    this.#read = read;
    this.#stepMs = STEP_MS[interval];
    this.#tell = tell;
    chart.setBars([], this.#stepMs);
  }

  /** Read the newest page. From its first bar on nothing else is believed, but what was said since. */
  async start(): Promise<void> {
    if (!this.#ready) this.#tell({ at: "loading", bars: 0 });
    await this.#get("newest", null, ({ candles, next_to: nextTo }) => {
      const first = candles[0]?.time_ms ?? -Infinity;
      const meets = nextTo !== null && this.#heldMs >= first;
      const before = meets ? this.#chart.bars().filter(({ timeMs }) => timeMs < first) : [];
      if (before.length === 0) this.#nextTo = nextTo;
      const bars = withTold([...before, ...candles.map(barOf)], this.#early.values());
      this.#early.clear();
      this.#heldMs = Infinity;
      this.#ready = true;
      return bars;
    });
  }

  async older(): Promise<void> {
    const to = this.#nextTo;
    if (to === null || !this.#ready || this.#reading || this.#chart.bars().length >= MOST_BARS) return;
    await this.#get("older", to, (page) => {
      this.#nextTo = page.next_to;
      return [...page.candles.map(barOf), ...this.#chart.bars()];
    });
  }

  /** Whether it is time for older bars. */
  see(barsBefore: number): void {
    if (barsBefore < NEAR_BARS) void this.older();
  }

  take(frame: Frame): void {
    const rows = (frame as unknown as { candles?: readonly Row[] }).candles ?? [];
    // The first snapshot belongs to the beginning; whatever comes after a second one was said after a break.
    const broken = frame.type === "snapshot" && this.#begun;
    this.#begun ||= frame.type === "snapshot";
    if (broken) this.#early.clear();
    if (broken || !this.#ready || this.#reading === "newest" || this.#again)
      for (const row of rows) this.#early.set(row.time_ms, barOf(row));
    if (this.#ready) {
      const last = this.#chart.bars().at(-1);
      if (broken) this.#heldMs = Math.min(this.#heldMs, last?.timeMs ?? -Infinity);
      for (const row of rows) this.#chart.updateBar(barOf(row));
      if (last === undefined && rows.length > 0) this.#tell({ at: "ready", bars: rows.length });
    }
    if (broken) void this.start();
  }

  end(): void {
    this.#end.abort();
  }

  async #get(
    which: "newest" | "older",
    to: number | null,
    merge: (page: CandlePage) => readonly Bar[],
  ): Promise<void> {
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = which;
    try {
      const page = await this.#read(to, this.#end.signal);
      if (this.#end.signal.aborted) return;
      this.#chart.setBars(merge(page), this.#stepMs);
      this.#tell({ at: "ready", bars: this.#chart.bars().length });
    } catch (error) {
      if (this.#end.signal.aborted) return;
      // What is on the chart stays; older bars are asked for again with the next scroll.
      this.#tell({ at: this.#ready ? "ready" : "failed", bars: this.#chart.bars().length, error });
    } finally {
      this.#reading = null;
    }
    if (!this.#again) return;
    this.#again = false;
    await this.start();
  }
}
