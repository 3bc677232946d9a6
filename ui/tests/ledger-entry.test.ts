import { describe, expect, it } from "vitest";
import {
  bodyAgain,
  bodyOf,
  canBeRecordedAgain,
  emptyEntry,
  entryOf,
  faultsOf,
  fieldOf,
  OUTSIDE,
  type Body,
  type Entry,
  type Transaction,
} from "@/ledger/entry";
import { fromClock, toClock } from "@/ledger/moments";

const MAIN = "7cb3e163-37ad-5b2b-ad61-06f2d8ee3b83";
const COLD = "01a20000-dab5-72db-932b-03af329cb809";

/** What the service would answer to this body. */
function recorded(body: Body, changes: Partial<Transaction> = {}): Transaction {
  return {
    id: "01a20001-2499-7477-ac31-c40298ac1b9c",
    kind: body.kind as Transaction["kind"],
    occurred_at: "2026-05-15T12:30:00.123456Z",
    recorded_at: "2026-05-15T12:31:00Z",
    precision: "instant",
    currency: body.currency ?? "usd",
    legs: body.legs.map((leg) => ({
      coin_id: leg.coin_id,
      quantity: leg.quantity,
      role: leg.role ?? "principal",
      value: leg.value ?? "10",
      valued: true,
      wallet_id: leg.outside ? null : (leg.wallet_id ?? MAIN),
    })),
    note: body.note ?? "",
    source: "manual",
    external_id: null,
    import_id: null,
    voids: null,
    voided_by: null,
    realised: [],
    realised_profit: "0",
    ...changes,
  };
}

const BUY: Entry = {
  ...emptyEntry("buy", "usd"),
  coin: "bitcoin",
  quantity: "0.10",
  otherQuantity: "6100",
  fee: "6.1",
  wallet: MAIN,
};

describe("a form's legs", () => {
  it("a purchase brings the coin and takes the money, and its fee is paid where the money was", () => {
    expect(bodyOf(BUY).legs).toEqual([
      { coin_id: "bitcoin", quantity: "0.10", role: "principal", outside: false, wallet_id: MAIN },
      { coin_id: "usd", quantity: "-6100", role: "principal", outside: true },
      { coin_id: "usd", quantity: "-6.1", role: "fee", outside: true },
    ]);
  });

  it("a sale's values are in the currency of its money", () => {
    const sale: Entry = { ...emptyEntry("sell", "usd"), coin: "bitcoin", quantity: "1", otherQuantity: "5" };
    const body = bodyOf({ ...sale, otherCoin: "eur", otherWallet: MAIN });
    expect(body.currency).toBe("eur");
    expect(body.legs.map((leg) => leg.quantity)).toEqual(["-1", "5"]);
  });

  it("both sides of a swap are worth the same", () => {
    const swap: Entry = { ...emptyEntry("swap", "usd"), coin: "ethereum", quantity: "1", worth: "2950" };
    const body = bodyOf({ ...swap, otherCoin: "solana", otherQuantity: "21.5" });
    expect(body.legs.map((leg) => leg.value)).toEqual(["2950", "2950"]);
  });

  it("what arrives is what left; the fee leaves the first wallet", () => {
    const body = bodyOf({
      ...emptyEntry("transfer", "usd"),
      coin: "bitcoin",
      quantity: "0.3",
      wallet: MAIN,
      otherWallet: COLD,
      fee: "0.0001",
    });
    expect(body.legs.map((leg) => [leg.quantity, leg.wallet_id, leg.role])).toEqual([
      ["-0.3", MAIN, "principal"],
      ["0.3", COLD, "principal"],
      ["-0.0001", MAIN, "fee"],
    ]);
  });
});

