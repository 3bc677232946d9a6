/** Quantity × price, and the average cost from the purchases it is made of. */
import type { ReactNode } from "react";
import { Change } from "@/components/Change";
import { Coin, Quantity } from "@/components/Coin";
import { Answered, Empty, Stale } from "@/components/States";
import { Time, ZoneNote } from "@/components/Time";
import { WalletName } from "@/components/Wallet";
import { signOf } from "@/format/decimal";
import { useManner, useOwnMoney, usePriceFormat } from "@/hooks/preferences";
import { HIDDEN } from "@/format/amounts";
import { Entries } from "./Entries";
import { useCurrency, useHeld, type Held, type Line, type Summary } from "./queries";
import { Part, Sum, ToTransactions } from "./Steps";

export function CoinWhy({ coinId, summary }: { coinId: string; summary: Summary }): ReactNode {
  const held = useHeld(coinId);
  const line = summary.holdings.find((each) => each.coin_id === coinId);
  const unvalued = summary.unvalued.find((each) => each.coin_id === coinId);
  return (
    <>
      <p className="mb-3 text-[13px]">
        <Coin id={coinId} full />
      </p>
      {line && <ValueOf line={line} />}
      {line === undefined && (
        <Part title="Value">
          <p className="text-[13px] text-warn">
            {unvalued === undefined
              ? "None of it is held."
              : unvalued.reason === "no-price"
                ? "No source has a price, so it is in no total."
                : "There is no rate into your currency, so it is in no total."}
          </p>
          {unvalued && (
            <ToTransactions search={{ tab: "valuations", coin: coinId }}>Say what it is worth</ToTransactions>
          )}
        </Part>
      )}
      <Part title="Wallet by wallet: average cost = cost ÷ quantity">
        <Answered
          query={held}
          rows={3}
          empty={{ when: (rows) => rows.length === 0, show: <Empty title="No wallet holds it" /> }}
        >
          {(rows) => (
            <div className="flex flex-col gap-2">
              {rows.map((row) => (
                <HeldIn key={row.id} held={row} />
              ))}
            </div>
          )}
        </Answered>
      </Part>
      <Part title="Made of these transactions">
        <Entries query={{ coin_id: coinId }} coinId={coinId} none="No transaction has it." />
        <p className="mt-2 flex flex-wrap justify-between gap-2">
          <ToTransactions search={{ coin: coinId, voided: "shown" }}>
            All of them, with those that were voided
          </ToTransactions>
          <ZoneNote />
        </p>
      </Part>
    </>
  );
}

function ValueOf({ line }: { line: Line }): ReactNode {
  const currency = useCurrency();
  const money = useOwnMoney();
  const price = usePriceFormat();
  return (
    <Part title="Value = quantity × price">
      <Sum
        parts={[
          ["Quantity", <Quantity key="q" value={line.quantity} most={18} />],
          [
            `Price in ${currency.toUpperCase()}`,
            <span key="p">
              {price(line.price)}
              <span className="block text-[12px] font-normal text-ink-3">
                {line.source === "identity" ? (
                  "worth itself"
                ) : (
                  <>
                    {line.source}, <Time at={line.at} to="second" />
                  </>
                )}
              </span>
            </span>,
          ],
          ["Value", money(line.value)],
        ]}
      />
      {line.stale && (
        <p className="mt-2">
          <Stale>The newest price is old: its source has not answered since</Stale>
        </p>
      )}
      <div className="mt-2">
        <Sum
          parts={[
            ["Value", money(line.value)],
            [line.cost_converted ? "less cost, turned at today's rate" : "less cost", money(line.cost)],
            [
              "Profit, not realised",
              <span key="profit">
                <Change value={line.unrealised_profit} as="money" currency={currency} own />{" "}
                <Change value={line.unrealised_profit_percent} as="percent" />
              </span>,
            ],
          ]}
        />
      </div>
    </Part>
  );
}

function HeldIn({ held }: { held: Held }): ReactNode {
  const money = useOwnMoney();
  const price = usePriceFormat();
  const { privacy } = useManner();
  return (
    <div>
      <p className="mb-1 text-[13px] font-medium">
        <WalletName id={held.wallet_id} />
      </p>
      <Sum
        parts={[
          [
            "Cost, of which fees",
            <span key="cost">
              {money(held.cost, held.currency)}
              <span className="block text-[12px] text-ink-3">{money(held.fees, held.currency)} fees</span>
            </span>,
          ],
          ["Quantity", <Quantity key="q" value={held.quantity} most={18} />],
          [
            "Realised so far",
            <Change key="r" value={held.realised_profit} as="money" currency={held.currency} own />,
          ],
          [
            "Average cost",
            held.average_cost === null
              ? "none: nothing is left"
              : `${price(held.average_cost)} ${held.currency.toUpperCase()}`,
          ],
        ]}
      />
      {signOf(held.missing) !== 0 && (
        <p className="mt-1 text-[12px] text-warn">
          {privacy ? HIDDEN : held.missing} more went out than is known to have come in; they cost nothing.{" "}
          <ToTransactions search={{ coin: held.coin_id, add: "opening" }}>
            Record what was there before
          </ToTransactions>
        </p>
      )}
    </div>
  );
}
