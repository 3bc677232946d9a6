import { describe, expect, it } from "vitest";
import { areaOf, labelsOf, lonelyOf, scaleOf, strokesOf, type Point } from "@/portfolio/line";
import { movementsOf } from "@/portfolio/DayWhy";
import { firstDayOf, shiftDay } from "@/portfolio/ranges";

const point = (value: number | null, carried = false): Point => ({ day: "2026-01-01", value, carried });
const same = (value: number): number => value;

describe("the line of values", () => {
  it("has a hole where nothing is known, and never a 0", () => {
    const strokes = strokesOf([point(5), point(6), point(null), point(7), point(8)], same, same);
    expect(strokes.map((stroke) => stroke.path)).toEqual(["M0.0 5.0L1.0 6.0", "M3.0 7.0L4.0 8.0"]);
    expect(areaOf([point(5), point(null), point(7)], same, same, 9)).toBe(
      "M0.0 5.0L0.0 9L0.0 9ZM2.0 7.0L2.0 9L2.0 9Z",
    );
  });

  it("is dashed where a price was carried on, and does not tear there", () => {
    const strokes = strokesOf([point(1), point(2), point(2, true), point(3)], same, same);
    expect(strokes).toEqual([
      { carried: false, path: "M0.0 1.0L1.0 2.0" },
      { carried: true, path: "M1.0 2.0L2.0 2.0" },
      { carried: false, path: "M2.0 2.0L3.0 3.0" },
    ]);
  });

  it("shows a value between two holes", () => {
    expect(lonelyOf([point(null), point(5), point(null), point(6), point(7), point(null), point(8)])).toEqual(
      [1, 6],
    );
    expect(lonelyOf([point(5)])).toEqual([0]);
  });

  it("has an axis of round numbers around all values", () => {
    const scale = scaleOf([95_000, null, 124_000]);
    expect(scale?.ticks).toEqual([90_000, 100_000, 110_000, 120_000, 130_000]);
    expect(scaleOf([null, null])).toBeNull();
    const flat = scaleOf([5, 5]);
    expect(flat !== null && flat.low < 5 && flat.high > 5).toBe(true);
    for (const values of [
      [0.0001, 0.0002],
      [-3, 8],
      [1e9, 1.2e9],
    ]) {
      const found = scaleOf(values);
      expect(found?.low).toBeLessThanOrEqual(Math.min(...values));
      expect(found?.high).toBeGreaterThanOrEqual(Math.max(...values));
    }
  });

  it("labels the first and the last day", () => {
    expect(labelsOf(91, 4)).toEqual([0, 30, 60, 90]);
    expect(labelsOf(1, 4)).toEqual([0]);
    expect(labelsOf(0, 4)).toEqual([]);
  });
});

describe("periods", () => {
  it("count the day of today", () => {
    const now = Date.parse("2026-03-10T15:00:00Z");
    expect(firstDayOf("7d", now)).toBe("2026-03-04");
    expect(firstDayOf("ytd", now)).toBe("2026-01-01");
    expect(firstDayOf("all", now)).toBeNull();
    expect(shiftDay("2026-03-01", -1)).toBe("2026-02-28");
  });
});

describe("what a day was made of", () => {
  const line = (coin: string, day: string, value: string | null) => ({
    coin_id: coin,
    day,
    value,
    wallet_id: null,
    quantity: "1",
    price: value,
    observed: day,
    stale: false,
    missing: [],
    unvalued: [],
  });

  it("tells the largest movement first, and one without a price last and as unknown", () => {
    const movements = movementsOf(
      [
        line("tao", "2026-01-01", null),
        line("tao", "2026-01-02", "5"),
        line("btc", "2026-01-01", "100"),
        line("btc", "2026-01-02", "90.5"),
        line("eth", "2026-01-02", "40"),
      ],
      "2026-01-01",
      "2026-01-02",
    );
    expect(movements.map(({ coinId, moved }) => [coinId, moved])).toEqual([
      ["eth", "40"],
      ["btc", "-9.5"],
      ["tao", null],
    ]);
  });
});
