/** Points of a line: strictly rising, and broken where a value is missing. */
import type { Point } from "./port";

export interface DrawnPoint {
  readonly timeMs: number;
  readonly value: number | null;
  /** The line does not go on to the next value: something is missing between them. */
  readonly ends: boolean;
}

/** The last one said of a time counts. What is not a number is missing. */
export function drawnPoints(points: readonly Point[], stepMs: number): DrawnPoint[] {
  const byTime = new Map<number, number | null>();
  for (const { timeMs, value } of points) {
    byTime.set(timeMs, value !== null && Number.isFinite(value) ? value : null);
  }
  const rising = [...byTime].sort(([a], [b]) => a - b);
  return rising.map(([timeMs, value], index) => {
    const next = rising[index + 1];
    const broken =
      next !== undefined && (next[1] === null || (stepMs > 0 && next[0] - timeMs > stepMs * 1.5));
    return { timeMs, value, ends: value !== null && broken };
  });
}
