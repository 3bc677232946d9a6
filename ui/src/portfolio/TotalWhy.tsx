/** The totals, holding by holding. */
import type { ReactNode } from "react";
import { Change } from "@/components/Change";
import { Coin, useSymbol } from "@/components/Coin";
import { Table } from "@/components/Table";
import { WalletName } from "@/components/Wallet";
import { useOwnMoney } from "@/hooks/preferences";
import { useCurrency, type Summary } from "./queries";
import { Part, Sum } from "./Steps";
import { Why } from "./Why";

export function TotalWhy({ summary }: { summary: Summary }): ReactNode {
  const currency = useCurrency();
  const money = useOwnMoney();
  const symbolOf = useSymbol();
  return (
    <>
      <Sum
        parts={[
          ["Value: the sum of quantity × price", money(summary.value)],
          ["less cost: what it took to get it, fees included", money(summary.cost)],
          [
            "Unrealised profit",
            <span key="profit">
              <Change value={summary.unrealised_profit} as="money" currency={currency} own />{" "}
              <Change value={summary.unrealised_profit_percent} as="percent" />
            </span>,
          ],
        ]}
      />
      <Part title="Coin by coin">
        <Table
          label="Coin by coin"
          keyOf={(line) => line.coin_id}
          rows={summary.holdings}
          columns={[
            {
              id: "coin",
              header: "Coin",
              cell: (line) => (
                <Why of={`coin.${line.coin_id}`} label={line.symbol}>
                  <Coin id={line.coin_id} />
                </Why>
              ),
            },
            { id: "value", header: "Value", num: true, cell: (line) => money(line.value) },
            { id: "cost", header: "Cost", num: true, cell: (line) => money(line.cost) },
            {
              id: "profit",
              header: "Profit",
              num: true,
              cell: (line) => <Change value={line.unrealised_profit} as="money" currency={currency} own />,
            },
          ]}
        />
      </Part>
      {summary.unvalued.length > 0 && (
        <p className="mt-2 text-[13px] text-warn">
          In no total, for want of a price:{" "}
          {[...new Set(summary.unvalued.map((line) => symbolOf(line.coin_id)))].join(", ")}.
        </p>
      )}
      <Part title="Wallet by wallet">
        <Table
          label="Wallet by wallet"
          keyOf={(wallet) => wallet.wallet_id}
          rows={summary.wallets}
          columns={[
            { id: "wallet", header: "Wallet", cell: (wallet) => <WalletName id={wallet.wallet_id} /> },
            { id: "value", header: "Value", num: true, cell: (wallet) => money(wallet.value) },
            { id: "cost", header: "Cost", num: true, cell: (wallet) => money(wallet.cost) },
            {
              id: "profit",
              header: "Profit",
              num: true,
              cell: (wallet) => (
                <Change value={wallet.unrealised_profit} as="money" currency={currency} own />
              ),
            },
          ]}
        />
      </Part>
    </>
  );
}

export function ChangeWhy({ summary }: { summary: Summary }): ReactNode {
  const currency = useCurrency();
  const money = useOwnMoney();
  return (
    <>
      <p className="mb-3 text-[13px] text-ink-2">
        What holdings worth {money(summary.change_24h_of)} moved in 24 hours, at the quantities of now: those
        whose prices carry a change.
      </p>
      <Table
        label="Change coin by coin"
        keyOf={(line) => line.coin_id}
        rows={summary.holdings}
        columns={[
          {
            id: "coin",
            header: "Coin",
            cell: (line) => (
              <Why of={`coin.${line.coin_id}`} label={line.symbol}>
                <Coin id={line.coin_id} />
              </Why>
            ),
          },
          {
            id: "percent",
            header: "Price",
            num: true,
            cell: (line) => <Change value={line.change_24h_percent} as="percent" />,
          },
          {
            id: "change",
            header: "Change",
            num: true,
            cell: (line) => <Change value={line.change_24h} as="money" currency={currency} own />,
          },
        ]}
      />
      <div className="mt-3">
        <Sum
          parts={[
            [
              "Together",
              <span key="all">
                <Change value={summary.change_24h} as="money" currency={currency} own />{" "}
                <Change value={summary.change_24h_percent} as="percent" />
              </span>,
            ],
          ]}
        />
      </div>
    </>
  );
}
