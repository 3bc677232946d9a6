/** Sorts of transactions by what can be said of them, and what one can count as. */
import type { Schemas } from "@/api/client";
import { INCOMES } from "@/api/kinds";

type Kind = Schemas["Kind-Input"];
export type Treatment = Schemas["Treatment"];
export type Group = "sales" | "incomes" | "gifts" | "moves";

export const GROUPS: Readonly<Record<Group, { name: string; kinds: readonly Kind[] }>> = {
  sales: {
    name: "Sold or given away",
    kinds: ["sell", "swap", "spend", "gift_out", "spouse_out", "donation", "lost", "stolen", "liquidation"],
  },
  incomes: {
    name: "Incomes",
    kinds: INCOMES,
  },
  gifts: { name: "Gifts received", kinds: ["gift_in", "spouse_in"] },
  moves: {
    name: "Moved in and out",
    kinds: ["deposit", "withdrawal", "transfer", "collateral_move", "loan_in"],
  },
};

export function isGroup(text: string): text is Group {
  return Object.hasOwn(GROUPS, text);
}

/** Units leave, so that some can be meant. */
export function isSale(kind: string): boolean {
  return (GROUPS.sales.kinds as readonly string[]).includes(kind) || kind === "withdrawal";
}

export function isGift(kind: string): boolean {
  return (GROUPS.gifts.kinds as readonly string[]).includes(kind);
}

export const TREATMENTS: Readonly<Record<Treatment, string>> = {
  exchange: "Bought or sold at its worth",
  carry: "Moved between own wallets",
  acquire: "Came in at its worth, no income",
  income: "Income at its worth",
  free: "Came in for nothing, no income",
  donor: "A gift: cost and time of its giver",
  "donor-or-market": "A gift: a loss counts from its worth then",
  leave: "Left at its cost, untaxed",
  lose: "Lost: what it had cost is a loss",
  result: "A profit or a loss by itself",
  ignore: "Not counted at all",
};
