/** Periods that can be chosen, as days of UTC: the service cuts its days there. */
export interface Range {
  readonly id: string;
  readonly label: string;
}

export const RANGES: readonly Range[] = [
  { id: "7d", label: "7 D" },
  { id: "1m", label: "1 M" },
  { id: "3m", label: "3 M" },
  { id: "ytd", label: "YTD" },
  { id: "1y", label: "1 Y" },
  { id: "all", label: "All" },
];

const DAYS: Readonly<Record<string, number>> = { "7d": 7, "1m": 30, "3m": 91, "1y": 365 };
export const DAY_MS = 86_400_000;

export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** The day before or after, so many days away. */
export function shiftDay(day: string, days: number): string {
  return dayOf(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS);
}

/** The first day of a range; null: that of the first transaction. */
export function firstDayOf(range: string, now: number = Date.now()): string | null {
  if (range === "ytd") return `${dayOf(now).slice(0, 4)}-01-01`;
  const days = DAYS[range];
  return days === undefined ? null : dayOf(now - (days - 1) * DAY_MS);
}
