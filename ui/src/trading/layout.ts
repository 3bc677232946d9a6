/** Sizes of the parts of the screen, kept in this browser. */
import { useSyncExternalStore } from "react";

export interface Layout {
  readonly book: number;
  readonly ticket: number;
  readonly top: number;
}

/** Pixels; the chart has what is left. */
export const LAYOUT: Layout = { book: 270, ticket: 310, top: 620 };
export const BOUNDS = { book: [210, 420], ticket: [270, 460], top: [360, 1000] } as const;

export function isLayout(value: unknown): value is Layout {
  if (typeof value !== "object" || value === null) return false;
  return (Object.keys(LAYOUT) as (keyof Layout)[]).every((name) => {
    const size = (value as Record<string, unknown>)[name];
    return typeof size === "number" && size >= BOUNDS[name][0] && size <= BOUNDS[name][1];
  });
}

const WIDE = "(min-width: 1100px)";

/** Room for chart, book and ticket side by side. */
export function useWide(): boolean {
  return useSyncExternalStore(
    (told) => {
      const query = matchMedia(WIDE);
      query.addEventListener("change", told);
      return () => query.removeEventListener("change", told);
    },
    () => matchMedia(WIDE).matches,
  );
}
