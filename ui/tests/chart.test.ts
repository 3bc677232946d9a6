import { describe, expect, it } from "vitest";
import { Bars, dropOlder, missingBetween, ToldBars, WIDEST_GAP, withGaps } from "@/chart/bars";
import { drawnPoints } from "@/chart/points";
import type { Bar } from "@/chart/port";

const MINUTE = 60_000;
const START = Date.UTC(2026, 2, 1);

function bar(minute: number, close = "100", state: Bar["state"] = "forming"): Bar {
  return { timeMs: START + minute * MINUTE, open: "100", high: "101", low: "99", close, volume: "1", state };
}

const minutesOf = (bars: readonly Bar[]): number[] => bars.map(({ timeMs }) => (timeMs - START) / MINUTE);

describe("the bars of a chart", () => {
  it("rise strictly, whatever the order in which they come, and the last said counts", () => {
    const bars = new Bars();
    bars.set([bar(2), bar(0), bar(1), bar(1, "100.5")]);
    expect(minutesOf(bars.all)).toEqual([0, 1, 2]);
    expect(bars.get(START + MINUTE)?.close).toBe("100.5");
  });

  it("drop a bar that is older than the newest and unknown, without throwing", () => {
    const bars = new Bars();
    bars.set([bar(0), bar(2)]);
    expect(bars.put(bar(1))).toBe("dropped");
    expect(minutesOf(bars.all)).toEqual([0, 2]);
    expect(bars.dropped).toBe(1);
  });

  it("take an amended bar in its old place", () => {
    const bars = new Bars();
    bars.set([bar(0), bar(1), bar(2)]);
    expect(bars.put(bar(1, "100.9"))).toBe("replaced");
    expect(bars.all.map(({ close }) => close)).toEqual(["100", "100.9", "100"]);
  });

  it("append what is newer", () => {
    const bars = new Bars();
    expect(bars.put(bar(0))).toBe("appended");
    expect(bars.put(bar(1))).toBe("appended");
    expect(bars.last?.timeMs).toBe(START + MINUTE);
  });

  it.each(["0", "0.00", "-1", "", "NaN"])("never draw an outage that says %j", (close) => {
    const bars = new Bars();
    bars.set([bar(0), bar(1, close)]);
    expect(bars.put(bar(2, close))).toBe("dropped");
    expect(minutesOf(bars.all)).toEqual([0]);
  });

  it("keep no more than they may, and let the oldest go", () => {
    const bars = new Bars(10);
    for (let minute = 0; minute < 30; minute += 1) bars.put(bar(minute));
    expect(bars.all.length).toBeLessThanOrEqual(11);
    expect(bars.last).toEqual(bar(29));
    expect(bars.get(START)).toBeUndefined();
    expect(bars.get(START + 29 * MINUTE)).toEqual(bar(29));
  });

  it("know which bar a moment belongs to", () => {
    const bars = new Bars();
    bars.set([bar(0), bar(1), bar(5)]);
    expect(bars.barAt(START + 90_000)).toEqual(bar(1));
    expect(bars.barAt(START + 5 * MINUTE)).toEqual(bar(5));
    expect(bars.barAt(START - 1)).toBeUndefined();
  });
});

