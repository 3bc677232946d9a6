import { expect, test } from "vitest";
import { rank } from "@/shell/finding";

/** Those that are found, the best one first. */
function find(typed: string, ...texts: string[]): string[] {
  return texts
    .map((text) => ({ text, score: rank(typed, text) }))
    .filter((found) => found.score !== null)
    .sort((one, other) => (one.score ?? 0) - (other.score ?? 0))
    .map((found) => found.text);
}

test("every word has to be in it, in any order", () => {
  expect(find("keys api", "API keys", "API", "Keyboard shortcuts")).toEqual(["API keys"]);
});

test("whole words before beginnings, beginnings before what is within", () => {
  expect(find("tax", "syntaxes", "Taxes", "Tax")).toEqual(["Tax", "Taxes", "syntaxes"]);
});

test("letters may be left out within one word, never its first", () => {
  expect(find("ptf", "Portfolio", "Data quality")).toEqual(["Portfolio"]);
  expect(find("rfo", "Portfolio")).toEqual([]);
});

test("a pair is found by either way of writing it", () => {
  expect(find("btc/usd", "btc/usd bitcoin usd", "eth/usd ethereum usd")).toEqual(["btc/usd bitcoin usd"]);
  expect(find("usd bit", "btc/usd bitcoin usd", "eth/usd ethereum usd")).toEqual(["btc/usd bitcoin usd"]);
});

test("nothing typed finds everything", () => {
  expect(find(" ", "one", "other")).toEqual(["one", "other"]);
});
