/** Lines, areas and columns over the bars or in panes of their own. */
import {
  AreaSeries,
  HistogramSeries,
  LineSeries,
  LineStyle,
  type IChartApiBase,
  type ISeriesApi,
  type SeriesType,
  type Time,
} from "lightweight-charts";
import { faded, inkOf, priceFormat } from "./options";
import { drawnPoints, type DrawnPoint } from "./points";
import type { ChartTheme, OverlayStyle, Point } from "./port";

interface Overlay {
  readonly series: ISeriesApi<SeriesType, Time>;
  readonly style: OverlayStyle;
  readonly pane: string;
  points: Point[];
}

const KINDS = { line: LineSeries, dots: LineSeries, area: AreaSeries, columns: HistogramSeries } as const;
const NOTHING = "transparent";

export class Overlays {
  stepMs = 0;
  readonly #byId = new Map<string, Overlay>();
  readonly #chart: IChartApiBase<Time>;
  readonly #paneOf: (name: string) => number;
  readonly #locale: string;
  #theme: ChartTheme;

  constructor(
    chart: IChartApiBase<Time>,
    paneOf: (name: string) => number,
    theme: ChartTheme,
    locale: string,
  ) {
    this.#chart = chart;
    this.#paneOf = paneOf;
    this.#theme = theme;
    this.#locale = locale;
  }

  get isEmpty(): boolean {
    return [...this.#byId.values()].every(({ points }) => points.length === 0);
  }

  set(id: string, points: readonly Point[], style: OverlayStyle, pane: string, places: number): void {
    const known = this.#byId.get(id);
    if (known !== undefined && (known.pane !== pane || known.style.kind !== style.kind)) this.remove(id);
    const series =
      this.#byId.get(id)?.series ?? this.#chart.addSeries(KINDS[style.kind], {}, this.#paneOf(pane));
    const overlay = { series, style, pane, points: [...points] };
    this.#byId.set(id, overlay);
    const shown = style.places ?? (places < 0 ? 2 : places);
    series.applyOptions({
      title: style.title ?? "",
      priceLineVisible: false,
      lastValueVisible: style.lastValue ?? false,
      priceFormat: priceFormat(shown, this.#locale),
    });
    this.#paint(overlay);
    this.#draw(overlay);
  }

  update(id: string, point: Point): void {
    const overlay = this.#byId.get(id);
    if (overlay === undefined) return;
    const last = overlay.points.at(-1);
    if (last !== undefined && point.timeMs < last.timeMs) {
      const at = overlay.points.findIndex(({ timeMs }) => timeMs === point.timeMs);
      // Older and unknown: dropped, as bars are.
      if (at < 0) return;
      overlay.points[at] = point;
      this.#draw(overlay);
      return;
    }
    const follows = last === undefined || point.timeMs - last.timeMs <= this.#widest();
    if (last?.timeMs === point.timeMs) overlay.points.pop();
    overlay.points.push(point);
    if (point.value === null || !follows) this.#draw(overlay);
    else overlay.series.update(this.#item(overlay, { ...point, ends: false }));
  }

  remove(id: string): void {
    const overlay = this.#byId.get(id);
    if (overlay === undefined) return;
    this.#byId.delete(id);
    this.#chart.removeSeries(overlay.series);
  }

  panes(): string[] {
    return [...this.#byId.values()].map(({ pane }) => pane);
  }

  counts(): Record<string, number> {
    return Object.fromEntries([...this.#byId].map(([id, { points }]) => [id, points.length]));
  }

  valuesAt(data: ReadonlyMap<unknown, unknown>): Record<string, number> {
    const values: Record<string, number> = {};
    for (const [id, { series }] of this.#byId) {
      const item = data.get(series) as { value?: number } | undefined;
      if (item?.value !== undefined) values[id] = item.value;
    }
    return values;
  }

  setTheme(theme: ChartTheme): void {
    this.#theme = theme;
    for (const overlay of this.#byId.values()) this.#paint(overlay);
    this.redraw();
  }

  redraw(anew = false): void {
    if (anew) for (const { series } of this.#byId.values()) series.setData([]);
    for (const overlay of this.#byId.values()) this.#draw(overlay);
  }

  #widest(): number {
    return this.stepMs > 0 ? this.stepMs * 1.5 : Infinity;
  }

  #draw(overlay: Overlay): void {
    overlay.series.setData(
      drawnPoints(overlay.points, this.stepMs).map((point) => this.#item(overlay, point)),
    );
  }

  #item({ style }: Overlay, { timeMs, value, ends }: DrawnPoint): never {
    const time = Math.floor(timeMs / 1000);
    if (value === null) return { time } as never;
    if (style.kind === "columns") {
      return {
        time,
        value,
        color: faded(value < 0 ? this.#theme.down : inkOf(this.#theme, style.color), 0.6),
      } as never;
    }
    if (!ends) return { time, value } as never;
    // A segment has the colour of the point that it begins with: over a hole it is not seen.
    const hidden =
      style.kind === "area"
        ? { lineColor: NOTHING, topColor: NOTHING, bottomColor: NOTHING }
        : { color: NOTHING };
    return { time, value, ...hidden } as never;
  }

  #paint({ series, style }: Overlay): void {
    const color = inkOf(this.#theme, style.color);
    const line = {
      lineWidth: style.width ?? 1,
      lineStyle: style.dashed ? LineStyle.Dashed : LineStyle.Solid,
      crosshairMarkerRadius: 3,
    };
    if (style.kind === "area") {
      series.applyOptions({
        ...line,
        lineColor: color,
        topColor: faded(color, 0.25),
        bottomColor: faded(color, 0.02),
      });
    } else if (style.kind === "dots") {
      series.applyOptions({
        ...line,
        color,
        lineVisible: false,
        pointMarkersVisible: true,
        pointMarkersRadius: 1.5,
      });
    } else if (style.kind === "line") series.applyOptions({ ...line, color });
    else series.applyOptions({ color: faded(color, 0.6) });
  }
}
