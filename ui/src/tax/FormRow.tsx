/** The fields of one row of a form 1099-DA. */
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { AssetField } from "@/components/AssetField";
import { IconButton } from "@/components/Button";
import { AmountField, ChoiceField, Field } from "@/components/Field";
import { useWallets } from "@/components/Wallet";
import type { Row } from "./form-rows";

export function FormRow({
  number,
  year,
  row,
  faultOf,
  onChange,
  onRemove,
}: {
  number: number;
  year: number;
  row: Row;
  faultOf: (name: string) => string | undefined;
  onChange: (row: Row) => void;
  onRemove: () => void;
}): ReactNode {
  const wallets = useWallets();
  const put = (changes: Partial<Row>): void => onChange({ ...row, ...changes });
  return (
    <fieldset className="flex items-start gap-2 border-b border-line pb-3">
      <legend className="sr-only">Row {number}</legend>
      <div className="grid min-w-0 flex-1 grid-cols-2 gap-2 sm:grid-cols-4 xl:grid-cols-7">
        <AssetField
          label="Asset"
          required
          value={row.coin}
          fault={faultOf("coin_id")}
          onChange={(_, typed) => put({ coin: typed })}
        />
        <AmountField
          label="Quantity"
          required
          value={row.quantity}
          fault={faultOf("quantity")}
          onChange={(event) => put({ quantity: event.target.value })}
        />
        <Field
          label="Sold on"
          type="date"
          required
          min={`${year}-01-01`}
          max={`${year}-12-31`}
          value={row.soldOn}
          fault={faultOf("sold_on")}
          onChange={(event) => put({ soldOn: event.target.value })}
        />
        <AmountField
          label="Proceeds (USD)"
          required
          value={row.proceeds}
          fault={faultOf("proceeds")}
          onChange={(event) => put({ proceeds: event.target.value })}
        />
        <AmountField
          label="Cost (USD)"
          placeholder="not reported"
          value={row.cost}
          fault={faultOf("cost")}
          onChange={(event) => put({ cost: event.target.value })}
        />
        <ChoiceField
          label="Wallet"
          value={row.wallet}
          fault={faultOf("wallet_id")}
          onChange={(event) => put({ wallet: event.target.value })}
          choices={[
            { value: "", label: "any" },
            ...wallets.map(({ id, name }) => ({ value: id, label: name })),
          ]}
        />
        <Field
          label="Broker"
          maxLength={100}
          value={row.broker}
          fault={faultOf("broker")}
          onChange={(event) => put({ broker: event.target.value })}
        />
      </div>
      <IconButton label={`Remove row ${number}`} className="mt-5" onClick={onRemove}>
        <X aria-hidden className="size-4" />
      </IconButton>
    </fieldset>
  );
}
