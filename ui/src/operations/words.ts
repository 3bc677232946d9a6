/** How figures and names of the operator's screens are written. */
import type { Schemas } from "@/api/client";
import type { Tone } from "@/components/Badge";
import { formatCompact, formatFixed, formatQuantity, MISSING } from "@/format/amounts";
import { compare, multiply } from "@/format/decimal";

export type Kpi = Schemas["KpiView"];

/** A figure of a KPI in its unit. */
export function formatKpi(value: string | null, unit: string, locale: string): string {
  if (value === null) return MISSING;
  if (unit === "share") return `${formatQuantity(multiply(value, "100"), locale, 3)}%`;
  if (unit === "ms") return `${formatFixed(value, compare(value, "100") < 0 ? 1 : 0, locale)} ms`;
  if (unit === "usdt") return `${formatCompact(value, locale)} USDT`;
  return formatQuantity(value, locale, 2);
}

export const SEVERITY_TONES: Readonly<Record<Schemas["SeverityName"], Tone>> = {
  low: "neutral",
  medium: "warn",
  high: "bad",
};

export const CASE_TONES: Readonly<Record<Schemas["State"], Tone>> = {
  open: "warn",
  acknowledged: "accent",
  resolved: "good",
};

export const TRADING_TONES: Readonly<Record<Schemas["TradingState"], Tone>> = {
  active: "good",
  "reduce-only": "warn",
  halted: "bad",
};

export const ENGINE_TONES: Readonly<Record<Schemas["EngineState"], Tone>> = {
  running: "good",
  starting: "warn",
  rebuilding: "warn",
  standby: "neutral",
  away: "bad",
  refused: "bad",
  closed: "bad",
};

export const ENGINE_SAID: Readonly<Record<Schemas["EngineState"], string>> = {
  running: "This process writes the paper exchange.",
  starting: "The paper exchange is starting.",
  rebuilding: "The state is made again from the journal.",
  standby: "Another process writes; this one stands by.",
  away: "The writer does not answer.",
  refused: "The journal was refused; `plimsoll engine verify` says why.",
  closed: "The paper exchange has been stopped.",
};

export const SOURCE_TONES: Readonly<Record<Schemas["SourceState"], Tone>> = {
  live: "good",
  starting: "neutral",
  degraded: "warn",
  stale: "bad",
};

export const RULES: Readonly<Record<Schemas["CaseView"]["rule"], { name: string; figure: string }>> = {
  leverage: { name: "Leverage", figure: "leverage in use ÷ what the tier allows; over at 0.8" },
  exposure: { name: "Exposure", figure: "notional ÷ threshold" },
  liquidations: { name: "Liquidations", figure: "how often one began in 24 hours" },
  "self-trades": { name: "Self-trades", figure: "wash-like notional ÷ all of it, of a day" },
  "order-to-trade": { name: "Order to trade", figure: "orders, changes and cancels ÷ fills, of a day" },
  "new-place": { name: "New place", figure: "1, and 1 more for each thing that makes the sign-in odd" },
};

/** tier-set → Tier set; venue_notional → Venue notional */
export function spoken(name: string): string {
  const words = name.replaceAll(/[-_.]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Of an id only its end differs visibly from others made in the same minute. */
export function shortId(id: string): string {
  return `…${id.slice(-8)}`;
}