describe("bars that are read while the stream goes on", () => {
  const closes = (bars: readonly Bar[]): [number, string][] =>
    bars.map(({ timeMs, close }) => [(timeMs - START) / MINUTE, close]);

  it("are as the stream told since they were asked for: those that ended, the last one, those begun meanwhile", () => {
    const told = new ToldBars();
    told.take(bar(1, "1.5", "closed"), 10);
    told.take(bar(2, "2.5", "closed"), 11);
    told.take(bar(3, "3.5"), 12);
    const read = [bar(0, "0.1", "closed"), bar(1, "1.1"), bar(2, "2.1")];
    expect(closes(told.over(read, 10))).toEqual([
      [0, "0.1"],
      [1, "1.5"],
      [2, "2.5"],
      [3, "3.5"],
    ]);
  });

  it("are as they were read where the stream told before that was asked for, also the next time", () => {
    const told = new ToldBars();
    told.take(bar(1, "1.5"), 9);
    told.take(bar(2, "2.5"), 9);
    expect(closes(told.over([bar(1, "1.9", "closed")], 10))).toEqual([[1, "1.9"]]);
    told.take(bar(2, "2.7"), 11);
    expect(closes(told.over([bar(1, "1.9", "closed"), bar(2, "2.6")], 10)).at(-1)).toEqual([2, "2.7"]);
  });

  it.each([
    ["forming", "closed", "read"],
    ["closed", "amended", "read"],
    ["forming", "amended", "read"],
    ["forming", "forming", "told"],
    ["closed", "forming", "told"],
    ["closed", "closed", "told"],
    ["amended", "closed", "told"],
    ["amended", "amended", "told"],
  ] as const)("told %s and read %s it is as it was %s", (toldState, readState, wanted) => {
    const told = new ToldBars();
    told.take(bar(1, "told", toldState), 10);
    expect(closes(told.over([bar(1, "read", readState)], 10))).toEqual([[1, wanted]]);
  });

  it("are not drawn over by what waited since they formed, but by what ended or moved since", () => {
    const each = [bar(1, "1.1"), bar(2, "2.1", "closed"), bar(3, "3.1")];
    const waiting = new Map(each.map((one) => [one.timeMs, one]));
    dropOlder(waiting, [bar(1, "1.9", "closed"), bar(2, "2.0"), bar(3, "3.0")]);
    expect(closes([...waiting.values()])).toEqual([
      [2, "2.1"],
      [3, "3.1"],
    ]);
  });
});

describe("a hole", () => {
  it("is as wide as what is missing, and has no values", () => {
    const rows = withGaps([bar(0), bar(1), bar(4)], MINUTE);
    expect(rows.map(([timeMs, each]) => [(timeMs - START) / MINUTE, each?.close ?? null])).toEqual([
      [0, "100"],
      [1, "100"],
      [2, null],
      [3, null],
      [4, "100"],
    ]);
  });

  it("is not there between neighbours, also when a day lasts 23 or 25 hours", () => {
    const day = 86_400_000;
    expect(missingBetween(0, day, day)).toEqual([]);
    expect(missingBetween(0, day - 3_600_000, day)).toEqual([]);
    expect(missingBetween(0, day + 3_600_000, day)).toEqual([]);
  });

  it("is cut where nobody would scroll through it, and stays before the next bar", () => {
    const missing = missingBetween(0, 100_000 * MINUTE, MINUTE);
    expect(missing).toHaveLength(WIDEST_GAP);
    expect(missing.at(-1)).toBeLessThan(100_000 * MINUTE);
  });
});

describe("the points of a line", () => {
  const at = (minute: number, value: number | null) => ({ timeMs: START + minute * MINUTE, value });

  it("rise strictly, and the last said of a time counts", () => {
    const drawn = drawnPoints([at(1, 5), at(0, 4), at(1, 6)], MINUTE);
    expect(drawn.map(({ value }) => value)).toEqual([4, 6]);
  });

  it("end the line before what is missing, and never go to 0", () => {
    const drawn = drawnPoints(
      [at(0, 4), at(1, null), at(2, Number.NaN), at(3, 5), at(9, 6), at(10, 7)],
      MINUTE,
    );
    expect(drawn.map(({ value, ends }) => [value, ends])).toEqual([
      [4, true],
      [null, false],
      [null, false],
      [5, true],
      [6, false],
      [7, false],
    ]);
  });

  it("are all joined when no step is known", () => {
    expect(drawnPoints([at(0, 1), at(99, 2)], 0).every(({ ends }) => !ends)).toBe(true);
  });
});
