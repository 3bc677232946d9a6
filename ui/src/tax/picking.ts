/** Which units a sale is of, as somebody types it: what is wrong, what is left, what it would gain. */
import type { Schemas } from "@/api/client";
import { compare, divide, isDecimal, multiply, signOf, subtract, sum } from "@/format/decimal";

export type Choice = Schemas["ChoiceView"];
export type Candidate = Schemas["CandidateView"];
export type Pickable = Schemas["PickableView"];
type Units = Schemas["PicksBody"]["units"];

/** The service takes no more of one transaction. */
export const MOST_LOTS = 500;

/** What was typed beside each lot, by the transaction that brought it. */
export type Typed = Readonly<Record<string, string>>;

function meant(typed: Typed, lot: Candidate): string {
  const text = (typed[lot.transaction_id] ?? "").trim();
  return isDecimal(text) ? text : "0";
}

/** What is wrong with the units of a lot. */
export function faultOf(typed: Typed, lot: Candidate): string | null {
  const text = (typed[lot.transaction_id] ?? "").trim();
  if (text === "") return null;
  if (!isDecimal(text) || signOf(text) < 0) return "an amount";
  return compare(text, lot.quantity) > 0 ? "more than is left" : null;
}

export function chosenOf(choice: Choice, typed: Typed): string {
  return sum(choice.lots.map((lot) => meant(typed, lot)));
}

/** What of the sale is not chosen; below zero where more is. */
export function restOf(choice: Choice, typed: Typed): string {
  return subtract(choice.quantity, chosenOf(choice, typed));
}

/** Of the units that are chosen, as the service says it of as many as there could be. */
export function gainOf(choice: Choice, typed: Typed): string {
  return sum(choice.lots.map((lot) => divide(multiply(lot.gain, meant(typed, lot)), lot.most) ?? "0"));
}

export function isWhole(choice: Choice, typed: Typed): boolean {
  return choice.lots.every((lot) => faultOf(typed, lot) === null) && signOf(restOf(choice, typed)) >= 0;
}

/** A leg is named only where others sell the same coin. */
export function unitsOf(choices: readonly Choice[], typed: readonly Typed[]): Units {
  return choices.flatMap((choice, place) => {
    const alone = choices.filter(({ coin_id }) => coin_id === choice.coin_id).length === 1;
    return choice.lots
      .map((lot) => ({
        transaction_id: lot.transaction_id,
        coin_id: choice.coin_id,
        quantity: meant(typed[place] ?? {}, lot),
        ...(alone ? {} : { leg: choice.leg }),
      }))
      .filter(({ quantity }) => signOf(quantity) > 0);
  });
}

/** Whether units that were named before are of that disposal; those of no leg are of each of the coin. */
function isOf(choice: Choice, each: Schemas["NamedView"]): boolean {
  return each.coin_id === choice.coin_id && (each.leg === null || each.leg === choice.leg);
}

/** What was chosen before, as if it had been typed. */
export function typedBefore(choice: Choice, picked: Pickable["picked"]): Typed {
  const units = (picked?.units ?? []).filter((each) => isOf(choice, each));
  return Object.fromEntries(units.map((each) => [each.transaction_id, each.quantity]));
}

/** How many lots were chosen before that the sale cannot be of: the service shows every one that it can. */
export function countUnseen(choices: readonly Choice[], picked: Pickable["picked"]): number {
  const seen = choices.map((choice) => new Set(choice.lots.map((lot) => lot.transaction_id)));
  const canBe = (each: Schemas["NamedView"]): boolean =>
    choices.some((choice, place) => isOf(choice, each) && seen[place]?.has(each.transaction_id));
  return (picked?.units ?? []).filter((each) => !canBe(each)).length;
}

export type Order = "oldest" | "dearest" | "cheapest";

/** Lots as many as the sale is of, in an order; costs are compared by unit, without rounding. */
export function filledBy(choice: Choice, order: Order): Typed {
  const dear = (a: Candidate, b: Candidate): number =>
    compare(multiply(b.cost, a.quantity), multiply(a.cost, b.quantity));
  const lots = [...choice.lots];
  if (order === "dearest") lots.sort(dear);
  if (order === "cheapest") lots.sort((a, b) => dear(b, a));
  let left = choice.quantity;
  const typed: Record<string, string> = {};
  for (const lot of lots) {
    if (signOf(left) <= 0) break;
    const taken = compare(lot.quantity, left) < 0 ? lot.quantity : left;
    typed[lot.transaction_id] = taken;
    left = subtract(left, taken);
  }
  return typed;
}

/** All that is left of a lot, as far as the sale is not yet of others. */
export function allOf(choice: Choice, typed: Typed, lot: Candidate): string {
  const rest = restOf(choice, { ...typed, [lot.transaction_id]: "" });
  if (signOf(rest) <= 0) return "";
  return compare(lot.quantity, rest) < 0 ? lot.quantity : rest;
}
