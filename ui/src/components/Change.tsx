import type { ReactNode } from "react";
import { formatMoney, formatPercent, formatShare, HIDDEN, MISSING } from "@/format/amounts";
import { signOf } from "@/format/decimal";
import { useManner } from "@/hooks/preferences";

const TONES = { "-1": "text-down", "0": "text-ink-2", "1": "text-up" } as const;

export function toneOf(text: string | null | undefined): string {
  return text === null || text === undefined ? "text-ink-3" : TONES[`${signOf(text)}`];
}

/** A change: always with its sign, so that the colour is never the only thing that says it. */
export function Change({
  value,
  as,
  currency = "usd",
  own = false,
  places = 2,
}: {
  value: string | null | undefined;
  /** share: 0.01 is 1 %; percent: 1 is 1 %; money: an amount. */
  as: "share" | "percent" | "money";
  currency?: string;
  /** An amount of one's own: hidden in privacy mode. */
  own?: boolean;
  places?: number;
}): ReactNode {
  const { locale, privacy } = useManner();
  if (value === null || value === undefined) return <span className="text-ink-3">{MISSING}</span>;
  if (own && privacy && as === "money") return <span>{HIDDEN}</span>;
  const text =
    as === "money"
      ? (signOf(value) > 0 ? "+" : "") + formatMoney(value, currency, locale)
      : (as === "share" ? formatShare : formatPercent)(value, { places, locale, signed: true });
  return <span className={`tabular-nums ${toneOf(value)}`}>{text}</span>;
}
