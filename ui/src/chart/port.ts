/**
 * What the page needs of a chart, whatever draws it. Times are UTC milliseconds, prices the texts of the API: they
 * become floats only here, for pixels. A price that is not known is a gap, never 0.
 *
 *     const chart = createChart(element, { theme, zone, locale: "en" });   // chart/lightweight
 *     chart.setBars(bars, 60_000);
 *     chart.updateBar(bar);                                                // at most one redraw per frame
 *     chart.setOverlay("ema", points, { kind: "line", color: "accent", title: "EMA 20" }, "price");
 *     chart.setPriceLines("orders", [{ price: "64000", color: "up", title: "Buy 0.5" }]);
 */
import type { Zone } from "../format/times";

export interface Bar {
  /** When it opens, UTC. */
  readonly timeMs: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  /** How final it is, as the API says. */
  readonly state: "synthetic" | "forming" | "closed" | "amended";
}

export interface Point {
  readonly timeMs: number;
  /** null: not defined at that time; the line breaks there. */
  readonly value: number | null;
}

/** A colour of the theme, which follows it, or any other that CSS knows. */
export type Ink = keyof ChartTheme | (string & {});

export interface ChartTheme {
  readonly panel: string;
  readonly ink: string;
  readonly "ink-2": string;
  readonly line: string;
  readonly raised: string;
  readonly accent: string;
  readonly up: string;
  readonly down: string;
  readonly warn: string;
  readonly danger: string;
}

export interface OverlayStyle {
  /** `columns` grow from 0: histograms and volumes. */
  readonly kind: "line" | "area" | "columns" | "dots";
  readonly color: Ink;
  readonly title?: string;
  readonly width?: 1 | 2 | 3;
  readonly dashed?: boolean;
  /** Places of its figures on the axis; those of the price unless told. */
  readonly places?: number;
  /** Show its last value on the axis. */
  readonly lastValue?: boolean;
}

export interface PriceLine {
  readonly price: string;
  readonly color: Ink;
  readonly title: string;
  readonly solid?: boolean;
}

export interface Marker {
  readonly timeMs: number;
  readonly side: "buy" | "sell" | "note";
  readonly text: string;
}

/** In percent each series counts from its own first value that is seen. */
export type Scale = "normal" | "log" | "percent";

export interface VisibleRange {
  readonly fromMs: number;
  readonly toMs: number;
  /** How many bars there are to the left of what is seen; below 0 there is empty space. */
  readonly barsBefore: number;
}

export interface Crosshair {
  readonly timeMs: number;
  /** The bar there, unless there is none. */
  readonly bar: Bar | null;
  /** By id of the overlay. */
  readonly values: Readonly<Record<string, number>>;
}

export interface ChartStats {
  readonly bars: number;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  readonly lastClose: string | null;
  /** Bars that came too late for a place of their own. */
  readonly dropped: number;
  readonly redraws: number;
  readonly panes: number;
  readonly overlays: Readonly<Record<string, number>>;
  readonly markers: number;
  readonly priceLines: number;
}

/** Most bars that are kept; the oldest go first. */
export const MOST_BARS = 20_000;

export interface ChartPort {
  /** All bars, in whatever order; `stepMs` is how long one is, so that missing ones leave a gap. What is seen stays seen. */
  setBars(bars: readonly Bar[], stepMs: number): void;
  /** The newest bar, or an amended one. One that is older and unknown is dropped. Drawn with the next frame. */
  updateBar(bar: Bar): void;
  bars(): readonly Bar[];
  /** Draws over the bars or in a pane of its own, by name: "price" is that of the bars. The same id replaces. */
  setOverlay(id: string, points: readonly Point[], style: OverlayStyle, pane?: string): void;
  /** The newest point of an overlay, or an amended one. */
  updateOverlay(id: string, point: Point): void;
  removeOverlay(id: string): void;
  setVolume(shown: boolean): void;
  setMarkers(markers: readonly Marker[]): void;
  /** All lines of one kind, e.g. "orders"; none removes them. */
  setPriceLines(id: string, lines: readonly PriceLine[]): void;
  /** What it returns stops it. */
  onVisibleRange(told: (range: VisibleRange) => void): () => void;
  /** null: the pointer has left. */
  onCrosshair(told: (at: Crosshair | null) => void): () => void;
  /** The price at the pointer, as text, when somebody clicks on the pane of the bars. */
  onClick(told: (price: string) => void): () => void;
  setVisibleRange(fromMs: number, toMs: number): void;
  fit(): void;
  /** To the newest bar. */
  toNow(): void;
  /** By so many bars; below 0 is back in time. */
  pan(bars: number): void;
  /** Above 1 shows fewer bars, larger. */
  zoom(factor: number): void;
  setTheme(theme: ChartTheme): void;
  setZone(zone: Zone): void;
  setScale(scale: Scale): void;
  toPng(): Promise<Blob>;
  stats(): ChartStats;
  destroy(): void;
}
