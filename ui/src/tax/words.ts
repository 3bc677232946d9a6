/** The words of tax reports: countries, methods, rules. */
import type { Schemas } from "@/api/client";
import { placeOf } from "@/api/place";
import type { Tone } from "@/components/Badge";

export type Run = Schemas["RunView"];
export type RunDetail = Schemas["RunDetailView"];
export type Way = Schemas["Way"];
export type Jurisdiction = Schemas["JurisdictionView"];
export type Policy = Schemas["ShortfallPolicy"];
type Term = Schemas["Term"];

export const WAYS: Readonly<Record<Way, string>> = {
  fifo: "FIFO: first in, first out",
  lifo: "LIFO: last in, first out",
  hifo: "HIFO: highest cost first",
  lofo: "LOFO: lowest cost first",
  specific: "Specific: the units you picked",
  average: "Average cost",
  "section-104": "Section 104 pool",
  acb: "Adjusted cost base",
  "portfolio-fraction": "Share of the portfolio",
};

export const POLICIES: Readonly<Record<Policy, string>> = {
  "zero-basis": "cost 0: all of it is gain",
  exclude: "left out: no gain, still a gap",
  block: "no figures at all",
};

export const TERMS: Readonly<Record<Term, string>> = {
  short: "short-term",
  long: "long-term",
  exempt: "exempt",
  none: "—",
};

export function stateOf(run: Pick<Run, "draft" | "blocked">): readonly [string, Tone] {
  if (run.blocked) return ["blocked", "bad"];
  return run.draft ? ["draft", "warn"] : ["complete", "good"];
}

/** 2025, or 2025/26 where the tax year begins within a calendar year. */
export function nameOfYear(run: Pick<Run, "year" | "first" | "last">): string {
  const last = run.last.slice(0, 4);
  return last === String(run.year) ? last : `${run.year}/${last.slice(2)}`;
}

/** The tax years that there are reports of, the newest first; 2024/25 where one begins within a calendar year. */
export function yearChoices(
  rules: Pick<Jurisdiction, "first_year" | "last_year" | "year_starts_on">,
): readonly { value: string; label: string }[] {
  const within = rules.year_starts_on !== "01-01";
  return Array.from({ length: rules.last_year - rules.first_year + 1 }, (_, back) => {
    const year = rules.last_year - back;
    return { value: String(year), label: within ? `${year}/${String(year + 1).slice(2)}` : String(year) };
  });
}

/** The address of a file of a run, as a link can have it. */
export function addressOf(link: string): string {
  return placeOf(link);
}

export const NO_ADVICE =
  "Computed from what is recorded, by the published rules of the country. It is not tax advice.";

/**
 * A day of which the service wants a moment: noon in UTC is on that day in every zone with a tax here. The moment that
 * was known before stays as long as nobody chooses another day: at home it may be one of the next day.
 */
export function momentOfDay(day: string, before?: string | null): string | null {
  if (before != null && day === dayOfMoment(before)) return before;
  return day === "" ? null : `${day}T12:00:00Z`;
}

export function dayOfMoment(at: string | null | undefined): string {
  return at?.slice(0, 10) ?? "";
}
