/** The ticket: what was typed, and the order that it makes. */
import type { Schemas } from "@/api/client";
import { compare, floorTo, signOf } from "@/format/decimal";
import { amountOf, quantityForMoney } from "./arithmetic";

export type OrderBody = Schemas["OrderBody"];
export type OrderType = Schemas["OrderType"];
export type Side = OrderBody["side"];

export interface Draft {
  readonly side: Side;
  readonly type: OrderType;
  readonly quantity: string;
  /** What the quantity is counted in. */
  readonly unit: "base" | "money";
  readonly price: string;
  readonly trigger_price: string;
  readonly trigger_on: Schemas["TriggerOn"];
  readonly callback_rate: string;
  readonly time_in_force: "gtc" | "ioc" | "fok" | "gtd";
  /** How long a `gtd` order lasts, as chosen, and until when that is. */
  readonly lasts: string;
  readonly expires_at: string | null;
  readonly post_only: boolean;
  readonly reduce_only: boolean;
  readonly position_side: "long" | "short";
  readonly attached: boolean;
  readonly take_profit: string;
  readonly stop_loss: string;
  /** Without a limit it goes at the market. */
  readonly take_profit_price: string;
  readonly stop_loss_price: string;
}

export const BLANK: Draft = {
  side: "buy",
  type: "limit",
  quantity: "",
  unit: "base",
  price: "",
  trigger_price: "",
  trigger_on: "mark",
  callback_rate: "",
  time_in_force: "gtc",
  lasts: "",
  expires_at: null,
  post_only: false,
  reduce_only: false,
  position_side: "long",
  attached: false,
  take_profit: "",
  stop_loss: "",
  take_profit_price: "",
  stop_loss_price: "",
};

export const TYPE_NAMES: Readonly<Record<OrderType, string>> = {
  limit: "Limit",
  market: "Market",
  stop: "Stop limit",
  "stop-market": "Stop market",
  "take-profit": "Take profit limit",
  "take-profit-market": "Take profit market",
  "trailing-stop": "Trailing stop",
};

const HOUR_MS = 3_600_000;
/** How long an order may last, by the word for it. */
export const LASTING: readonly { value: string; label: string; ms: number }[] = [
  { value: "gtd-hour", label: "For an hour (GTD)", ms: HOUR_MS },
  { value: "gtd-day", label: "For a day (GTD)", ms: 24 * HOUR_MS },
  { value: "gtd-week", label: "For a week (GTD)", ms: 168 * HOUR_MS },
];

/** The choice of how long an order is good; the end is fixed when it is chosen, so that it stays the same order. */
export function goodFor(
  chosen: string,
  nowMs: number,
): Pick<Draft, "time_in_force" | "lasts" | "expires_at"> {
  const lasting = LASTING.find(({ value }) => value === chosen);
  if (lasting === undefined) {
    return { time_in_force: chosen as Draft["time_in_force"], lasts: "", expires_at: null };
  }
  const expires_at = new Date(nowMs + lasting.ms).toISOString();
  return { time_in_force: "gtd", lasts: chosen, expires_at };
}

/** In hedge mode: a buy opens a long position and closes a short one. */
export function effectOf(side: Side, leg: Draft["position_side"]): "opens" | "closes" {
  return (side === "buy") === (leg === "long") ? "opens" : "closes";
}

/** What was typed, as the mode of the account has it: in hedge mode what closes always only reduces, what opens never. */
export function inMode(draft: Draft, hedge: boolean): Draft {
  return hedge ? { ...draft, reduce_only: effectOf(draft.side, draft.position_side) === "closes" } : draft;
}

/** What only reduces opens nothing that could be closed again. */
export const attaches = (draft: Draft): boolean => draft.attached && !draft.reduce_only;
export const takesPrice = (type: OrderType): boolean =>
  type === "limit" || type === "stop" || type === "take-profit";
export const takesTrigger = (type: OrderType): boolean => type !== "limit" && type !== "market";

export type FieldName =
  | "quantity"
  | "price"
  | "trigger_price"
  | "callback_rate"
  | "take_profit"
  | "stop_loss"
  | "take_profit_price"
  | "stop_loss_price"
  | "leverage"
  | "form";
export type Faults = Partial<Record<FieldName, string>>;

