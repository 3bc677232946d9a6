/** What is one's own on the exchange, as the live channels tell it: positions, open orders, the account. */
import type { Schemas } from "@/api/client";
import { signOf } from "@/format/decimal";
import { Board } from "@/stream/board";
import type { Frame } from "@/stream/messages";

export type Position = Omit<Schemas["PositionView"], "bracket" | "paper">;
export type Leg = Schemas["Leg"];

export interface Order {
  readonly id: string;
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly type: Schemas["OrderType"];
  readonly status: Schemas["OrderView"]["status"];
  readonly quantity: string;
  readonly filled_quantity: string;
  readonly price: string | null;
  readonly average_price: string | null;
  readonly time_in_force: Schemas["TimeInForce"];
  readonly position_side: Leg;
  readonly reduce_only: boolean;
  readonly close_position: boolean;
  readonly trigger_on: string | null;
  readonly trigger_price: string | null;
  readonly callback_rate: string | null;
  readonly parent_id: string | null;
  readonly reason: string | null;
  readonly placed_at_ms: number;
  readonly event?: string;
}

/** The account without its positions and what the tier allows. */
export type Standing = Pick<
  Schemas["AccountView"],
  | "state"
  | "hedge"
  | "settlement_asset"
  | "margin_wallet"
  | "isolated_margin"
  | "unrealised_profit"
  | "margin_balance"
  | "maintenance_margin"
  | "initial_margin"
  | "available"
  | "withdrawable"
  | "margin_ratio"
  | "balances"
> & { readonly at_ms: number };

export function keyOf(position: Pick<Position, "symbol" | "position_side">): string {
  return `${position.symbol}:${position.position_side}`;
}

/** What a position is called: in hedge mode a market has two. */
export function nameOf({ symbol, position_side }: Pick<Position, "symbol" | "position_side">): string {
  return position_side === "net" ? symbol : `${position_side} ${symbol}`;
}

/** A snapshot is all; an update those that changed, with quantity 0 when closed. */
export function foldPositions(before: readonly Position[], frame: Frame): readonly Position[] {
  const told = (frame["positions"] as readonly Position[] | undefined) ?? [];
  const all = new Map(frame.type === "snapshot" ? [] : before.map((position) => [keyOf(position), position]));
  for (const position of told) {
    if (signOf(position.quantity) === 0) all.delete(keyOf(position));
    else all.set(keyOf(position), position);
  }
  return [...all.values()].sort((a, b) => keyOf(a).localeCompare(keyOf(b)));
}

const STANDING = new Set(["open", "waiting"]);

/** A snapshot is all that stand; an update has each order as it was after every event. */
export function foldOrders(before: readonly Order[], frame: Frame): readonly Order[] {
  const told = (frame["orders"] as readonly Order[] | undefined) ?? [];
  const all = new Map(frame.type === "snapshot" ? [] : before.map((order) => [order.id, order]));
  for (const order of told) {
    if (STANDING.has(order.status)) all.set(order.id, order);
    else all.delete(order.id);
  }
  return [...all.values()].sort((a, b) => b.placed_at_ms - a.placed_at_ms);
}

/** Newest values; rendered at most once per frame. Keys are all "own". */
export interface Own {
  readonly positions: Board<readonly Position[]>;
  readonly orders: Board<readonly Order[]>;
  readonly standing: Board<Standing>;
}

export const OWN = "own";

export function makeOwn(): Own {
  return { positions: new Board(), orders: new Board(), standing: new Board() };
}
