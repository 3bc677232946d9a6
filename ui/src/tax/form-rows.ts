/** A row of a form 1099-DA as it is typed. */
import type { Schemas } from "@/api/client";
import { isDecimal, signOf } from "@/format/decimal";

type Body = Schemas["FormRowBody"];

export interface Row {
  readonly coin: string;
  readonly quantity: string;
  readonly soldOn: string;
  readonly proceeds: string;
  /** Empty: no cost was reported. */
  readonly cost: string;
  /** Empty: of any wallet. */
  readonly wallet: string;
  readonly broker: string;
}

export const NEW_ROW: Row = {
  coin: "",
  quantity: "",
  soldOn: "",
  proceeds: "",
  cost: "",
  wallet: "",
  broker: "",
};

export function readRow(body: Body): Row {
  return {
    coin: body.coin_id,
    quantity: body.quantity,
    soldOn: body.sold_on,
    proceeds: body.proceeds,
    cost: body.cost ?? "",
    wallet: body.wallet_id ?? "",
    broker: body.broker,
  };
}

export function writeRow(row: Row, find: (text: string) => string | undefined): Body {
  return {
    coin_id: find(row.coin) ?? row.coin.trim(),
    quantity: row.quantity.trim(),
    sold_on: row.soldOn,
    proceeds: row.proceeds.trim(),
    cost: row.cost.trim() || null,
    wallet_id: row.wallet || null,
    broker: row.broker.trim(),
  };
}

function isAmount(text: string): boolean {
  return isDecimal(text.trim()) && signOf(text.trim()) >= 0;
}

/** Whether it can be sent: what the form always has is there, and of that year. */
export function isFilled(row: Row, year: number): boolean {
  return (
    row.coin.trim() !== "" &&
    isAmount(row.quantity) &&
    signOf(row.quantity.trim()) > 0 &&
    isAmount(row.proceeds) &&
    (row.cost.trim() === "" || isAmount(row.cost)) &&
    row.soldOn.startsWith(`${year}-`)
  );
}
