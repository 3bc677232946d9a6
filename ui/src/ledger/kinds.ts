/** What can happen to holdings, in words, and by which form it is entered. */
import type { Schemas } from "@/api/client";

export type Kind = Schemas["plimsoll__ledger__domain__transactions__Kind"];
/** trade: money for a coin; legs: anything, leg by leg. */
export type Form = "trade" | "swap" | "transfer" | "in" | "out" | "fee" | "legs";

interface KindFacts {
  readonly name: string;
  readonly form: Form;
  readonly group: string;
}

const of = (name: string, form: Form, group: string): KindFacts => ({ name, form, group });

export const KINDS: Readonly<Record<Kind, KindFacts>> = {
  buy: of("Buy", "trade", "trades"),
  sell: of("Sell", "trade", "trades"),
  swap: of("Swap", "swap", "trades"),
  spend: of("Spend", "trade", "trades"),
  wrap: of("Wrap", "swap", "trades"),
  unwrap: of("Unwrap", "swap", "trades"),
  lp_join: of("Join a liquidity pool", "legs", "trades"),
  lp_exit: of("Leave a liquidity pool", "legs", "trades"),
  liquidation: of("Liquidation", "swap", "trades"),
  transfer: of("Transfer", "transfer", "moves"),
  collateral_move: of("Collateral move", "transfer", "moves"),
  deposit: of("Deposit", "in", "moves"),
  withdrawal: of("Withdrawal", "out", "moves"),
  opening_lot: of("What was there before", "in", "moves"),
  staking: of("Staking", "in", "income"),
  mining: of("Mining", "in", "income"),
  interest: of("Interest", "in", "income"),
  airdrop: of("Airdrop", "in", "income"),
  fork: of("Fork", "in", "income"),
  wages: of("Wages", "in", "income"),
  referral: of("Referral", "in", "income"),
  cashback: of("Cashback", "in", "income"),
  rebate: of("Rebate", "in", "income"),
  other_income: of("Other income", "in", "income"),
  margin_gain: of("Margin gain", "in", "income"),
  gift_in: of("Gift received", "in", "gifts"),
  spouse_in: of("From spouse", "in", "gifts"),
  gift_out: of("Gift given", "out", "gifts"),
  spouse_out: of("To spouse", "out", "gifts"),
  donation: of("Donation", "out", "gifts"),
  lost: of("Lost", "out", "losses"),
  stolen: of("Stolen", "out", "losses"),
  margin_loss: of("Margin loss", "out", "losses"),
  margin_fee: of("Margin fee", "out", "fees"),
  fee_only: of("Fee", "fee", "fees"),
  loan_in: of("Loan taken", "in", "loans"),
  loan_repay: of("Loan repaid", "out", "loans"),
  loan_interest: of("Loan interest", "out", "loans"),
  funding: of("Funding", "legs", "fees"),
  adjustment: of("Adjustment", "legs", "losses"),
  void: of("Void", "legs", "voids"),
};

export const GROUPS: readonly (readonly [id: string, name: string])[] = [
  ["trades", "Trades"],
  ["income", "Income"],
  ["moves", "Moves"],
  ["gifts", "Gifts"],
  ["losses", "Losses"],
  ["fees", "Fees"],
  ["loans", "Loans"],
];

export const ALL_KINDS = Object.keys(KINDS) as readonly Kind[];

export function isKind(text: string): text is Kind {
  return text in KINDS;
}

export function kindsOf(group: string): readonly Kind[] {
  return ALL_KINDS.filter((kind) => KINDS[kind].group === group);
}

/** The forms one can begin with; each has its kinds, the usual one first. */
export const FORMS: readonly { form: string; name: string; kinds: readonly Kind[] }[] = [
  { form: "buy", name: "Buy", kinds: ["buy"] },
  { form: "sell", name: "Sell", kinds: ["sell", "spend"] },
  { form: "swap", name: "Swap", kinds: ["swap", "wrap", "unwrap", "liquidation"] },
  { form: "transfer", name: "Transfer", kinds: ["transfer", "collateral_move"] },
  { form: "deposit", name: "Deposit", kinds: ["deposit"] },
  { form: "withdrawal", name: "Withdrawal", kinds: ["withdrawal"] },
  { form: "income", name: "Income", kinds: [...kindsOf("income")] },
  {
    form: "gift",
    name: "Gift or loan",
    kinds: [
      "gift_in",
      "gift_out",
      "donation",
      "spouse_in",
      "spouse_out",
      "loan_in",
      "loan_repay",
      "loan_interest",
    ],
  },
  { form: "loss", name: "Loss", kinds: ["lost", "stolen", "margin_loss"] },
  { form: "fee", name: "Fee", kinds: ["fee_only", "margin_fee"] },
  { form: "opening", name: "What was there before", kinds: ["opening_lot"] },
];
