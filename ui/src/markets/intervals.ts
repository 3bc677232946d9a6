/** How long a candle is, and how far back one looks with it. */
import type { Schemas } from "@/api/client";

export type Interval = Schemas["Interval"];

export const STEP_MS = {
  "1m": 60_000,
  "5m": 300_000,
  "15m": 900_000,
  "30m": 1_800_000,
  "1h": 3_600_000,
  "4h": 14_400_000,
  "1d": 86_400_000,
  "1w": 604_800_000,
} as const satisfies Partial<Record<Interval, number>>;

export type ShownInterval = keyof typeof STEP_MS;
export const INTERVALS = Object.keys(STEP_MS) as readonly ShownInterval[];

export function readInterval(text: string | undefined): ShownInterval {
  return INTERVALS.find((each) => each === text) ?? "5m";
}

export interface Range {
  readonly name: string;
  readonly title: string;
  readonly interval: ShownInterval;
  /** null: as far as there is anything. */
  readonly ms: number | null;
}

const DAY_MS = 86_400_000;

/** Each with the interval that shows it in a few hundred candles. */
export const RANGES: readonly Range[] = [
  { name: "3H", title: "The last 3 hours", interval: "1m", ms: DAY_MS / 8 },
  { name: "1D", title: "The last day", interval: "5m", ms: DAY_MS },
  { name: "1W", title: "The last week", interval: "30m", ms: 7 * DAY_MS },
  { name: "1M", title: "The last 30 days", interval: "4h", ms: 30 * DAY_MS },
  { name: "1Y", title: "The last year", interval: "1d", ms: 365 * DAY_MS },
  { name: "All", title: "Everything there is", interval: "1w", ms: null },
];
