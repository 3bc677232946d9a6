/** The kinds of doubt about the ledger: what each means and why it matters. */
import type { Schemas } from "@/api/client";
import type { Tone } from "@/components/Badge";

export type Issue = Schemas["IssueView"];
export type IssueKind = Schemas["IssueKind"];
export type Fix = Schemas["FixView"];

export const KINDS: Readonly<Record<IssueKind, readonly [string, string]>> = {
  "missing-history": [
    "Missing history",
    "More went out than had ever come in. What it had cost is unknown, so gains are too high.",
  ],
  "negative-balance": [
    "Negative balance",
    "A wallet had not enough while another one had: a transfer between them is probably missing.",
  ],
  "possible-duplicate": [
    "Possible duplicate",
    "Two records move the same at nearly the same time: one fact may have been told twice.",
  ],
  "suspicious-price": [
    "Suspicious price",
    "A recorded worth is over twice, or under half, the price of its day. Profit and tax follow what is recorded.",
  ],
  "missing-price": [
    "Missing price",
    "Nobody knows what something was worth on a day. It counts as nothing until you say it.",
  ],
  "unmatched-transfer": [
    "Unmatched transfer",
    "A withdrawal and a deposit may be one transfer, or one of them stands alone.",
  ],
  "spam-token": ["Spam token", "Something came unasked, and nobody prices it or its name is an offer."],
};

export const KIND_ORDER = Object.keys(KINDS) as IssueKind[];

export const SEVERITIES: Readonly<Record<Schemas["Severity"], Tone>> = {
  high: "bad",
  medium: "warn",
  low: "neutral",
};

type Json = unknown;

/** What a pointer like `#/legs/0/value` points at. */
export function readAt(body: Json, pointer: string): Json {
  let found = body;
  for (const name of pointer.split("/").slice(1)) {
    found = (found as Record<string, Json> | null | undefined)?.[name];
  }
  return found;
}

/** The same body with another value there. */
export function writeAt(body: Json, pointer: string, value: Json): Json {
  const copy = structuredClone(body ?? {});
  const names = pointer.split("/").slice(1);
  const last = names.pop();
  let place = copy as Record<string, Json>;
  for (const name of names) place = place[name] as Record<string, Json>;
  if (last !== undefined) place[last] = value;
  return copy;
}
