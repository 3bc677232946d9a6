/** Moments as they are typed: the wall clock of the reader's zone. */
import { formatSecond, offsetSeconds, type Zone } from "@/format/times";

/** 2026-03-01T14:05:09 for an input of the type datetime-local. */
export function toClock(at: string, zone: Zone): string {
  return formatSecond(at, zone).replace(" ", "T");
}

/** The moment at which the clocks of the zone show this; null: nothing that can be read. */
export function fromClock(text: string, zone: Zone): string | null {
  const wall = Date.parse(`${text.length === 10 ? `${text}T00:00` : text}Z`);
  if (Number.isNaN(wall)) return null;
  // The offset of the guess may be that of the other side of a change of the clocks: once more with a better one.
  let at = wall - offsetSeconds(wall, zone) * 1000;
  at = wall - offsetSeconds(at, zone) * 1000;
  return new Date(at).toISOString();
}
