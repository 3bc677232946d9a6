import { describe, expect, test } from "vitest";
import { readAt, writeAt } from "@/imports/doubts";
import { isKnown, linesOf, type ImportRow } from "@/imports/words";

describe("lines of a file", () => {
  test.each([
    [[7], "Line 7"],
    [[4, 5, 6], "Lines 4–6"],
    [[4, 9], "Lines 4, 9"],
    [[1, 3, 5, 7, 9], "Lines 1, 3, 5, 7 …"],
  ])("%j are said as %s", (lines, said) => {
    expect(linesOf(lines)).toBe(said);
  });
});

describe("what a fix asks for", () => {
  const body = { kind: "opening_lot", legs: [{ coin_id: "cardano", value: "0" }] };

  test("is found in its body", () => {
    expect(readAt(body, "#/legs/0/value")).toBe("0");
    expect(readAt(body, "#/legs/1/value")).toBeUndefined();
    expect(readAt(null, "#/price")).toBeUndefined();
  });

  test("is put there, and the body that the service gave stays as it was", () => {
    const said = writeAt(body, "#/legs/0/value", "12.5");
    expect(said).toEqual({ kind: "opening_lot", legs: [{ coin_id: "cardano", value: "12.5" }] });
    expect(body.legs[0]?.value).toBe("0");
  });

  test("may be missing altogether", () => {
    expect(writeAt({ day: "2024-01-31" }, "#/price", "0.9")).toEqual({ day: "2024-01-31", price: "0.9" });
  });
});

test("a row can only be accepted when every asset in it is known", () => {
  const row = (coins: (string | null)[]) =>
    ({ draft: { legs: coins.map((coin_id) => ({ coin_id })) } }) as unknown as ImportRow;
  expect(isKnown(row(["bitcoin", "usd"]))).toBe(true);
  expect(isKnown(row(["bitcoin", null]))).toBe(false);
  expect(isKnown({ draft: null } as ImportRow)).toBe(false);
});
