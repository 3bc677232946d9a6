/** One or two lines over days, with a reading of the day that is pointed at or stepped to with the arrow keys. */
import { useEffect, useMemo, useRef, useState, type PointerEvent, type ReactNode } from "react";
import { areaOf, labelsOf, lonelyOf, scaleOf, strokesOf, type Point } from "./line";

/** As tall as the list beside it where there is room for one. */
const TALL = 388;
const LOW = 260;
const WIDE = 640;
const RIGHT = 68;
const BOTTOM = 24;
const TOP = 10;

export function ValueChart({
  points,
  second,
  label,
  axis,
  reading,
  marked,
  onPick,
}: {
  points: readonly Point[];
  /** On the same days: the benchmark. */
  second?: readonly Point[];
  label: string;
  axis: (value: number) => string;
  /** What is known of the day, in words. */
  reading: (index: number) => { text: string; show: ReactNode };
  /** Days that ask for an explanation. */
  marked: readonly number[];
  onPick: (index: number) => void;
}): ReactNode {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const [at, setAt] = useState<number | null>(null);
  const last = points.length - 1;
  const index = Math.min(at ?? last, last);
  const inner = Math.max(10, width - RIGHT - 8);
  const x = (i: number): number => 4 + (last <= 0 ? inner : (i / last) * inner);
  const scale = useMemo(
    () => scaleOf([...points, ...(second ?? [])].map((point) => point.value)),
    [points, second],
  );
  if (scale === null) return null;
  const height = width >= WIDE ? TALL : LOW;
  const floor = height - BOTTOM;
  const y = (value: number): number =>
    floor - ((value - scale.low) / (scale.high - scale.low || 1)) * (floor - TOP);
  const point = (event: PointerEvent<SVGSVGElement>): number => {
    const left = event.clientX - event.currentTarget.getBoundingClientRect().left;
    return Math.max(0, Math.min(last, Math.round(((left - 4) / inner) * last)));
  };
  const { text, show } = reading(index);
  const value = points[index]?.value ?? null;
  return (
    <div
      ref={frame}
      className="relative min-w-0 px-2 pb-1 outline-offset-[-2px] outline-accent has-[input:focus-visible]:outline-2"
    >
      <div className="flex min-h-7 flex-wrap items-center gap-x-3 px-1 text-[12px] text-ink-2">{show}</div>
      <svg
        width={width}
        height={height}
        role="img"
        aria-label={label}
        className="block max-w-full touch-pan-y"
        onPointerMove={(event) => setAt(point(event))}
        onPointerLeave={() => setAt(null)}
        onClick={(event) => onPick(point(event as unknown as PointerEvent<SVGSVGElement>))}
      >
        <Axes {...{ scale, y, x, width, height, inner, axis }} days={points} />
        <path d={areaOf(points, x, y, floor)} className="fill-accent" fillOpacity="0.1" />
        <Strokes points={points} x={x} y={y} tone="stroke-accent" />
        {second && <Strokes points={second} x={x} y={y} tone="stroke-warn" />}
        {marked.map((day) => {
          const of = points[day]?.value ?? null;
          return (
            of !== null && (
              <circle
                key={day}
                cx={x(day)}
                cy={y(of)}
                r="3.5"
                className="fill-panel stroke-warn"
                strokeWidth="1.5"
              />
            )
          );
        })}
        {at !== null && <line x1={x(index)} x2={x(index)} y1={TOP} y2={floor} className="stroke-ink-3" />}
        {at !== null && value !== null && (
          <circle cx={x(index)} cy={y(value)} r="3.5" className="fill-accent" />
        )}
        {lonelyOf(points).map((day) => (
          <circle key={day} cx={x(day)} cy={y(points[day]?.value ?? 0)} r="3" className="fill-accent" />
        ))}
      </svg>
      <input
        type="range"
        min={0}
        max={Math.max(0, last)}
        value={index}
        aria-label={`${label}: day`}
        aria-valuetext={text}
        onChange={(event) => setAt(Number(event.target.value))}
        onKeyDown={(event) => event.key === "Enter" && onPick(index)}
        onBlur={() => setAt(null)}
        className="pointer-events-none absolute bottom-0 left-2 h-4 w-[calc(100%-84px)] opacity-0"
      />
    </div>
  );
}

function Strokes({
  points,
  x,
  y,
  tone,
}: {
  points: readonly Point[];
  x: (index: number) => number;
  y: (value: number) => number;
  tone: string;
}): ReactNode {
  return strokesOf(points, x, y).map((stroke, index) => (
    <path
      key={index}
      d={stroke.path}
      fill="none"
      className={tone}
      strokeWidth="1.6"
      strokeLinejoin="round"
      {...(stroke.carried ? { strokeDasharray: "4 4" } : {})}
    />
  ));
}

function Axes({
  scale,
  y,
  x,
  width,
  height,
  inner,
  axis,
  days,
}: {
  scale: { ticks: readonly number[] };
  y: (value: number) => number;
  x: (index: number) => number;
  width: number;
  height: number;
  inner: number;
  axis: (value: number) => string;
  days: readonly Point[];
}): ReactNode {
  const labels = labelsOf(days.length, Math.max(2, Math.floor(width / 130)));
  return (
    <g className="text-[11px] tabular-nums">
      {scale.ticks.map((tick) => (
        <g key={tick}>
          <line x1={4} x2={inner + 4} y1={y(tick)} y2={y(tick)} className="stroke-line" strokeWidth="1" />
          <text x={inner + 12} y={y(tick) + 4} className="fill-ink-3">
            {axis(tick)}
          </text>
        </g>
      ))}
      {labels.map((index, order) => (
        <text
          key={index}
          x={x(index)}
          y={height - 6}
          className="fill-ink-3"
          textAnchor={
            order === 0 && labels.length > 1 ? "start" : order === labels.length - 1 ? "end" : "middle"
          }
        >
          {days[index]?.day}
        </text>
      ))}
    </g>
  );
}

function useWidth(of: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(600);
  useEffect(() => {
    const element = of.current;
    if (element === null) return;
    const look = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)));
    look.observe(element);
    return () => look.disconnect();
  }, [of]);
  return width;
}
