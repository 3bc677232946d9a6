import { describe, expect, test } from "vitest";
import {
  formatCompact,
  formatMoney,
  formatPercent,
  formatPrice,
  formatQuantity,
  formatShare,
  MISSING,
} from "../src/format/amounts";
import {
  add,
  compare,
  divide,
  floorTo,
  isDecimal,
  multiply,
  round,
  subtract,
  sum,
} from "../src/format/decimal";
import { formatAge, formatKnownDay, formatMinute, nameOfZone, offsetSeconds } from "../src/format/times";

describe("decimals", () => {
  test("are exact where floats are not", () => {
    expect(add("0.1", "0.2")).toBe("0.3");
    expect(subtract("1000000000000000000000.00000001", "1000000000000000000000")).toBe("0.00000001");
    expect(multiply("1.1", "-1.1")).toBe("-1.21");
    expect(sum(["0.1", "0.1", "0.1", "-0.3"])).toBe("0");
    expect(compare("1.10", "1.1")).toBe(0);
    expect(compare("-2", "1e-9")).toBe(-1);
  });

  test("round half away from zero, and keep their places", () => {
    expect(round("1.005", 2)).toBe("1.01");
    expect(round("-1.005", 2)).toBe("-1.01");
    expect(round("-0.004", 2)).toBe("0.00");
    expect(round("12", 2)).toBe("12.00");
    expect(round("1e-9", 8)).toBe("0.00000000");
  });

  test("divide towards zero, and say when they cannot", () => {
    expect(divide("1", "3", 4)).toBe("0.3333");
    expect(divide("-1", "3", 4)).toBe("-0.3333");
    expect(divide("1", "0")).toBeNull();
  });

  test("fit the steps of a market", () => {
    expect(floorTo("0.123456", "0.001")).toBe("0.123");
    expect(floorTo("5", "10")).toBe("0");
  });

  test("refuse what is no number", () => {
    expect(() => add("1", "one")).toThrow(RangeError);
    expect(() => add("", "1")).toThrow(RangeError);
  });
});

describe("amounts", () => {
  test("are grouped and rounded for their currency", () => {
    expect(formatMoney("1234567.891", "usd")).toBe("$1,234,567.89");
    expect(formatMoney("-1234.5", "usd")).toBe("−$1,234.50");
    expect(formatMoney("1234.5", "jpy")).toBe("¥1,235");
    expect(formatMoney("1234.5", "bitcoin")).toBe("1,234.50 BITCOIN");
    expect(formatMoney("1234567.891", "eur", "de")).toBe("€1.234.567,89");
  });

  test("that are missing are a dash and never 0", () => {
    expect(formatMoney(null, "usd")).toBe(MISSING);
    expect(formatPrice(undefined)).toBe(MISSING);
    expect(formatShare(null)).toBe(MISSING);
    expect(formatCompact(null)).toBe(MISSING);
  });

  test("have the places that their size needs", () => {
    expect(formatPrice("64000.5")).toBe("64,000.50");
    expect(formatPrice("1.23456")).toBe("1.2346");
    expect(formatPrice("0.0000123456")).toBe("0.00001235");
    expect(formatQuantity("1.50000000")).toBe("1.5");
    expect(formatQuantity("0.000000001")).toBe("<0.00000001");
    expect(formatQuantity("0")).toBe("0");
  });

  test("are short where three digits are enough", () => {
    expect(formatCompact("909071800")).toBe("909.07M");
    expect(formatCompact("1234567890123")).toBe("1.23T");
    expect(formatCompact("-1500")).toBe("−1.50K");
    expect(formatCompact("12.3")).toBe("12.30");
  });

  test("change the unit where they would round to a thousand of the smaller one", () => {
    const boundaries = [
      ["999.994", "999.99"],
      ["999.995", "1.00K"],
      ["1000", "1.00K"],
      ["999994.99", "999.99K"],
      ["999995", "1.00M"],
      ["1000000", "1.00M"],
      ["999994999.99", "999.99M"],
      ["999995000", "1.00B"],
      ["999994999999.9", "999.99B"],
      ["999995000000", "1.00T"],
      ["999995000000000", "1,000.00T"],
    ] as const;
    for (const [amount, shown] of boundaries) {
      expect([amount, formatCompact(amount)]).toEqual([amount, shown]);
      expect([amount, formatCompact(`-${amount}`)]).toEqual([amount, `\u2212${shown}`]);
    }
    expect([formatCompact("0"), formatCompact("-0.004")]).toEqual(["0.00", "0.00"]);
  });

  test("say their sign", () => {
    expect(formatShare("0.0123", { signed: true })).toBe("+1.23%");
    expect(formatShare("-0.0123", { signed: true })).toBe("−1.23%");
    expect(formatShare("0", { signed: true })).toBe("0.00%");
    expect(formatPercent("99.9", { places: 1 })).toBe("99.9%");
  });
});

describe("times", () => {
  const berlin = { name: "Europe/Berlin", locale: "en" };

  test("are shown in the reader's zone, also across a change of clocks", () => {
    expect(formatMinute("2026-03-29T00:30:00Z", berlin)).toBe("2026-03-29 01:30");
    expect(formatMinute("2026-03-29T01:30:00Z", berlin)).toBe("2026-03-29 03:30");
    expect(offsetSeconds("2026-03-29T00:59:59Z", berlin)).toBe(3600);
    expect(offsetSeconds("2026-03-29T01:00:00Z", berlin)).toBe(7200);
    expect(offsetSeconds(Date.UTC(2026, 0, 1), { name: "Asia/Kolkata", locale: "en" })).toBe(19_800);
  });

  test("name their zone", () => {
    expect(nameOfZone({ name: "UTC", locale: "en" })).toBe("UTC");
    expect(nameOfZone(berlin, "2026-01-01T00:00:00Z")).toBe("CET");
  });

  test("have an age in words", () => {
    expect([0, 999, 59_999, 60_000, 7_200_000, 172_800_000].map(formatAge)).toEqual([
      "now",
      "now",
      "59 s",
      "1 min",
      "2 h",
      "2 d",
    ]);
  });
});

test("a day that is all that is known stays that day west of where it began", () => {
  const york = { name: "America/New_York", locale: "en" };
  expect(formatKnownDay("2026-03-01T00:00:00Z", york)).toBe("2026-03-01");
  expect(formatKnownDay("2026-03-01T05:00:00Z", york)).toBe("2026-03-01");
  expect(formatKnownDay("2026-02-28T23:00:00Z", { name: "Europe/Berlin", locale: "de" })).toBe("2026-03-01");
});

test("what nobody can write out is no decimal, and neither are numbers with the commas of a language", () => {
  for (const text of [
    "1e999999999",
    "1,5",
    "1.234,56",
    "1 000",
    "1_000",
    "0x10",
    "",
    "Infinity",
    ".5",
    "5.",
  ]) {
    expect([text, isDecimal(text)]).toEqual([text, false]);
  }
  expect(["1e-7", "-2.50", "+3"].every(isDecimal)).toBe(true);
});
