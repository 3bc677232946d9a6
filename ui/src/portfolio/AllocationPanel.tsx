/** How what is held is divided. */
import type { ReactNode } from "react";
import { useSymbol } from "@/components/Coin";
import { Donut } from "@/components/Donut";
import { ChoiceField } from "@/components/Field";
import { Panel } from "@/components/Panel";
import { Answered, Empty, Stale } from "@/components/States";
import { useWallets } from "@/components/Wallet";
import { formatCompact, formatPercent, HIDDEN } from "@/format/amounts";
import { toFloat } from "@/format/decimal";
import { useManner, useOwnMoney } from "@/hooks/preferences";
import { useUrlState } from "@/hooks/url-state";
import { useAllocation, type Division } from "./queries";
import { Why } from "./Why";

const DIVISIONS: readonly { value: Division; label: string }[] = [
  { value: "asset", label: "By coin" },
  { value: "wallet", label: "By wallet" },
  { value: "currency", label: "By currency of cost" },
];

export function AllocationPanel(): ReactNode {
  const [chosen, choose] = useUrlState("by", "asset");
  const by = DIVISIONS.find(({ value }) => value === chosen)?.value ?? "asset";
  const allocation = useAllocation(by);
  const money = useOwnMoney();
  const { locale, privacy } = useManner();
  const symbolOf = useSymbol();
  const wallets = useWallets();
  const nameOf = (key: string): string =>
    by === "wallet" ? (wallets.find(({ id }) => id === key)?.name ?? key.slice(0, 8)) : symbolOf(key);
  return (
    <Panel
      title="Allocation"
      actions={
        <ChoiceField
          label="Divided"
          hideLabel
          value={by}
          onChange={(event) => choose(event.target.value)}
          choices={DIVISIONS}
        />
      }
    >
      <Answered
        query={allocation}
        empty={{
          when: ({ shares }) => shares.length === 0,
          show: <Empty title="Nothing to divide">Nothing that is held has a price.</Empty>,
        }}
      >
        {(data) => (
          <>
            <Donut
              label={`Allocation: ${data.shares.map(({ key, percent }) => `${nameOf(key)} ${formatPercent(percent, { locale, places: 1 })}`).join(", ")}`}
              middle={privacy ? HIDDEN : formatCompact(data.value, locale)}
              slices={data.shares.map(({ key, value, percent }) => ({
                key,
                name:
                  by === "asset" ? (
                    <Why of={`coin.${key}`} label={`share of ${nameOf(key)}`}>
                      {nameOf(key)}
                    </Why>
                  ) : (
                    nameOf(key)
                  ),
                part: percent === null ? 0 : toFloat(percent) / 100,
                percent: formatPercent(percent, { locale, places: 1 }),
                value: money(value),
              }))}
            />
            {data.stale && (
              <div className="px-3 pb-2">
                <Stale>With a price of an earlier day</Stale>
              </div>
            )}
            {data.unvalued.length > 0 && (
              <p className="px-3 pb-2 text-[12px] text-ink-3">
                Without {data.unvalued.map(symbolOf).join(", ")}: no price.
              </p>
            )}
          </>
        )}
      </Answered>
    </Panel>
  );
}
