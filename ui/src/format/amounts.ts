/** Amounts as people read them. The locale is the reader's; digits are cut by what they are for. */
import { compare, round, signOf } from "./decimal";

export const MISSING = "—";
const MINUS = "\u2212";

export interface Manner {
  readonly locale: string;
  /** Hide amounts of one's own: privacy mode. */
  readonly privacy: boolean;
}

export const HIDDEN = "•••••";

const separators = new Map<string, readonly [group: string, point: string]>();

/** Kept: making a formatter costs more than everything else of a price, and prices come by the thousand. */
function separatorsOf(locale: string): readonly [group: string, point: string] {
  let found = separators.get(locale);
  if (found === undefined) {
    const parts = new Intl.NumberFormat(locale).formatToParts(12345.6);
    const of = (type: string, otherwise: string): string =>
      parts.find((part) => part.type === type)?.value ?? otherwise;
    separators.set(locale, (found = [of("group", ","), of("decimal", ".")]));
  }
  return found;
}

function grouped(fixed: string, locale: string): string {
  const negative = fixed.startsWith("-");
  const [whole = "0", fraction] = (negative ? fixed.slice(1) : fixed).split(".");
  const [group, point] = separatorsOf(locale);
  const grouping = whole.replace(/\B(?=(\d{3})+(?!\d))/g, group);
  return (negative ? MINUS : "") + grouping + (fraction === undefined ? "" : point + fraction);
}

/** Exactly `places` places. */
export function formatFixed(text: string, places: number, locale = "en"): string {
  return grouped(round(text, places), locale);
}

/** All places there are, trailing zeros cut, at most `most`. */
export function formatQuantity(text: string, locale = "en", most = 8): string {
  const rounded = round(text, most);
  const cut = rounded.includes(".") ? rounded.replace(/\.?0+$/, "") : rounded;
  if (cut === "0" || cut === "-0") {
    return signOf(text) === 0 ? "0" : `<${grouped(round("1e-" + most, most), locale)}`;
  }
  return grouped(cut, locale);
}

/** Places that a price of this size needs: 64,000.50, 1.2345, 0.00001234. */
export function placesOfPrice(text: string): number {
  const size = Math.abs(Number(text));
  if (size === 0) return 2;
  if (size >= 1000) return 2;
  if (size >= 1) return 4;
  return Math.min(12, 4 - Math.floor(Math.log10(size)) - 1);
}

export function formatPrice(text: string | null | undefined, locale = "en", places?: number): string {
  if (text === null || text === undefined) return MISSING;
  return formatFixed(text, places ?? placesOfPrice(text), locale);
}

const SYMBOLS: Readonly<Record<string, string>> = { usd: "$", eur: "€", gbp: "£", jpy: "¥", chf: "CHF " };
const PLACES: Readonly<Record<string, number>> = { jpy: 0, krw: 0 };

/** Money in a currency: two places, its sign before the symbol. */
export function formatMoney(text: string | null | undefined, currency: string, locale = "en"): string {
  if (text === null || text === undefined) return MISSING;
  const code = currency.toLowerCase();
  const fixed = formatFixed(text, PLACES[code] ?? 2, locale);
  const symbol = SYMBOLS[code];
  if (symbol === undefined) return `${fixed} ${currency.toUpperCase()}`;
  return fixed.startsWith(MINUS) ? MINUS + symbol + fixed.slice(1) : symbol + fixed;
}

const STEPS: readonly [letter: string, power: number][] = [
  ["T", 12],
  ["B", 9],
  ["M", 6],
  ["K", 3],
];

/** 1.23M: for volumes, where three digits are enough. */
export function formatCompact(text: string | null | undefined, locale = "en"): string {
  if (text === null || text === undefined) return MISSING;
  const size = text.replace(/^-/, "");
  for (const [letter, power] of STEPS) {
    // By what the smaller unit would show: what it rounds to a thousand is one of the larger.
    if (compare(round(`${size}e-${power - 3}`, 2), "1000") >= 0)
      return formatFixed(`${text}e-${power}`, 2, locale) + letter;
  }
  return formatFixed(text, 2, locale);
}

/** A share (0.0123) as a percentage (1.23%); `signed` shows the plus. */
export function formatShare(
  text: string | null | undefined,
  { places = 2, locale = "en", signed = false }: { places?: number; locale?: string; signed?: boolean } = {},
): string {
  if (text === null || text === undefined) return MISSING;
  return withSign(`${text}e2`, places, locale, signed) + "%";
}

/** A number that is a percentage already (1.23 → 1.23%). */
export function formatPercent(
  text: string | null | undefined,
  { places = 2, locale = "en", signed = false }: { places?: number; locale?: string; signed?: boolean } = {},
): string {
  if (text === null || text === undefined) return MISSING;
  return withSign(text, places, locale, signed) + "%";
}

function withSign(text: string, places: number, locale: string, signed: boolean): string {
  const fixed = formatFixed(text, places, locale);
  return signed && signOf(text) > 0 ? `+${fixed}` : fixed;
}
