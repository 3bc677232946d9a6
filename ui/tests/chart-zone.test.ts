import { describe, expect, it } from "vitest";
import { labelOfMark, labelOfTime, ZoneClock } from "@/chart/zone";
import { ZonedScale } from "@/chart/zoned-scale";

const HOUR = 3_600;
const seconds = (iso: string): number => Date.parse(iso) / 1000;
const berlin = new ZoneClock({ name: "Europe/Berlin", locale: "en" });
const kolkata = new ZoneClock({ name: "Asia/Kolkata", locale: "en" });

function weights(clock: ZoneClock, from: string, hours: number): number[] {
  const scale = new ZonedScale(clock);
  const points = Array.from({ length: hours }, (_, index) => {
    const originalTime = seconds(from) + index * HOUR;
    return { originalTime, time: scale.convertHorzItemToInternal(originalTime as never), timeWeight: 0 };
  });
  scale.fillWeightsForPoints(points as never, 0);
  return points.map(({ timeWeight }) => timeWeight);
}

describe("the clock of a zone", () => {
  it("goes with winter and summer", () => {
    expect(berlin.localSeconds(seconds("2026-01-15T12:00:00Z")) - seconds("2026-01-15T12:00:00Z")).toBe(HOUR);
    expect(berlin.localSeconds(seconds("2026-07-15T12:00:00Z")) - seconds("2026-07-15T12:00:00Z")).toBe(
      2 * HOUR,
    );
  });

  it("changes within the day on which it is put forward", () => {
    expect(labelOfTime(berlin, seconds("2026-03-29T00:59:00Z"))).toBe("2026-03-29 01:59");
    expect(labelOfTime(berlin, seconds("2026-03-29T01:00:00Z"))).toBe("2026-03-29 03:00");
  });

  it("shows an hour twice in autumn, of two different times", () => {
    const first = seconds("2026-10-25T00:30:00Z");
    expect(labelOfTime(berlin, first)).toBe("2026-10-25 02:30");
    expect(labelOfTime(berlin, first + HOUR)).toBe("2026-10-25 02:30");
    expect(labelOfTime(berlin, first + 2 * HOUR)).toBe("2026-10-25 03:30");
  });

  it("knows zones that are off by half an hour", () => {
    expect(labelOfMark(kolkata, seconds("2026-03-01T00:00:00Z"), "minute")).toBe("05:30");
    expect(labelOfMark(kolkata, seconds("2026-02-28T20:00:00Z"), "day")).toBe("1");
    expect(labelOfMark(kolkata, seconds("2026-02-28T20:00:00Z"), "month")).toBe("Mar");
    expect(labelOfMark(kolkata, seconds("2026-12-31T20:00:00Z"), "year")).toBe("2027");
  });
});

describe("the marks of the axis", () => {
  const largestAt = (values: readonly number[]): number => values.indexOf(Math.max(...values.slice(1)), 1);

  it("are largest at midnight of the zone, not of UTC", () => {
    // From 12:00 UTC on: midnight in Berlin is 22:00 UTC in summer.
    expect(largestAt(weights(berlin, "2026-07-15T12:00:00Z", 20))).toBe(10);
    expect(largestAt(weights(new ZoneClock({ name: "UTC", locale: "en" }), "2026-07-15T12:00:00Z", 20))).toBe(
      12,
    );
  });

  it("come to midnight after 25 hours on the day on which the clock is put back", () => {
    const values = weights(berlin, "2026-10-24T22:00:00Z", 27);
    expect(largestAt(values)).toBe(25);
  });

  it("do not depend on whether points come at once or one by one", () => {
    const scale = new ZonedScale(berlin);
    const points = Array.from({ length: 30 }, (_, index) => {
      const originalTime = seconds("2026-10-24T20:00:00Z") + index * HOUR;
      return { originalTime, time: scale.convertHorzItemToInternal(originalTime as never), timeWeight: 0 };
    });
    scale.fillWeightsForPoints(points.slice(0, 1) as never, 0);
    for (let index = 1; index < points.length; index += 1) {
      scale.fillWeightsForPoints(points.slice(0, index + 1) as never, index);
    }
    expect(points.slice(1).map(({ timeWeight }) => timeWeight)).toEqual(
      weights(berlin, "2026-10-24T20:00:00Z", 30).slice(1),
    );
  });
});
