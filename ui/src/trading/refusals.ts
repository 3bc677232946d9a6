/** What the service refuses: said with its numbers, next to the field that it is about. */
import type { Schemas } from "@/api/client";
import { asProblem, Problem } from "@/api/problems";
import { compare, isDecimal } from "@/format/decimal";
import {
  attaches,
  PRICES,
  takesPrice,
  takesTrigger,
  type Draft,
  type FieldName,
  type Faults,
} from "./ticket";

const FIELD_OF: Readonly<Record<string, FieldName>> = {
  "quantity-off-step": "quantity",
  "below-minimum-notional": "quantity",
  "above-most-quantity": "quantity",
  "insufficient-margin": "quantity",
  "insufficient-balance": "quantity",
  "account-exposure-limit": "quantity",
  "venue-exposure-limit": "quantity",
  "nothing-to-reduce": "quantity",
  "not-covered": "quantity",
  "leverage-above-cap": "leverage",
  "above-brackets": "leverage",
  "price-off-tick": "price",
  "price-outside-band": "price",
  "would-take": "price",
  "would-trigger-at-once": "trigger_price",
};

const POINTED =
  /^#\/(?:(take_profit|stop_loss)\/(price)|(quantity|price|trigger_price|callback_rate|take_profit|stop_loss|leverage)\b)/;

/** What the service refused, next to the field that it is about. */
export function faultsOf(error: unknown, draft: Draft): Faults {
  const problem = asProblem(error);
  const faults: Faults = {};
  for (const fault of problem.faults) {
    const [, attached, price, name = "form"] = POINTED.exec(fault.pointer ?? "") ?? [];
    faults[(attached === undefined ? name : `${attached}_${price}`) as FieldName] =
      fault.message ?? problem.title;
  }
  if (problem.faults.length > 0) return faults;
  return { [fieldOf(problem, draft)]: sayProblem(problem) };
}

function fieldOf(problem: Problem, draft: Draft): FieldName {
  const known = FIELD_OF[problem.code] ?? "form";
  if (known === "price") {
    // The same refusal is said of every price; the numbers behind it tell which one was meant.
    const { price } = problem.facts;
    const same = (text: string): boolean =>
      typeof price === "string" && isDecimal(price) && isDecimal(text) && compare(text, price) === 0;
    const field = PRICES.find((name) => same(draft[name]) && shows(draft, name));
    return field ?? (takesPrice(draft.type) ? "price" : takesTrigger(draft.type) ? "trigger_price" : "form");
  }
  return shows(draft, known) ? known : "form";
}

function shows(draft: Draft, name: FieldName): boolean {
  if (name === "price") return takesPrice(draft.type);
  if (name === "trigger_price") return takesTrigger(draft.type);
  return name.startsWith("take_profit") || name.startsWith("stop_loss") ? attaches(draft) : true;
}

/** The refusal with its numbers: those that the sentence does not say itself are added. */
export function sayProblem(problem: Problem): string {
  const said = problem.detail === "" ? problem.title : `${problem.title}: ${problem.detail}`;
  if (/\d/.test(problem.detail)) return said;
  const numbers = Object.entries(problem.facts)
    .filter(([, value]) => (typeof value === "string" && isDecimal(value)) || typeof value === "number")
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${String(value)}`);
  return numbers.length === 0 ? said : `${said} (${numbers.join(", ")})`;
}

/** A preview answers 200 and carries the refusal; it reads like one that was thrown. */
export function refusalOf(preview: Schemas["PreviewView"] | undefined): Problem | null {
  const refusal = preview?.refusal;
  if (refusal === null || refusal === undefined) return null;
  const { code, title, detail, status, ...facts } = refusal as typeof refusal & Record<string, unknown>;
  return new Problem({ code, title, detail, status, facts });
}