describe("a form filled from a transaction", () => {
  const entries: readonly Entry[] = [
    BUY,
    { ...BUY, otherWallet: MAIN, fee: "" },
    {
      ...emptyEntry("sell", "usd"),
      coin: "bitcoin",
      quantity: "1",
      otherQuantity: "5",
      otherWallet: OUTSIDE,
    },
    {
      ...emptyEntry("swap", "usd"),
      coin: "ethereum",
      quantity: "1",
      otherCoin: "solana",
      otherQuantity: "2",
    },
    { ...emptyEntry("transfer", "usd"), coin: "bitcoin", quantity: "1", otherWallet: COLD, fee: "0.1" },
    { ...emptyEntry("staking", "usd"), coin: "ethereum", quantity: "1", worth: "10" },
    { ...emptyEntry("lost", "usd"), coin: "ethereum", quantity: "1" },
    { ...emptyEntry("fee_only", "usd"), coin: "ethereum", quantity: "1", worth: "10" },
  ].map((entry) => ({
    ...entry,
    quantity: entry.quantity.replace("0.10", "0.1"),
    wallet: entry.wallet || MAIN,
  }));

  it.each(entries.map((entry) => [entry.kind, entry] as const))(
    "%s makes the same legs again",
    (_, entry) => {
      const transaction = recorded(bodyOf(entry));
      const again = entryOf(transaction);
      expect(again).not.toBeNull();
      if (again === null) return;
      expect(recorded(bodyOf(again)).legs).toEqual(transaction.legs);
    },
  );

  it("gives up where a leg would be lost, so that a correction never drops one", () => {
    const body = bodyOf(BUY);
    const third = { coin_id: "solana", quantity: "1", role: "principal" as const, outside: false };
    expect(entryOf(recorded({ ...body, legs: [...body.legs, third] }))).toBeNull();
    const twoFees = [...body.legs, { ...body.legs[2]!, quantity: "-1" }];
    expect(entryOf(recorded({ ...body, legs: twoFees }))).toBeNull();
    expect(entryOf(recorded({ ...body, currency: "eur" }))).toBeNull();
  });
});

describe("recorded again", () => {
  it("says the same worths, places and moment", () => {
    const transaction = recorded(bodyOf(BUY), { external_id: "T-1", source: "kraken" });
    const body = bodyAgain(transaction);
    expect(body.occurred_at).toBe(transaction.occurred_at);
    expect(body.external_id).toBe("T-1");
    expect(recorded(body, { external_id: "T-1", source: "kraken" })).toEqual(transaction);
  });

  it("is not offered where nobody knew a worth: 0 would be recorded as known", () => {
    const transaction = recorded(bodyOf(BUY));
    expect(canBeRecordedAgain(transaction)).toBe(true);
    const unknown = transaction.legs.map((leg, index) => ({ ...leg, valued: index > 0 }));
    expect(canBeRecordedAgain({ ...transaction, legs: unknown })).toBe(false);
  });
});

describe("what is wrong", () => {
  it("is said by field before anybody is asked", () => {
    expect(Object.keys(faultsOf(emptyEntry("buy", "usd"))).sort()).toEqual([
      "coin",
      "otherQuantity",
      "quantity",
    ]);
    expect(faultsOf({ ...BUY, quantity: "-1" }).quantity).toBeDefined();
    expect(faultsOf({ ...BUY, fee: "1,5" }).fee).toBeDefined();
    expect(faultsOf(BUY)).toEqual({});
  });

  it("is put next to the field that the service means", () => {
    expect(fieldOf(BUY, "#/legs/1/quantity")).toBe("otherQuantity");
    expect(fieldOf(BUY, "#/legs/2/value")).toBe("feeWorth");
    expect(fieldOf(BUY, "#/legs/0/coin_id")).toBe("coin");
    expect(fieldOf(BUY, "#/kind")).toBeNull();
  });
});

describe("the wall clock of a zone", () => {
  const berlin = { name: "Europe/Berlin", locale: "en" };

  it("is read in summer and in winter", () => {
    expect(fromClock("2026-07-01T12:00", berlin)).toBe("2026-07-01T10:00:00.000Z");
    expect(fromClock("2026-01-01T12:00", berlin)).toBe("2026-01-01T11:00:00.000Z");
    expect(fromClock("2026-03-29", berlin)).toBe("2026-03-28T23:00:00.000Z");
    expect(fromClock("2026-03-29T03:30", berlin)).toBe("2026-03-29T01:30:00.000Z");
    expect(fromClock("soon", berlin)).toBeNull();
  });

  it("is written so that it is read as the same second", () => {
    const at = "2026-10-25T06:05:09.000Z";
    expect(fromClock(toClock(at, berlin), berlin)).toBe(at);
  });
});
