/** Times are UTC on the wire; here they are shown in one zone that the reader chose, and that is named. */

export interface Zone {
  readonly name: string;
  readonly locale: string;
}

type Given = string | number | Date;

const cache = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: Zone, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone.locale}|${zone.name}|${JSON.stringify(options)}`;
  let found = cache.get(key);
  if (found === undefined) {
    found = new Intl.DateTimeFormat(zone.locale, { timeZone: zone.name, hourCycle: "h23", ...options });
    cache.set(key, found);
  }
  return found;
}

function partsOf(at: Given, zone: Zone): Record<string, string> {
  const parts = formatter(
    { name: zone.name, locale: "en-GB" },
    {
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    },
  ).formatToParts(new Date(at));
  return Object.fromEntries(parts.map((part) => [part.type, part.value]));
}

/** 2026-03-01 */
export function formatDay(at: Given, zone: Zone): string {
  const { year, month, day } = partsOf(at, zone);
  return `${year}-${month}-${day}`;
}

/**
 * The day of something of which only the day is known: it is kept as the midnight at which that day began. Midnight of
 * UTC is the beginning of a day of UTC also for those to whom it is still the evening before.
 */
export function formatKnownDay(at: Given, zone: Zone): string {
  const iso = new Date(at).toISOString();
  return iso.endsWith("T00:00:00.000Z") ? iso.slice(0, 10) : formatDay(at, zone);
}

/** 2026-03-01 14:05 */
export function formatMinute(at: Given, zone: Zone): string {
  const { year, month, day, hour, minute } = partsOf(at, zone);
  return `${year}-${month}-${day} ${hour}:${minute}`;
}

/** 2026-03-01 14:05:09 */
export function formatSecond(at: Given, zone: Zone): string {
  return `${formatMinute(at, zone)}:${partsOf(at, zone)["second"]}`;
}

/** 14:05:09 */
export function formatClock(at: Given, zone: Zone): string {
  const { hour, minute, second } = partsOf(at, zone);
  return `${hour}:${minute}:${second}`;
}

/** The zone as it is called at that time: UTC, CET, GMT+5:30. */
export function nameOfZone(zone: Zone, at: Given = Date.now()): string {
  const parts = formatter({ name: zone.name, locale: "en-GB" }, { timeZoneName: "short" }).formatToParts(
    new Date(at),
  );
  return parts.find((part) => part.type === "timeZoneName")?.value ?? zone.name;
}

/** Seconds of the zone ahead of UTC at that time; charts shift their axis by it. */
export function offsetSeconds(at: Given, zone: Zone): number {
  const date = new Date(at);
  const { year, month, day, hour, minute, second } = partsOf(date, zone);
  const local = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  return Math.round((local - Math.floor(date.getTime() / 1000) * 1000) / 1000);
}

/** 3 s, 5 min, 2 h, 4 d */
export function formatAge(ms: number): string {
  const s = Math.max(0, ms) / 1000;
  if (s < 1) return "now";
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86_400)} d`;
}

export function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
