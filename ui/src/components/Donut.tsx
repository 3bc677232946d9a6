/** Shares of a whole as a ring, with a list that says the same in words. */
import type { ReactNode } from "react";

export interface Slice {
  readonly key: string;
  readonly name: ReactNode;
  /** A ratio of the whole; only the picture is made of it. */
  readonly part: number;
  readonly percent: string;
  readonly value: ReactNode;
  readonly onPick?: () => void;
}

const R = 42;
const ROUND = 2 * Math.PI * R;

/** Steps of one hue: neighbours differ in lightness, so that they are told apart without seeing colours. */
function toneOf(index: number, count: number): string {
  const strength = 100 - Math.round((index / Math.max(1, count)) * 82);
  return `color-mix(in oklab, var(--accent) ${strength}%, var(--line))`;
}

export function Donut({
  slices,
  label,
  middle,
}: {
  slices: readonly Slice[];
  label: string;
  /** In the hole: the whole. */
  middle?: ReactNode;
}): ReactNode {
  let start = 0;
  const arcs = slices.map((slice, index) => {
    const length = Math.max(0, slice.part) * ROUND;
    const arc = {
      slice,
      offset: -start,
      length: Math.max(0.5, length - 1),
      tone: toneOf(index, slices.length),
    };
    start += length;
    return arc;
  });
  return (
    <div className="flex flex-col gap-4 p-3 sm:flex-row sm:items-center xl:flex-col xl:items-stretch">
      <div className="relative mx-auto size-40 shrink-0">
        <svg viewBox="0 0 100 100" role="img" aria-label={label} className="size-full -rotate-90">
          {arcs.map(({ slice, offset, length, tone }) => (
            <circle
              key={slice.key}
              cx="50"
              cy="50"
              r={R}
              fill="none"
              strokeWidth="13"
              style={{ stroke: tone }}
              strokeDasharray={`${length} ${ROUND - length}`}
              strokeDashoffset={offset}
            />
          ))}
        </svg>
        <div className="absolute inset-0 flex flex-col items-center justify-center text-center text-[13px] font-semibold tabular-nums">
          {middle}
        </div>
      </div>
      <ul className="min-w-44 flex-1 text-[13px]">
        {arcs.map(({ slice, tone }) => (
          <li key={slice.key} className="flex items-center gap-2 py-0.5">
            <span aria-hidden className="size-2.5 shrink-0 rounded-sm" style={{ background: tone }} />
            <span className="min-w-0 flex-1 truncate">{slice.name}</span>
            <span className="num text-ink-2">{slice.value}</span>
            <span className="num w-16">{slice.percent}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
