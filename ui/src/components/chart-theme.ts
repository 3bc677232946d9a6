import { useSyncExternalStore } from "react";
import type { ChartTheme, Ink } from "@/chart/port";

const NAMES = ["panel", "ink", "ink-2", "line", "raised", "accent", "up", "down", "warn", "danger"] as const;

let known: ChartTheme | null = null;
let knownFor: string | undefined;

/** The colours of the page, which the canvas cannot take from CSS by itself. */
function readTheme(): ChartTheme {
  const page = document.documentElement;
  const now = page.dataset["theme"];
  if (known === null || knownFor !== now) {
    const style = getComputedStyle(page);
    known = Object.fromEntries(
      NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
    ) as never;
    knownFor = now;
  }
  return known as ChartTheme;
}

function watchTheme(told: () => void): () => void {
  const observer = new MutationObserver(told);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  return () => observer.disconnect();
}

export function useChartTheme(): ChartTheme {
  return useSyncExternalStore(watchTheme, readTheme);
}

/** A colour of a chart as the page writes it: in a legend, on a chip. */
export function inkOfPage(color: Ink): string {
  return (NAMES as readonly string[]).includes(color) ? `var(--${color})` : color;
}
