/** What is typed into a form, as the legs of a transaction, and back. */
import type { Schemas } from "@/api/client";
import { isDecimal, negate, signOf } from "@/format/decimal";
import { KINDS, type Kind } from "./kinds";

export type Transaction = Schemas["TransactionView"];
export type Body = Schemas["TransactionBody"];
export type LegBody = Schemas["LegBody"];

/** No wallet at all: money of which no books are kept. */
export const OUTSIDE = "outside";

export interface Entry {
  readonly kind: Kind;
  readonly coin: string;
  readonly quantity: string;
  /** trade: the money; swap: what is received. */
  readonly otherCoin: string;
  readonly otherQuantity: string;
  /** In `currency`; empty: the service knows it, or balances the legs. */
  readonly worth: string;
  readonly fee: string;
  readonly feeCoin: string;
  readonly feeWorth: string;
  /** A wallet's id; empty: the main one. */
  readonly wallet: string;
  /** trade: where the money is; transfer: where it arrives. */
  readonly otherWallet: string;
  /** What worths are in. A trade's is that of its money. */
  readonly currency: string;
  readonly note: string;
}

export type FieldName = keyof Entry;

export function emptyEntry(kind: Kind, currency: string): Entry {
  return {
    kind,
    coin: "",
    quantity: "",
    otherCoin: KINDS[kind].form === "trade" ? currency : "",
    otherQuantity: "",
    worth: "",
    fee: "",
    feeCoin: "",
    feeWorth: "",
    wallet: "",
    otherWallet: KINDS[kind].form === "trade" ? OUTSIDE : "",
    currency,
    note: "",
  };
}

export function currencyOf(entry: Entry): string {
  return KINDS[entry.kind].form === "trade" ? entry.otherCoin : entry.currency;
}

interface Draft {
  readonly leg: LegBody;
  /** The fields that a fault of this leg belongs to. */
  readonly fields: Readonly<Record<"coin_id" | "quantity" | "value" | "wallet_id", FieldName>>;
}

function leg(
  coin: string,
  quantity: string,
  wallet: string,
  value = "",
  role: LegBody["role"] = "principal",
): LegBody {
  return {
    coin_id: coin,
    quantity,
    role,
    outside: wallet === OUTSIDE,
    ...(wallet !== "" && wallet !== OUTSIDE ? { wallet_id: wallet } : {}),
    ...(value === "" ? {} : { value }),
  };
}

const MAIN = { coin_id: "coin", quantity: "quantity", value: "worth", wallet_id: "wallet" } as const;
const OTHER = {
  coin_id: "otherCoin",
  quantity: "otherQuantity",
  value: "worth",
  wallet_id: "otherWallet",
} as const;
const FEE = { coin_id: "feeCoin", quantity: "fee", value: "feeWorth", wallet_id: "wallet" } as const;

function drafts(entry: Entry): readonly Draft[] {
  const { kind, coin, quantity, otherCoin, otherQuantity, worth, wallet, otherWallet } = entry;
  const out = quantity === "" ? "" : negate(quantity);
  const feeFrom = kind === "buy" ? otherWallet : wallet;
  const withFee = (...made: Draft[]): readonly Draft[] => {
    if (entry.fee === "" || signOf(entry.fee) === 0) return made;
    const coinOfFee = entry.feeCoin || (KINDS[kind].form === "trade" ? otherCoin : coin);
    const from = kind === "sell" && coinOfFee === otherCoin ? otherWallet : feeFrom;
    return [...made, { leg: leg(coinOfFee, negate(entry.fee), from, entry.feeWorth, "fee"), fields: FEE }];
  };
  switch (KINDS[kind].form) {
    case "trade": {
      const paid = kind === "buy" ? negate(otherQuantity) : otherQuantity;
      return withFee(
        { leg: leg(coin, kind === "buy" ? quantity : out, wallet), fields: MAIN },
        { leg: leg(otherCoin, paid, otherWallet), fields: OTHER },
      );
    }
    case "swap":
      return withFee(
        { leg: leg(coin, out, wallet, worth), fields: MAIN },
        { leg: leg(otherCoin, otherQuantity, wallet, worth), fields: OTHER },
      );
    case "transfer":
      return withFee(
        { leg: leg(coin, out, wallet), fields: MAIN },
        { leg: leg(coin, quantity, otherWallet), fields: { ...MAIN, wallet_id: "otherWallet" } },
      );
    case "out":
      return withFee({ leg: leg(coin, out, wallet), fields: MAIN });
    case "fee":
      return [{ leg: leg(coin, out, wallet, worth, "fee"), fields: MAIN }];
    default:
      return withFee({ leg: leg(coin, quantity, wallet, worth), fields: MAIN });
  }
}

export function bodyOf(entry: Entry): Body {
  return {
    kind: entry.kind,
    currency: currencyOf(entry),
    legs: drafts(entry).map((draft) => draft.leg),
    note: entry.note.trim(),
    precision: "instant",
    source: "manual",
  };
}

