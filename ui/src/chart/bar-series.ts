/** The bars as the library draws them: candles, volumes, marks of what happened, and levels of price. */
import {
  CandlestickSeries,
  createSeriesMarkers,
  HistogramSeries,
  LineStyle,
  type CandlestickData,
  type HistogramData,
  type IChartApiBase,
  type IPriceLine,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type Time,
  type WhitespaceData,
} from "lightweight-charts";
import { placesOfPrice } from "../format/amounts";
import { missingBetween, withGaps, type Bars } from "./bars";
import { faded, inkOf, priceFormat, secondsOf, volumeFormat } from "./options";
import type { Bar, ChartTheme, Marker, PriceLine } from "./port";

export class BarSeries {
  readonly main: ISeriesApi<"Candlestick", Time>;
  stepMs = 0;
  /** Of the price on the axis; -1 while no bar is known. */
  places = -1;
  readonly #chart: IChartApiBase<Time>;
  readonly #bars: Bars;
  readonly #locale: string;
  readonly #marks: ISeriesMarkersPluginApi<Time>;
  readonly #lines = new Map<string, { given: readonly PriceLine[]; drawn: IPriceLine[] }>();
  #volume: ISeriesApi<"Histogram", Time> | null = null;
  #theme: ChartTheme;
  #markers: readonly Marker[] = [];

  constructor(chart: IChartApiBase<Time>, bars: Bars, theme: ChartTheme, locale: string) {
    this.#chart = chart;
    this.#bars = bars;
    this.#theme = theme;
    this.#locale = locale;
    this.main = chart.addSeries(CandlestickSeries, {}, 0);
    this.#marks = createSeriesMarkers(this.main, []);
    this.setTheme(theme);
  }

  get hasVolume(): boolean {
    return this.#volume !== null;
  }

  get counts(): { markers: number; priceLines: number } {
    const priceLines = [...this.#lines.values()].reduce((count, { drawn }) => count + drawn.length, 0);
    return { markers: this.#marks.markers().length, priceLines };
  }

  showVolume(pane: number): void {
    const options = {
      priceFormat: volumeFormat(this.#locale),
      priceLineVisible: false,
      lastValueVisible: false,
    };
    this.#volume = this.#chart.addSeries(HistogramSeries, options, pane);
    this.#volume.setData(withGaps(this.#bars.all, this.stepMs).map((row) => this.#column(...row)));
  }

  hideVolume(): void {
    if (this.#volume !== null) this.#chart.removeSeries(this.#volume);
    this.#volume = null;
  }

  /** The axis takes them from the bars' series, also while that has no bars. */
  setPlaces(places: number): void {
    if (places === this.places) return;
    this.places = places;
    this.main.applyOptions({ priceFormat: priceFormat(places, this.#locale) });
  }

  clear(): void {
    this.main.setData([]);
    this.#volume?.setData([]);
  }

  drawAll(): void {
    const last = this.#bars.last;
    if (last !== undefined) this.setPlaces(placesOfPrice(last.close));
    const rows = withGaps(this.#bars.all, this.stepMs);
    this.main.setData(rows.map((row) => this.#candle(...row)));
    this.#volume?.setData(rows.map((row) => this.#column(...row)));
    this.setMarkers(this.#markers);
  }

  /** Puts them among the bars and draws what has changed. */
  put(bars: readonly Bar[]): void {
    const before = this.#bars.all.length;
    let newest = this.#bars.last?.timeMs ?? null;
    for (const bar of bars) {
      const verdict = this.#bars.put(bar);
      if (verdict === "dropped") continue;
      if (verdict === "appended" && newest !== null) {
        for (const timeMs of missingBetween(newest, bar.timeMs, this.stepMs)) this.#draw(timeMs, null, false);
      }
      this.#draw(bar.timeMs, bar, newest !== null && bar.timeMs < newest);
      newest = Math.max(newest ?? 0, bar.timeMs);
    }
    if (this.places < 0 || this.#bars.all.length < before) this.drawAll();
  }

  setMarkers(markers: readonly Marker[]): void {
    this.#markers = markers;
    const first = this.#bars.all[0]?.timeMs ?? Infinity;
    const drawn = markers.flatMap(({ timeMs, side, text }) => {
      const bar = timeMs >= first ? this.#bars.barAt(timeMs) : undefined;
      if (bar === undefined) return [];
      const color = inkOf(this.#theme, { note: "accent", buy: "up", sell: "down" }[side]);
      const shape = ({ note: "circle", buy: "arrowUp", sell: "arrowDown" } as const)[side];
      const position = side === "sell" ? "aboveBar" : "belowBar";
      return [{ time: secondsOf(bar.timeMs), position, shape, color, text } as const];
    });
    this.#marks.setMarkers(drawn.sort((a, b) => Number(a.time) - Number(b.time)));
  }

  setPriceLines(id: string, lines: readonly PriceLine[]): void {
    for (const line of this.#lines.get(id)?.drawn ?? []) this.main.removePriceLine(line);
    this.#lines.delete(id);
    if (lines.length === 0) return;
    const drawn = lines
      .filter(({ price }) => Number(price) > 0)
      .map(({ price, color, title, solid = false }) =>
        this.main.createPriceLine({
          price: Number(price),
          color: inkOf(this.#theme, color),
          title,
          lineWidth: 1,
          lineStyle: solid ? LineStyle.Solid : LineStyle.Dashed,
          axisLabelVisible: true,
        }),
      );
    this.#lines.set(id, { given: lines, drawn });
  }

  setTheme(theme: ChartTheme): void {
    this.#theme = theme;
    const { up, down } = theme;
    this.main.applyOptions({
      ...{ upColor: up, borderUpColor: up, wickUpColor: up },
      ...{ downColor: down, borderDownColor: down, wickDownColor: down },
      priceLineStyle: LineStyle.Dotted,
    });
    for (const [id, { given }] of [...this.#lines]) this.setPriceLines(id, given);
  }

  #draw(timeMs: number, bar: Bar | null, amended: boolean): void {
    this.main.update(this.#candle(timeMs, bar), amended);
    this.#volume?.update(this.#column(timeMs, bar), amended);
  }

  #candle(timeMs: number, bar: Bar | null): CandlestickData<Time> | WhitespaceData<Time> {
    const time = secondsOf(timeMs);
    if (bar === null) return { time };
    const { open, high, low, close } = bar;
    return { time, open: Number(open), high: Number(high), low: Number(low), close: Number(close) };
  }

  #column(timeMs: number, bar: Bar | null): HistogramData<Time> | WhitespaceData<Time> {
    const time = secondsOf(timeMs);
    if (bar === null) return { time };
    const color = faded(Number(bar.close) >= Number(bar.open) ? this.#theme.up : this.#theme.down, 0.45);
    return { time, value: Number(bar.volume), color };
  }
}