export interface Terms {
  readonly symbol: string;
  readonly step: string;
  readonly tick: string;
  /** As its field shows it, whether it is set already or only typed; null: not known, or there is none. */
  readonly leverage: string | null;
  readonly hedge: boolean;
  /** What a quantity in money is divided by: the limit, else the price the market has now. */
  readonly price: string | null;
}

/** The leverage that was typed; null: none. */
export function leverageIn(text: string): number | null {
  return /^[1-9]\d{0,3}$/.test(text.trim()) ? Number(text) : null;
}

/** Fields that are prices. */
export const PRICES = [
  "price",
  "trigger_price",
  "take_profit",
  "stop_loss",
  "take_profit_price",
  "stop_loss_price",
] as const;
const ARE_PRICES: ReadonlySet<FieldName> = new Set(PRICES);
const NUMBER = "Digits and a point, above zero";

/** The order, or what is still missing. An empty field is missing without a fault: nothing was done wrong yet. */
export function orderOf(draft: Draft, terms: Terms): { body: OrderBody | null; faults: Faults } {
  const faults: Faults = {};
  const need = (name: FieldName, text: string, optional = false): string | null => {
    const amount = amountOf(text);
    if (amount === null && text.trim() !== "") faults[name] = NUMBER;
    if (amount === null && text.trim() === "" && !optional) missing = true;
    if (amount !== null && ARE_PRICES.has(name) && compare(floorTo(amount, terms.tick), amount) !== 0) {
      faults[name] = `Prices here are multiples of ${terms.tick}`;
    }
    return amount;
  };
  let missing = false;
  const trailing = draft.type === "trailing-stop";
  const typed = need("quantity", draft.quantity);
  const price = takesPrice(draft.type) ? need("price", draft.price) : null;
  const trigger = takesTrigger(draft.type) ? need("trigger_price", draft.trigger_price, trailing) : null;
  const callback = trailing ? need("callback_rate", draft.callback_rate) : null;
  const attachedOf = (name: "take_profit" | "stop_loss"): NonNullable<OrderBody["take_profit"]> | null => {
    if (!attaches(draft)) return null;
    const trigger_price = need(name, draft[name], true);
    const price = need(`${name}_price`, draft[`${name}_price`], true);
    if (trigger_price !== null) return { trigger_price, price, trigger_on: "mark" };
    if (price !== null) faults[name] ??= "A limit needs the mark at which it is placed";
    return null;
  };
  const take_profit = attachedOf("take_profit");
  const stop_loss = attachedOf("stop_loss");
  const quantity = typed === null ? null : quantityOf(draft, terms, typed, price);
  if (typed !== null && quantity === null) faults.quantity = "There is no price to reckon with yet";
  else if (quantity !== null && signOf(quantity) === 0)
    faults.quantity = `Less than one step of ${terms.step}`;
  else if (quantity !== null && compare(floorTo(quantity, terms.step), quantity) !== 0) {
    faults.quantity = `Quantities here are multiples of ${terms.step}`;
  }
  const leverage = terms.leverage === null ? null : leverageIn(terms.leverage);
  if (terms.leverage !== null && leverage === null) faults.leverage = "A whole number from 1";
  if (missing || Object.keys(faults).length > 0) return { body: null, faults };
  const market = draft.type === "market";
  return {
    faults,
    body: {
      symbol: terms.symbol,
      side: draft.side,
      type: draft.type,
      quantity,
      price,
      trigger_price: trigger,
      trigger_on: takesTrigger(draft.type) ? draft.trigger_on : null,
      callback_rate: callback,
      time_in_force: market ? "gtc" : draft.time_in_force,
      expires_at: !market && draft.time_in_force === "gtd" ? draft.expires_at : null,
      post_only: draft.type === "limit" && draft.time_in_force === "gtc" && draft.post_only,
      reduce_only: draft.reduce_only,
      close_position: false,
      position_side: terms.hedge ? draft.position_side : "net",
      leverage,
      take_profit,
      stop_loss,
    },
  };
}

function quantityOf(draft: Draft, terms: Terms, typed: string, price: string | null): string | null {
  if (draft.unit === "base") return typed;
  const by = price ?? terms.price;
  return by === null ? null : quantityForMoney(typed, by, terms.step);
}
