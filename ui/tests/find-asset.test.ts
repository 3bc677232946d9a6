import { expect, test } from "vitest";
import { findAsset, whyNone, writeAsset } from "../src/components/find-asset";

const assets = new Map(
  [
    { id: "bitcoin", symbol: "btc", name: "Bitcoin" },
    { id: "uniswap", symbol: "uni", name: "Uniswap" },
    { id: "unicorn-token", symbol: "uni", name: "UNICORN Token" },
    { id: "sol", symbol: "oldsol", name: "Sol of old" },
    { id: "solana", symbol: "sol", name: "Solana" },
  ].map((asset) => [asset.id, asset]),
);

test("an asset is found by id, symbol or name", () => {
  expect([" BTC ", "Bitcoin", "bitcoin"].map((text) => findAsset(assets, text))).toEqual(
    Array(3).fill("bitcoin"),
  );
});

test("a symbol of two assets means neither; the id and the name still do", () => {
  expect(findAsset(assets, "UNI")).toBeUndefined();
  expect(findAsset(assets, "uniswap")).toBe("uniswap");
  expect(findAsset(assets, "unicorn token")).toBe("unicorn-token");
});

test("what means nothing says why", () => {
  expect(whyNone(assets, " UNI")).toContain("more than one");
  expect(whyNone(assets, "dogecoin")).toBe("not in the list of assets");
});

test("what is called nothing is nothing", () => {
  expect([findAsset(assets, ""), findAsset(assets, "dogecoin")]).toEqual([undefined, undefined]);
});

test("what is written for an asset means that asset alone", () => {
  const written = [...assets.keys()].map((id) => writeAsset(assets, id));
  expect(written).toEqual(["BTC", "uniswap", "unicorn-token", "OLDSOL", "solana"]);
  expect(written.map((text) => findAsset(assets, text))).toEqual([...assets.keys()]);
  expect(writeAsset(assets, "what was typed")).toBe("what was typed");
});
