/** The figures of a period: their names, what they mean, where the answer has them. */
import type { Schemas } from "@/api/client";
import type { Performance } from "./queries";

export type Derived = Schemas["plimsoll__portfolio__schemas__performance__FigureView"];

export interface FigureOfPeriod {
  readonly id: string;
  readonly name: string;
  /** In one sentence, for people. */
  readonly means: string;
  readonly as: "money" | "share" | "days" | "number";
  /** Coloured by its sign. */
  readonly signed?: boolean;
  read(performance: Performance): Derived | null;
}

export const MONEY_FIGURES: readonly FigureOfPeriod[] = [
  {
    id: "profit",
    name: "Profit",
    means: "What the value at the end is above the value before and everything paid in since.",
    as: "money",
    signed: true,
    read: ({ split }) => split.profit,
  },
  {
    id: "realised",
    name: "Realised",
    means: "Proceeds less average cost of everything sold or written off in the period, after fees.",
    as: "money",
    signed: true,
    read: ({ split }) => split.realised,
  },
  {
    id: "unrealised",
    name: "Unrealised",
    means: "How much value above cost grew in the period on what is still held.",
    as: "money",
    signed: true,
    read: ({ split }) => split.unrealised,
  },
  {
    id: "income",
    name: "Income",
    means: "Staking, interest, airdrops and the like, at their value when received.",
    as: "money",
    signed: true,
    read: ({ split }) => split.income,
  },
  {
    id: "fees",
    name: "Fees",
    means: "All fees of the period. They are within the other figures already.",
    as: "money",
    read: ({ split }) => split.fees,
  },
  {
    id: "rest",
    name: "Rest",
    means:
      "Profit that is neither realised, unrealised nor income: what exchange rates did to costs, and coins without a price.",
    as: "money",
    signed: true,
    read: ({ split }) => split.rest,
  },
];

export const RETURN_FIGURES: readonly FigureOfPeriod[] = [
  {
    id: "time_weighted",
    name: "TWR",
    means:
      "Time-weighted return: the daily returns multiplied, so that when money came and went has no effect.",
    as: "share",
    signed: true,
    read: ({ returns }) => returns.time_weighted,
  },
  {
    id: "money_weighted",
    name: "MWR a year",
    means: "Money-weighted return (XIRR): the yearly rate that the money earned while it was at work.",
    as: "share",
    signed: true,
    read: ({ returns }) => returns.money_weighted,
  },
  {
    id: "volatility_year",
    name: "Volatility a year",
    means: "Sample deviation of the daily log returns times the root of 365.",
    as: "share",
    read: ({ returns }) => returns.volatility_year,
  },
  {
    id: "sharpe",
    name: "Sharpe ratio",
    means: "Mean daily return over its deviation, for a year, above a rate of 0 %.",
    as: "number",
    read: ({ returns }) => returns.sharpe,
  },
  {
    id: "drawdown",
    name: "Largest drawdown",
    means: "The deepest fall from a peak, flows left out.",
    as: "share",
    read: ({ returns }) => returns.drawdown.depth,
  },
];

export function findFigure(id: string): FigureOfPeriod | undefined {
  return [...MONEY_FIGURES, ...RETURN_FIGURES].find((figure) => figure.id === id);
}
