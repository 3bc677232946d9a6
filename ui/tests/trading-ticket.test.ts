import { describe, expect, it } from "vitest";
import { Problem } from "../src/api/problems";
import { add, compare, multiply } from "../src/format/decimal";
import {
  amountOf,
  ceilTo,
  distanceOf,
  groupsOf,
  placesOf,
  quantityForMoney,
  quantityForShare,
  shareOf,
  toTick,
} from "../src/trading/arithmetic";
import { faultsOf, refusalOf, sayProblem } from "../src/trading/refusals";
import { BLANK, effectOf, goodFor, inMode, orderOf, type Draft, type Terms } from "../src/trading/ticket";

describe("steps", () => {
  it("are counted and kept exactly", () => {
    expect([placesOf("0.001"), placesOf("5"), placesOf("0.10")]).toEqual([3, 0, 1]);
    expect([ceilTo("0.3", "0.1"), ceilTo("0.301", "0.1"), ceilTo("7", "10")]).toEqual(["0.3", "0.4", "10"]);
    expect([toTick("100.04", "0.1"), toTick("100.05", "0.1")]).toEqual(["100", "100.1"]);
    expect(groupsOf("0.1", "64000")).toEqual(["0.1", "1", "5", "10", "50", "100"]);
    expect(groupsOf("0.1", "3")).toEqual(["0.1"]);
  });
});

describe("a share of what is available", () => {
  const given = { available: "1000", leverage: 5, fee: "0.0005", price: "63500.5", step: "0.001" };

  it("never needs more margin and fee than that share, and one step more would", () => {
    for (const percent of ["25", "50", "75", "100"]) {
      const quantity = quantityForShare({ ...given, percent }) ?? "";
      const needs = (size: string): string => multiply(multiply(size, given.price), add("0.2", given.fee)); // 1 / leverage is 0.2
      const share = multiply(given.available, `${percent}e-2`);
      expect(compare(needs(quantity), share)).toBeLessThanOrEqual(0);
      expect(compare(needs(add(quantity, given.step)), share)).toBe(1);
    }
  });

  it("is nothing when nothing is available, and not known without a price", () => {
    expect(quantityForShare({ ...given, available: "-3", percent: "50" })).toBe("0");
    expect(quantityForShare({ ...given, price: "0", percent: "50" })).toBeNull();
  });

  it("of money and of a position is cut to a whole step", () => {
    expect(quantityForMoney("100", "3", "0.01")).toBe("33.33");
    expect(quantityForMoney("1", "0", "0.01")).toBeNull();
    expect(shareOf("0.305", "50", "0.001")).toBe("0.152");
  });
});

it("distance to a price has no sign and is unknown without one", () => {
  expect(distanceOf("90", "100")).toBe("10");
  expect(distanceOf("110", "100")).toBe("10");
  expect([distanceOf(null, "100"), distanceOf("90", null), distanceOf("90", "0")]).toEqual([
    null,
    null,
    null,
  ]);
});

it("an amount is a positive decimal and stays as it was typed", () => {
  expect(amountOf(" 0.10 ")).toBe("0.10");
  expect(["", "0", "-1", "1,5", "abc", "."].map(amountOf)).toEqual([null, null, null, null, null, null]);
});

const terms: Terms = {
  symbol: "BTC-PERP",
  step: "0.001",
  tick: "0.1",
  leverage: "5",
  hedge: false,
  price: "64000",
};
const draft = (changes: Partial<Draft>): Draft => ({ ...BLANK, ...changes });

