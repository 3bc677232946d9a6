/** Kinds of transactions that several slices ask the service for by name. */
import type { Schemas } from "./client";

/** What comes in as income, as the service counts it. */
export const INCOMES = [
  "staking",
  "mining",
  "interest",
  "airdrop",
  "fork",
  "wages",
  "referral",
  "cashback",
  "rebate",
  "other_income",
] as const satisfies readonly Schemas["Kind-Input"][];
