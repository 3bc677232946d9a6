import { expect, test } from "vitest";
import { disposalsOf, type Slice } from "@/tax/disposing";
import { nameOfYear, stateOf } from "@/tax/words";

function slice(transaction_id: string, leg: number, quantity: string, gain: string): Slice {
  return { transaction_id, leg, quantity, gain, proceeds: "0.1", cost: "0.2" } as Slice;
}

test("slices of one leg of a transaction are one disposal, summed exactly", () => {
  const found = disposalsOf([
    slice("a", 1, "0.1", "0.1"),
    slice("a", 1, "0.2", "-0.4"),
    slice("a", 2, "5", "1"),
    slice("b", 1, "7", "2"),
  ]);
  expect(found.map(({ quantity }) => quantity)).toEqual(["0.3", "5", "7"]);
  expect(found[0]?.gain).toBe("-0.3");
  expect(found[0]?.proceeds).toBe("0.2");
  expect(found[0]?.cost).toBe("0.4");
  expect(found[0]?.slices).toHaveLength(2);
});

test("without slices there are no disposals", () => {
  expect(disposalsOf([])).toEqual([]);
});

test("a tax year that ends in the next calendar year is named after both", () => {
  expect(nameOfYear({ year: 2025, first: "2025-01-01", last: "2025-12-31" })).toBe("2025");
  expect(nameOfYear({ year: 2025, first: "2025-04-06", last: "2026-04-05" })).toBe("2025/26");
});

test("a blocked report is not merely a draft", () => {
  expect(stateOf({ draft: true, blocked: true })[0]).toBe("blocked");
  expect(stateOf({ draft: true, blocked: false })[0]).toBe("draft");
  expect(stateOf({ draft: false, blocked: false })[0]).toBe("complete");
});