describe("the order of a ticket", () => {
  it("is missing something without a fault while fields are empty", () => {
    expect(orderOf(draft({ quantity: "1" }), terms)).toEqual({ body: null, faults: {} });
  });

  it("carries amounts as they were typed", () => {
    const { body } = orderOf(draft({ quantity: "0.10", price: "63000.50" }), terms);
    expect(body).toMatchObject({ quantity: "0.10", price: "63000.50", leverage: 5, position_side: "net" });
  });

  it("has the leverage of its field, and waits for one that is none", () => {
    const sized = draft({ quantity: "1", price: "63000" });
    const leverageOf = (leverage: string | null) => orderOf(sized, { ...terms, leverage }).body?.leverage;
    expect(["20", " 7 ", null].map(leverageOf)).toEqual([20, 7, null]);
    for (const leverage of ["", "0", "2.5", "x", "10000"]) {
      const wrong = orderOf(sized, { ...terms, leverage });
      expect([wrong.body, Object.keys(wrong.faults)]).toEqual([null, ["leverage"]]);
    }
  });

  it("says which field is no number, no whole tick, no whole step", () => {
    const wrong = orderOf(draft({ quantity: "1x", price: "1.05" }), terms);
    expect(wrong.body).toBeNull();
    expect(Object.keys(wrong.faults).sort()).toEqual(["price", "quantity"]);
    expect(orderOf(draft({ quantity: "0.0001", price: "1" }), terms).faults.quantity).toContain("0.001");
  });

  it("counts money by the limit, else by the price of the market", () => {
    const money = draft({ unit: "money", quantity: "1000", price: "50000" });
    expect(orderOf(money, terms).body?.quantity).toBe("0.02");
    const market = draft({ unit: "money", quantity: "1000", type: "market" });
    expect(orderOf(market, terms).body?.quantity).toBe("0.015");
    expect(orderOf(market, { ...terms, price: null }).faults.quantity).toBeDefined();
    expect(orderOf({ ...market, quantity: "1" }, terms).faults.quantity).toContain("step");
  });

  it("leaves out what the kind of order does not have", () => {
    const kept = draft({
      type: "market",
      quantity: "1",
      price: "5",
      trigger_price: "7",
      post_only: true,
      time_in_force: "fok",
    });
    expect(orderOf(kept, terms).body).toMatchObject({
      price: null,
      trigger_price: null,
      trigger_on: null,
      post_only: false,
      time_in_force: "gtc",
      take_profit: null,
    });
  });

  it("a trailing stop needs its distance, not a trigger", () => {
    const trailing = draft({ type: "trailing-stop", quantity: "1" });
    expect(orderOf(trailing, terms).body).toBeNull();
    expect(orderOf({ ...trailing, callback_rate: "1.5" }, terms).body).toMatchObject({
      callback_rate: "1.5",
      trigger_price: null,
    });
  });
});

describe("what closes an order again", () => {
  const attached = draft({ quantity: "1", price: "64000", attached: true });

  it("goes at the market, or at a limit of its own", () => {
    const { body } = orderOf(
      { ...attached, take_profit: "70000", stop_loss: "60000", stop_loss_price: "59900.5" },
      terms,
    );
    expect(body?.take_profit).toEqual({ trigger_price: "70000", price: null, trigger_on: "mark" });
    expect(body?.stop_loss).toEqual({ trigger_price: "60000", price: "59900.5", trigger_on: "mark" });
  });

  it("has a limit only with the mark at which it is placed, on a whole tick", () => {
    const alone = orderOf({ ...attached, take_profit_price: "70000" }, terms);
    expect([alone.body, Object.keys(alone.faults)]).toEqual([null, ["take_profit"]]);
    const odd = orderOf({ ...attached, stop_loss: "60000", stop_loss_price: "59900.55" }, terms);
    expect(odd.faults.stop_loss_price).toContain("0.1");
    const letters = orderOf({ ...attached, stop_loss: "x", stop_loss_price: "59900" }, terms);
    expect(letters.faults.stop_loss).toContain("Digits");
  });

  it("is refused beside the limit that is meant", () => {
    const meant = { ...attached, stop_loss: "60000", stop_loss_price: "59900.00" };
    const byNumber = new Problem({
      code: "price-off-tick",
      title: "No",
      facts: { price: "59900" },
      status: 422,
    });
    expect(Object.keys(faultsOf(byNumber, meant))).toEqual(["stop_loss_price"]);
    const pointed = [
      { pointer: "#/take_profit/price", message: "a" },
      { pointer: "#/take_profit", message: "b" },
      { pointer: "#/price", message: "c" },
    ];
    const byPlace = new Problem({ code: "invalid", title: "No", faults: pointed });
    expect(faultsOf(byPlace, meant)).toEqual({ take_profit_price: "a", take_profit: "b", price: "c" });
  });
});

