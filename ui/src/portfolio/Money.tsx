import type { ReactNode } from "react";
import { Change } from "@/components/Change";
import { formatFixed, formatShare, MISSING } from "@/format/amounts";
import { useManner, useOwnMoney } from "@/hooks/preferences";
import type { FigureOfPeriod } from "./figures";
import { useCurrency } from "./queries";

/** A figure of the period as people read it. */
export function FigureText({
  figure,
  value,
}: {
  figure: Pick<FigureOfPeriod, "as" | "signed">;
  value: string | null | undefined;
}): ReactNode {
  const currency = useCurrency();
  const own = useOwnMoney();
  const { locale } = useManner();
  if (value === null || value === undefined) return MISSING;
  if (figure.as === "money") {
    return figure.signed ? <Change value={value} as="money" currency={currency} own /> : own(value);
  }
  if (figure.as === "number") return formatFixed(value, 2, locale);
  if (figure.as === "days") return `${value} days`;
  return figure.signed ? <Change value={value} as="share" /> : formatShare(value, { locale });
}
