/**
 * The axis in the reader's zone. Points keep their UTC time, so the hour that a clock shows twice in autumn is two
 * hours on the axis; only what is written and which marks are large (midnight, a month) follow the zone.
 */
import { offsetSeconds, type Zone } from "../format/times";

const DAY_MS = 86_400_000;
const QUARTER_MS = 900_000;

/** Seconds since the epoch as the zone's own clock counts them. */
export class ZoneClock {
  readonly zone: Zone;
  readonly #offsets = new Map<number, number>();

  constructor(zone: Zone) {
    this.zone = zone;
  }

  localSeconds(utcSeconds: number): number {
    return utcSeconds + this.#offset(utcSeconds * 1000);
  }

  /** Asking the browser is slow: once per day suffices, but for the two days on which the clock changes. */
  #offset(timeMs: number): number {
    const day = Math.floor(timeMs / DAY_MS) * DAY_MS;
    const first = this.#at(day);
    return first === this.#at(day + DAY_MS) ? first : this.#at(Math.floor(timeMs / QUARTER_MS) * QUARTER_MS);
  }

  #at(timeMs: number): number {
    let offset = this.#offsets.get(timeMs);
    if (offset === undefined) this.#offsets.set(timeMs, (offset = offsetSeconds(timeMs, this.zone)));
    return offset;
  }
}

/** What a mark of the axis stands for, from large to small. */
export type Mark = "year" | "month" | "day" | "minute" | "second";

const two = (value: number): string => String(value).padStart(2, "0");

export function labelOfMark(clock: ZoneClock, utcSeconds: number, mark: Mark): string {
  const local = new Date(clock.localSeconds(utcSeconds) * 1000);
  const hour = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}`;
  if (mark === "year") return String(local.getUTCFullYear());
  if (mark === "month")
    return local.toLocaleDateString(clock.zone.locale, { month: "short", timeZone: "UTC" });
  if (mark === "day") return String(local.getUTCDate());
  return mark === "minute" ? hour : `${hour}:${two(local.getUTCSeconds())}`;
}

/** 2026-03-01 14:05, under the crosshair. */
export function labelOfTime(clock: ZoneClock, utcSeconds: number, seconds = false): string {
  const local = new Date(clock.localSeconds(utcSeconds) * 1000).toISOString();
  return local.slice(0, seconds ? 19 : 16).replace("T", " ");
}
