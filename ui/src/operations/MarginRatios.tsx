import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { formatQuantity } from "@/format/amounts";
import { compare } from "@/format/decimal";
import { useManner } from "@/hooks/preferences";
import { Bar } from "./Bar";

/** How many accounts stand how near to their liquidation, which is at a ratio of 1. */
export function MarginRatios({ bands }: { bands: readonly Schemas["RatioBandView"][] }): ReactNode {
  const { locale } = useManner();
  if (bands.length === 0) return null;
  const most = Math.max(1, ...bands.map((band) => band.accounts));
  return (
    <div className="border-t border-line px-3 py-2.5">
      <h3 className="mb-1.5 text-[12px] text-ink-2">Accounts by margin ratio; at 1 a liquidation begins</h3>
      <ul className="grid gap-x-6 gap-y-1 sm:grid-cols-[repeat(auto-fit,minmax(180px,1fr))]">
        {bands.map((band) => {
          const from = formatQuantity(band.at_least, locale, 2);
          const to = band.below === null ? "or more" : `to ${formatQuantity(band.below, locale, 2)}`;
          return (
            <li key={band.at_least} className="flex items-center gap-2 text-[12px]">
              <span className="w-20 shrink-0 tabular-nums text-ink-2">
                {from} {to}
              </span>
              <Bar share={band.accounts / most} tone={compare(band.at_least, "0.8") >= 0 ? "bad" : "plain"} />
              <span className="w-8 shrink-0 text-right tabular-nums">{band.accounts}</span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