describe("in hedge mode", () => {
  const both = draft({ quantity: "1", price: "64000", attached: true, take_profit: "70000" });

  it("the side says what becomes of the position that is meant", () => {
    const effects = (["long", "short"] as const).map((leg) => [effectOf("buy", leg), effectOf("sell", leg)]);
    expect(effects).toEqual([
      ["opens", "closes"],
      ["closes", "opens"],
    ]);
  });

  it("what closes only reduces and attaches nothing, what opens never reduces", () => {
    const hedged = { ...terms, hedge: true };
    const order = (changes: Partial<Draft>) => orderOf(inMode({ ...both, ...changes }, true), hedged).body;
    expect(order({ side: "sell" })).toMatchObject({
      position_side: "long",
      reduce_only: true,
      take_profit: null,
    });
    expect(order({ side: "sell", position_side: "short", reduce_only: true })).toMatchObject({
      position_side: "short",
      reduce_only: false,
      take_profit: { trigger_price: "70000" },
    });
  });

  it("alone: one-way orders are as they were typed", () => {
    const typed = { ...both, side: "sell", reduce_only: true } as const;
    expect(inMode(typed, false)).toBe(typed);
    expect(orderOf(inMode({ ...typed, reduce_only: false }, false), terms).body).toMatchObject({
      position_side: "net",
      reduce_only: false,
    });
  });
});

describe("a refusal", () => {
  const problem = (code: string, facts: Record<string, unknown> = {}, detail = ""): Problem =>
    new Problem({ code, title: "No", detail, facts, status: 409 });

  it("stands next to the field it is about", () => {
    expect(faultsOf(problem("insufficient-margin"), BLANK)).toHaveProperty("quantity");
    expect(faultsOf(problem("leverage-above-cap"), BLANK)).toHaveProperty("leverage");
    expect(faultsOf(problem("halted"), BLANK)).toHaveProperty("form");
    expect(faultsOf(problem("price-outside-band"), draft({ type: "market" }))).toHaveProperty("form");
  });

  it("of a price belongs to the price with that number", () => {
    const attached = draft({ attached: true, price: "100", stop_loss: "90.00" });
    expect(faultsOf(problem("price-off-tick", { price: "90" }), attached)).toHaveProperty("stop_loss");
    expect(faultsOf(problem("price-off-tick", { price: "100" }), attached)).toHaveProperty("price");
  });

  it("of several fields says each", () => {
    const error = new Problem({
      code: "invalid",
      title: "No",
      faults: [
        { pointer: "#/quantity", message: "a" },
        { pointer: "#/take_profit/trigger_price", message: "b" },
        { pointer: "#/symbol", message: "c" },
      ],
    });
    expect(faultsOf(error, BLANK)).toEqual({ quantity: "a", take_profit: "b", form: "c" });
  });

  it("has its numbers, once", () => {
    expect(sayProblem(problem("x", { needed: "12.5", available: "3" }, "too little"))).toBe(
      "No: too little (needed 12.5, available 3)",
    );
    expect(sayProblem(problem("x", { highest: 5 }, "from 1 to 5"))).toBe("No: from 1 to 5");
  });

  it("inside a preview reads like one that was thrown", () => {
    const refusal = { code: "halted", title: "No", detail: "d", status: 409, symbol: "X" };
    expect(refusalOf({ refusal } as never)).toMatchObject({ code: "halted", facts: { symbol: "X" } });
    expect(refusalOf({ refusal: null } as never)).toBeNull();
  });
});

describe("how long an order is good", () => {
  const terms: Terms = {
    symbol: "BTC-PERP",
    step: "0.001",
    tick: "0.1",
    leverage: "5",
    hedge: false,
    price: "64000",
  };
  const limit: Draft = { ...BLANK, type: "limit", quantity: "0.5", price: "60000" };
  const NOON = Date.UTC(2026, 2, 1, 12);

  it("is fixed when it is chosen, and never together with post-only", () => {
    const draft = { ...limit, post_only: true, ...goodFor("gtd-day", NOON) };
    expect(orderOf(draft, terms).body).toMatchObject({
      time_in_force: "gtd",
      expires_at: "2026-03-02T12:00:00.000Z",
      post_only: false,
    });
  });

  it("has no end where none was chosen, or where none can be", () => {
    const back = { ...limit, ...goodFor("gtd-day", NOON), ...goodFor("ioc", NOON) };
    expect(orderOf(back, terms).body).toMatchObject({ time_in_force: "ioc", expires_at: null });
    const market = { ...limit, type: "market" as const, ...goodFor("gtd-hour", NOON) };
    expect(orderOf(market, terms).body).toMatchObject({ time_in_force: "gtc", expires_at: null });
  });
});
