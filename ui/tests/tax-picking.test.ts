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
      { transaction_id: "a", coin_id: "bitcoin", quantity: "1" },
      { transaction_id: "b", coin_id: "ethereum", quantity: "4" },
    ];
    const picked = { id: "p", transaction_id: "s", disposed_at: "", identified_at: "", in_time: true, units };
    expect(typedBefore(SALE, picked)).toEqual({ a: "1" });
    expect(typedBefore(SALE, null)).toEqual({});
  });
});

it("counts what was chosen before of lots that are not shown", () => {
  const units = [
    { transaction_id: "a", coin_id: "bitcoin", quantity: "1" },
    { transaction_id: "far", coin_id: "bitcoin", quantity: "0.5" },
    { transaction_id: "a", coin_id: "ethereum", quantity: "2" },
  ];
  const picked = { id: "p", units, in_time: true, identified_at: "2025-05-01T00:00:00Z" };
  expect(countUnseen([SALE], picked as never)).toBe(2);
  expect(countUnseen([SALE], null)).toBe(0);
});
