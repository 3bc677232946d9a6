/** From values to a picture: a line with holes where nothing is known, dashed where an old price was carried on. */

export interface Point {
  readonly day: string;
  /** null: not known. A missing value is never 0. */
  readonly value: number | null;
  /** Made with a price of an earlier day. */
  readonly carried: boolean;
}

export interface Stroke {
  readonly carried: boolean;
  readonly path: string;
}

export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
}

/** Round numbers around all values. */
export function scaleOf(values: readonly (number | null)[], wanted = 4): Scale | null {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  if (known.length === 0) return null;
  let low = Math.min(...known);
  let high = Math.max(...known);
  if (low === high) {
    const room = Math.abs(low) * 0.05 || 1;
    low -= room;
    high += room;
  }
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5].find((factor) => factor * power >= raw) ?? 10) * power;
  const ticks: number[] = [];
  for (let at = Math.floor(low / step); at <= Math.ceil(high / step); at += 1) ticks.push(at * step);
  return { low: Math.min(low, ticks[0] ?? low), high: Math.max(high, ticks.at(-1) ?? high), ticks };
}

/** Pieces of the line; a piece begins where the last one of the other kind ended, so that it does not tear. */
export function strokesOf(
  points: readonly Point[],
  x: (index: number) => number,
  y: (value: number) => number,
): readonly Stroke[] {
  const strokes: { carried: boolean; path: string }[] = [];
  let before: { at: string; index: number } | null = null;
  points.forEach((point, index) => {
    if (point.value === null) {
      before = null;
      return;
    }
    const at = `${x(index).toFixed(1)} ${y(point.value).toFixed(1)}`;
    const open = strokes.at(-1);
    if (before === null) strokes.push({ carried: point.carried, path: `M${at}` });
    else if (open !== undefined && open.carried === point.carried) open.path += `L${at}`;
    else strokes.push({ carried: point.carried, path: `M${before.at}L${at}` });
    before = { at, index };
  });
  return strokes;
}

/** The filled part below the line, one piece for each stretch without a hole. */
export function areaOf(
  points: readonly Point[],
  x: (index: number) => number,
  y: (value: number) => number,
  floor: number,
): string {
  let path = "";
  let start: number | null = null;
  const close = (end: number): void => {
    if (start !== null) path += `L${x(end).toFixed(1)} ${floor}L${x(start).toFixed(1)} ${floor}Z`;
    start = null;
  };
  points.forEach((point, index) => {
    if (point.value === null) {
      close(index - 1);
      return;
    }
    path += `${start === null ? "M" : "L"}${x(index).toFixed(1)} ${y(point.value).toFixed(1)}`;
    start ??= index;
  });
  close(points.length - 1);
  return path;
}

/** Values between two holes: without a neighbour no line goes through them, so they are drawn as dots. */
export function lonelyOf(points: readonly Point[]): readonly number[] {
  const known = (index: number): boolean => (points[index]?.value ?? null) !== null;
  return points.flatMap((_, index) =>
    known(index) && !known(index - 1) && !known(index + 1) ? [index] : [],
  );
}

/** Places along the axis for so many labels. */
export function labelsOf(count: number, most: number): readonly number[] {
  if (count <= 1) return count === 1 ? [0] : [];
  const shown = Math.min(most, count);
  return Array.from({ length: shown }, (_, index) => Math.round((index * (count - 1)) / (shown - 1 || 1)));
}
