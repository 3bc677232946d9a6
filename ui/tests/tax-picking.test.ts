import { describe, expect, it } from "vitest";
import {
  allOf,
  chosenOf,
  countUnseen,
  faultOf,
  filledBy,
  gainOf,
  isWhole,
  restOf,
  typedBefore,
  unitsOf,
  type Candidate,
  type Choice,
} from "@/tax/picking";

function lot(id: string, quantity: string, cost: string, gain: string): Candidate {
  const most = quantity === "3" ? "2" : quantity;
  return { transaction_id: id, acquired_on: "2025-01-02", quantity, cost, most, gain, term: "short" };
}

const [OLD, DEAR, NEW] = [
  lot("a", "1", "100", "200"),
  lot("b", "0.5", "90", "60"),
  lot("c", "3", "150", "500"),
];
const SALE: Choice = {
  leg: 0,
  coin_id: "bitcoin",
  wallet_id: "w",
  wallet: "Desk",
  quantity: "2",
  proceeds: "600",
  lots: [OLD, DEAR, NEW],
  lots_in_all: 3,
};

describe("the lots of a sale", () => {
  it("are filled up to the sale in the order that is asked for", () => {
    expect(filledBy(SALE, "oldest")).toEqual({ a: "1", b: "0.5", c: "0.5" });
    expect(filledBy(SALE, "dearest")).toEqual({ b: "0.5", a: "1", c: "0.5" });
    expect(filledBy(SALE, "cheapest")).toEqual({ c: "2" });
  });

  it("are added up exactly", () => {
    const typed = { a: "0.1", b: "0.2", c: "1.7" };
    expect(chosenOf(SALE, typed)).toBe("2");
    expect(restOf(SALE, typed)).toBe("0");
    expect(isWhole(SALE, typed)).toBe(true);
    expect(isWhole(SALE, { ...typed, c: "1.700000000000000001" })).toBe(false);
  });

  it("gain in proportion to what the service says of them", () => {
    expect(gainOf(SALE, { a: "0.5", c: "1" })).toBe("350");
    expect(gainOf(SALE, {})).toBe("0");
  });

  it("are not more than was left, nor less than nothing, nor words", () => {
    expect(faultOf({ b: "0.500000000000000001" }, DEAR)).toBe("more than is left");
    expect(faultOf({ b: "-1" }, DEAR)).toBe("an amount");
    expect(faultOf({ b: "some" }, DEAR)).toBe("an amount");
    expect(faultOf({ b: " " }, DEAR)).toBeNull();
    expect(isWhole(SALE, { b: "some" })).toBe(false);
  });

  it("are taken whole, as far as others leave something of the sale", () => {
    expect(allOf(SALE, { a: "1" }, NEW)).toBe("1");
    expect(allOf(SALE, { a: "1", c: "0.3" }, NEW)).toBe("1");
    expect(allOf(SALE, {}, OLD)).toBe("1");
    expect(allOf(SALE, { c: "2" }, OLD)).toBe("");
  });

  it("are sent as they were typed, without those that are not meant", () => {
    expect(unitsOf([SALE], [{ a: " 1.50 ", b: "0", c: "" }])).toEqual([
      { transaction_id: "a", coin_id: "bitcoin", quantity: "1.50" },
    ]);
  });

  it("start as they were chosen before, each coin by itself", () => {
    const units = [
      { transaction_id: "a", coin_id: "bitcoin", quantity: "1", leg: null },
      { transaction_id: "b", coin_id: "ethereum", quantity: "4", leg: null },
    ];
    const picked = { id: "p", transaction_id: "s", disposed_at: "", identified_at: "", in_time: true, units };
    expect(typedBefore(SALE, picked)).toEqual({ a: "1" });
    expect(typedBefore(SALE, null)).toEqual({});
  });
});

it("counts what was chosen before of lots that the sale cannot be of", () => {
  const units = [
    { transaction_id: "a", coin_id: "bitcoin", quantity: "1", leg: null },
    { transaction_id: "far", coin_id: "bitcoin", quantity: "0.5", leg: null },
    { transaction_id: "a", coin_id: "ethereum", quantity: "2", leg: null },
  ];
  const picked = { id: "p", units, in_time: true, identified_at: "2025-05-01T00:00:00Z" };
  expect(countUnseen([SALE], picked as never)).toBe(2);
  expect(countUnseen([SALE], null)).toBe(0);
});

describe("two sales of one coin in a transaction", () => {
  const OTHER: Choice = { ...SALE, leg: 2, wallet: "Other", lots: [NEW] };
  const pick = (transaction_id: string, leg: number | null): never =>
    ({ units: [{ transaction_id, coin_id: "bitcoin", quantity: "0.5", leg }] }) as never;

  it("are named by their legs", () => {
    const ether = { ...SALE, leg: 4, coin_id: "ethereum" };
    expect(unitsOf([SALE, OTHER, ether], [{ c: "1" }, { c: "0.5" }, { a: "1" }])).toEqual([
      { transaction_id: "c", coin_id: "bitcoin", quantity: "1", leg: 0 },
      { transaction_id: "c", coin_id: "bitcoin", quantity: "0.5", leg: 2 },
      { transaction_id: "a", coin_id: "ethereum", quantity: "1" },
    ]);
  });

  it("start as each was said, and both as what was said of no leg", () => {
    expect([SALE, OTHER].map((each) => typedBefore(each, pick("c", 2)))).toEqual([{}, { c: "0.5" }]);
    expect([SALE, OTHER].map((each) => typedBefore(each, pick("c", null)))).toEqual([
      { c: "0.5" },
      { c: "0.5" },
    ]);
  });

  it("count what was said of a leg that cannot be of the lot", () => {
    expect(countUnseen([SALE, OTHER], pick("a", 2))).toBe(1);
    expect(countUnseen([SALE, OTHER], pick("a", 0))).toBe(0);
    expect(countUnseen([SALE, OTHER], pick("a", null))).toBe(0);
  });
});