/** What is wrong or missing before anybody is asked, by field. */
export function faultsOf(entry: Entry): Partial<Record<FieldName, string>> {
  const form = KINDS[entry.kind].form;
  const faults: Partial<Record<FieldName, string>> = {};
  const need = (field: FieldName): void => {
    const text = entry[field];
    if (!isDecimal(text) || signOf(text) <= 0) faults[field] = "an amount above 0";
  };
  if (entry.coin === "") faults.coin = "choose one of the list";
  need("quantity");
  if (form === "trade" || form === "swap") {
    if (entry.otherCoin === "") faults.otherCoin = "choose one of the list";
    need("otherQuantity");
  }
  if (form === "transfer" && entry.otherWallet === entry.wallet) faults.otherWallet = "another wallet";
  for (const field of ["fee", "worth", "feeWorth"] as const) {
    const text = entry[field];
    if (text !== "" && (!isDecimal(text) || signOf(text) < 0)) faults[field] = "an amount, 0 or above";
  }
  return faults;
}

/** Which field a fault of the service is about: `#/legs/1/value`. */
export function fieldOf(entry: Entry, pointer: string): FieldName | null {
  const found = /legs\/(\d+)(?:\/(\w+))?/.exec(pointer);
  if (found === null) return pointer.includes("note") ? "note" : null;
  const draft = drafts(entry)[Number(found[1])];
  const part = found[2] ?? "quantity";
  if (draft === undefined || !(part in draft.fields)) return null;
  return draft.fields[part as keyof Draft["fields"]];
}

/** A transaction's own words again: to record it once more as it was. */
export function bodyAgain(transaction: Transaction): Body {
  return {
    kind: transaction.kind,
    currency: transaction.currency,
    occurred_at: transaction.occurred_at,
    precision: transaction.precision,
    note: transaction.note,
    source: transaction.source,
    ...(transaction.external_id === null ? {} : { external_id: transaction.external_id }),
    legs: transaction.legs.map((each) => ({
      coin_id: each.coin_id,
      quantity: each.quantity,
      role: each.role,
      outside: each.wallet_id === null,
      ...(each.wallet_id === null ? {} : { wallet_id: each.wallet_id }),
      value: each.value,
    })),
  };
}

/** Nobody knew what some leg was worth: recorded again it would say that it was worth 0. */
export function canBeRecordedAgain(transaction: Transaction): boolean {
  return transaction.kind !== "void" && transaction.legs.every((each) => each.valued);
}

/** The form that makes exactly these legs; null: none does, they are entered one by one. */
export function entryOf(transaction: Transaction): Entry | null {
  const { kind } = transaction;
  const form = KINDS[kind].form;
  const main = transaction.legs.filter((each) => each.role === "principal");
  const fees = transaction.legs.filter((each) => each.role !== "principal");
  const known = (text: string): string => text.replace(/^-/, "");
  if (form === "legs" || fees.length > 1) return null;
  const [first, second] = form === "fee" ? fees : orderOf(kind, main);
  if (first === undefined) return null;
  const fee = form === "fee" ? undefined : fees[0];
  const entry: Entry = {
    ...emptyEntry(kind, transaction.currency),
    coin: first.coin_id,
    quantity: known(first.quantity),
    worth: form === "trade" || first.coin_id === transaction.currency ? "" : first.value,
    wallet: first.wallet_id ?? OUTSIDE,
    note: transaction.note,
    ...(form === "in" || form === "out" || second === undefined
      ? {}
      : {
          otherCoin: second.coin_id,
          otherQuantity: known(second.quantity),
          otherWallet: second.wallet_id ?? OUTSIDE,
        }),
    ...(fee === undefined
      ? {}
      : {
          fee: known(fee.quantity),
          feeCoin: fee.coin_id,
          feeWorth: fee.coin_id === transaction.currency ? "" : fee.value,
        }),
  };
  return sameLegs(bodyOf(entry), transaction) ? entry : null;
}

function orderOf(kind: Kind, main: Transaction["legs"]): Transaction["legs"] {
  const came = main.filter((each) => signOf(each.quantity) > 0);
  const went = main.filter((each) => signOf(each.quantity) < 0);
  return kind === "buy" ? [...came, ...went] : [...went, ...came];
}

function sameLegs(body: Body, transaction: Transaction): boolean {
  const write = (each: { coin_id: string; quantity: string; role: string }, wallet: string): string =>
    [each.coin_id, each.quantity, each.role, wallet].join("|");
  const made = body.legs.map((each) =>
    write({ ...each, role: each.role ?? "principal" }, each.outside ? "" : (each.wallet_id ?? "")),
  );
  const had = transaction.legs.map((each) => write(each, each.wallet_id ?? ""));
  return body.currency === transaction.currency && [...made].sort().join("\n") === [...had].sort().join("\n");
}
