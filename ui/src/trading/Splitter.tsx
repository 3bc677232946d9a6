import { useRef, type KeyboardEvent, type PointerEvent, type ReactNode } from "react";

const STEP_PX = 16;

/** Between two parts: dragged, or moved with the arrows. `value` is the size of the part that it changes, in pixels. */
export function Splitter({
  label,
  axis,
  value,
  least,
  most,
  grows,
  onValue,
}: {
  label: string;
  /** x: it is moved sideways. */
  axis: "x" | "y";
  value: number;
  least: number;
  most: number;
  /** 1: the part grows to the right or downwards; -1: it lies after the splitter. */
  grows: 1 | -1;
  onValue: (value: number) => void;
}): ReactNode {
  const from = useRef<{ at: number; value: number } | null>(null);
  const set = (next: number): void => onValue(Math.round(Math.min(most, Math.max(least, next))));
  const place = (event: PointerEvent): number => (axis === "x" ? event.clientX : event.clientY);
  const press = (event: KeyboardEvent): void => {
    const [less, more] = axis === "x" ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
    const by = event.key === more ? STEP_PX : event.key === less ? -STEP_PX : 0;
    if (by === 0) return;
    event.preventDefault();
    set(value + by * grows);
  };
  return (
    <div
      role="separator"
      aria-label={label}
      aria-orientation={axis === "x" ? "vertical" : "horizontal"}
      aria-valuenow={value}
      aria-valuemin={least}
      aria-valuemax={most}
      tabIndex={0}
      onKeyDown={press}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = { at: place(event), value };
      }}
      onPointerMove={(event) => {
        const begun = from.current;
        if (begun !== null) set(begun.value + (place(event) - begun.at) * grows);
      }}
      onPointerUp={() => (from.current = null)}
      onPointerCancel={() => (from.current = null)}
      className={`touch-none rounded hover:bg-accent focus-visible:bg-accent ${axis === "x" ? "w-1.5 cursor-col-resize" : "h-1.5 cursor-row-resize"}`}
    />
  );
}
