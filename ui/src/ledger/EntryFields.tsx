import type { ReactNode } from "react";
import { AssetField } from "@/components/AssetField";
import { useSymbol } from "@/components/Coin";
import { AmountField, ChoiceField, Field } from "@/components/Field";
import { ZoneNote } from "@/components/Time";
import { formatPrice } from "@/format/amounts";
import { divide, isDecimal, signOf } from "@/format/decimal";
import { useManner } from "@/hooks/preferences";
import { currencyOf, type Entry } from "./entry";
import type { Faults } from "./EntryForm";
import { KINDS, type Kind } from "./kinds";
import { WalletField } from "./WalletField";

interface Props {
  entry: Entry;
  change: (changes: Partial<Entry>) => void;
  faults: Faults;
}

const ROW = "grid grid-cols-1 gap-3 sm:grid-cols-2 lg:grid-cols-3";

export function EntryFields({
  entry,
  change,
  faults,
  kinds,
  clock,
  setClock,
}: Props & {
  kinds: readonly Kind[];
  clock: string;
  setClock: (clock: string) => void;
}): ReactNode {
  const form = KINDS[entry.kind].form;
  return (
    <>
      {kinds.length > 1 && (
        <div className={ROW}>
          <ChoiceField
            label="Kind"
            value={entry.kind}
            onChange={(event) => change({ kind: event.target.value as Kind })}
            choices={kinds.map((kind) => ({ value: kind, label: KINDS[kind].name }))}
          />
        </div>
      )}
      <Main {...{ entry, change, faults }} />
      {(form === "trade" || form === "swap") && <Other {...{ entry, change, faults }} />}
      {form === "transfer" && (
        <div className={ROW}>
          <WalletField
            label="To"
            value={entry.otherWallet}
            fault={faults.otherWallet}
            onChange={(otherWallet) => change({ otherWallet })}
          />
        </div>
      )}
      {(form === "in" || form === "swap" || form === "fee") && <Worth {...{ entry, change, faults }} />}
      {form !== "fee" && <Fee {...{ entry, change, faults }} />}
      <div className={ROW}>
        <Field
          type="datetime-local"
          step={1}
          label="When"
          value={clock}
          onChange={(event) => setClock(event.target.value)}
          fault={faults.at}
          hint={<ZoneNote prefix="Empty: now. In" />}
        />
        <div className="lg:col-span-2">
          <Field
            label="Note"
            maxLength={1000}
            value={entry.note}
            onChange={(event) => change({ note: event.target.value })}
            fault={faults.note}
          />
        </div>
      </div>
    </>
  );
}

const MAIN_WORDS: Readonly<Record<string, readonly [coin: string, quantity: string, wallet: string]>> = {
  buy: ["What was bought", "Quantity", "Into"],
  sell: ["What was sold", "Quantity", "From"],
  spend: ["What was spent", "Quantity", "From"],
  swap: ["What was given", "Quantity given", "Wallet"],
  transfer: ["What was moved", "Quantity that arrived", "From"],
  in: ["What came in", "Quantity", "Into"],
  out: ["What went out", "Quantity", "From"],
  fee: ["What the fee was paid in", "Quantity", "From"],
};

function Main({ entry, change, faults }: Props): ReactNode {
  const [coin, quantity, wallet] = MAIN_WORDS[entry.kind] ??
    MAIN_WORDS[KINDS[entry.kind].form] ?? ["Coin", "Quantity", "Wallet"];
  return (
    <div className={ROW}>
      <AssetField
        label={coin}
        placeholder="BTC"
        value={entry.coin}
        fault={faults.coin}
        onChange={(id) => change({ coin: id })}
      />
      <AmountField
        label={quantity}
        value={entry.quantity}
        fault={faults.quantity}
        onChange={(event) => change({ quantity: event.target.value.trim() })}
      />
      <WalletField
        label={wallet}
        value={entry.wallet}
        fault={faults.wallet}
        onChange={(id) => change({ wallet: id })}
      />
    </div>
  );
}

function Other({ entry, change, faults }: Props): ReactNode {
  const { locale } = useManner();
  const symbolOf = useSymbol();
  const trade = KINDS[entry.kind].form === "trade";
  const buy = entry.kind === "buy";
  const price =
    isDecimal(entry.quantity) && isDecimal(entry.otherQuantity) && signOf(entry.quantity) > 0
      ? divide(entry.otherQuantity, entry.quantity)
      : null;
  return (
    <div className={ROW}>
      <AssetField
        label={trade ? (buy ? "Paid in" : "Received in") : "What was received"}
        placeholder={trade ? "USD" : "ETH"}
        value={entry.otherCoin}
        fault={faults.otherCoin}
        onChange={(otherCoin) => change({ otherCoin })}
      />
      <AmountField
        label={
          trade ? (buy ? "Paid in all, without fee" : "Received in all, before fee") : "Quantity received"
        }
        value={entry.otherQuantity}
        fault={faults.otherQuantity}
        onChange={(event) => change({ otherQuantity: event.target.value.trim() })}
        hint={price === null ? undefined : `${formatPrice(price, locale)} ${symbolOf(entry.otherCoin)} each`}
      />
      {trade && (
        <WalletField
          label={buy ? "Paid from" : "Received in wallet"}
          outside="Outside of my wallets"
          value={entry.otherWallet}
          fault={faults.otherWallet}
          onChange={(otherWallet) => change({ otherWallet })}
        />
      )}
    </div>
  );
}

function Worth({ entry, change, faults }: Props): ReactNode {
  const symbolOf = useSymbol();
  if (entry.coin !== "" && entry.coin === entry.currency) return null;
  return (
    <div className={ROW}>
      <AmountField
        label={`Worth then, in ${symbolOf(entry.currency)}`}
        value={entry.worth}
        fault={faults.worth}
        onChange={(event) => change({ worth: event.target.value.trim() })}
        hint="Of all of it. Empty is enough for what happens now: the latest price counts."
      />
    </div>
  );
}

function Fee({ entry, change, faults }: Props): ReactNode {
  const symbolOf = useSymbol();
  const currency = currencyOf(entry);
  const usual = KINDS[entry.kind].form === "trade" ? entry.otherCoin : entry.coin;
  const feeCoin = entry.feeCoin || usual;
  return (
    <div className={ROW}>
      <AmountField
        label="Fee"
        value={entry.fee}
        fault={faults.fee}
        onChange={(event) => change({ fee: event.target.value.trim() })}
        hint="Empty: none"
      />
      <AssetField
        label="Fee paid in"
        placeholder="BTC"
        value={feeCoin}
        fault={faults.feeCoin}
        onChange={(id) => change({ feeCoin: id })}
      />
      {entry.fee !== "" && feeCoin !== currency && KINDS[entry.kind].form !== "transfer" && (
        <AmountField
          label={`Worth of the fee, in ${symbolOf(currency)}`}
          value={entry.feeWorth}
          fault={faults.feeWorth}
          onChange={(event) => change({ feeWorth: event.target.value.trim() })}
          hint="Empty is enough for what happens now"
        />
      )}
    </div>
  );
}
