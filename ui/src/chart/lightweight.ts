/** {@link ChartPort} on lightweight-charts. Nothing else of the page knows the library. */
import { createChartEx, type IChartApiBase, type MouseEventParams, type Time } from "lightweight-charts";
import type { Zone } from "../format/times";
import { BarSeries } from "./bar-series";
import { Bars, dropOlder } from "./bars";
import { modeOf, pngOf, priceText, secondsOf, themeOptions, zoneOptions } from "./options";
import { Overlays } from "./overlays";
import type {
  Bar,
  ChartPort,
  ChartStats,
  ChartTheme,
  Crosshair,
  Marker,
  OverlayStyle,
  Point,
  PriceLine,
  Scale,
  VisibleRange,
} from "./port";
import { ZoneClock } from "./zone";
import { ZonedScale } from "./zoned-scale";

export interface ChartChoices {
  readonly theme: ChartTheme;
  readonly zone: Zone;
  readonly locale?: string;
}

const PRICE_PANE = "price";
const VOLUME_PANE = "volume";
/** How much of the height a pane has; every other has 1.3. */
const SHARES: Readonly<Record<string, number>> = { [PRICE_PANE]: 4, [VOLUME_PANE]: 0.9 };

export function createChart(element: HTMLElement, choices: ChartChoices): ChartPort {
  return new LightweightChart(element, choices);
}

class LightweightChart implements ChartPort {
  readonly #chart: IChartApiBase<Time>;
  readonly #scale: ZonedScale;
  readonly #bars = new Bars();
  readonly #series: BarSeries;
  readonly #overlays: Overlays;
  #panes: string[] = [PRICE_PANE];
  #mode: Scale = "normal";
  #pending = new Map<number, Bar>(); // by time: in the background nothing is drawn for hours
  #frame = 0;
  #redraws = 0;

  constructor(element: HTMLElement, { theme, zone, locale = "en" }: ChartChoices) {
    this.#scale = new ZonedScale(new ZoneClock(zone));
    const options = { autoSize: true, ...themeOptions(theme) };
    this.#chart = createChartEx<Time, ZonedScale>(element, this.#scale, options as never);
    this.#chart.applyOptions({ timeScale: { rightOffset: 4, minBarSpacing: 0.3 } });
    this.#series = new BarSeries(this.#chart, this.#bars, theme, locale);
    this.#overlays = new Overlays(this.#chart, (name) => this.#paneOf(name), theme, locale);
    this.#applyZone();
  }

  setBars(bars: readonly Bar[], stepMs: number): void {
    if (bars.length === 0 || stepMs !== this.#series.stepMs) this.#pending.clear(); // of other bars
    dropOlder(this.#pending, bars);
    this.#series.stepMs = this.#overlays.stepMs = stepMs;
    this.#bars.set(bars);
    this.#applyZone();
    this.#series.drawAll();
    this.#redraws += 1;
  }

  updateBar(bar: Bar): void {
    this.#pending.set(bar.timeMs, bar);
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#series.put([...this.#pending.values()]);
      this.#pending.clear();
      this.#redraws += 1;
    });
  }

  bars(): readonly Bar[] {
    return this.#bars.all;
  }

  setOverlay(id: string, points: readonly Point[], style: OverlayStyle, pane = PRICE_PANE): void {
    const alone = pane === PRICE_PANE && this.#bars.last === undefined;
    if (alone && style.places !== undefined) this.#series.setPlaces(style.places);
    this.#overlays.set(id, points, style, pane, this.#series.places);
    this.#prunePanes();
  }

  updateOverlay(id: string, point: Point): void {
    this.#overlays.update(id, point);
  }

  removeOverlay(id: string): void {
    this.#overlays.remove(id);
    this.#prunePanes();
  }

  setVolume(shown: boolean): void {
    if (shown === this.#series.hasVolume) return;
    if (shown) this.#series.showVolume(this.#paneOf(VOLUME_PANE));
    else this.#series.hideVolume();
    this.#prunePanes();
  }

  setMarkers(markers: readonly Marker[]): void {
    this.#series.setMarkers(markers);
  }

  setPriceLines(id: string, lines: readonly PriceLine[]): void {
    this.#series.setPriceLines(id, lines);
  }

  onVisibleRange(told: (range: VisibleRange) => void): () => void {
    const scale = this.#chart.timeScale();
    const tell = (): void => {
      const range = scale.getVisibleRange();
      const before = scale.getVisibleLogicalRange()?.from;
      if (range === null || before === undefined) return;
      told({
        fromMs: Number(range.from) * 1000,
        toMs: Number(range.to) * 1000,
        barsBefore: Math.floor(before),
      });
    };
    scale.subscribeVisibleLogicalRangeChange(tell);
    return () => scale.unsubscribeVisibleLogicalRangeChange(tell);
  }

  onCrosshair(told: (at: Crosshair | null) => void): () => void {
    const tell = ({ time, seriesData }: MouseEventParams<Time>): void => {
      if (time === undefined) return told(null);
      const timeMs = Number(time) * 1000;
      told({ timeMs, bar: this.#bars.get(timeMs) ?? null, values: this.#overlays.valuesAt(seriesData) });
    };
    this.#chart.subscribeCrosshairMove(tell);
    return () => this.#chart.unsubscribeCrosshairMove(tell);
  }

  onClick(told: (price: string) => void): () => void {
    const tell = ({ point, paneIndex }: MouseEventParams<Time>): void => {
      if (point === undefined || (paneIndex ?? 0) !== 0) return;
      const price = this.#series.main.coordinateToPrice(point.y);
      if (price !== null && price > 0) told(priceText(price));
    };
    this.#chart.subscribeClick(tell);
    return () => this.#chart.unsubscribeClick(tell);
  }

  setVisibleRange(fromMs: number, toMs: number): void {
    if (this.#bars.last === undefined && this.#overlays.isEmpty) return;
    this.#chart.timeScale().setVisibleRange({ from: secondsOf(fromMs), to: secondsOf(toMs) });
  }

  fit(): void {
    this.#chart.timeScale().fitContent();
  }

  toNow(): void {
    this.#chart.timeScale().scrollToRealTime();
  }

  pan(bars: number): void {
    const scale = this.#chart.timeScale();
    scale.scrollToPosition(scale.scrollPosition() + bars, false);
  }

  zoom(factor: number): void {
    const scale = this.#chart.timeScale();
    scale.applyOptions({ barSpacing: Math.min(60, Math.max(0.4, scale.options().barSpacing * factor)) });
  }

  setTheme(theme: ChartTheme): void {
    this.#chart.applyOptions(themeOptions(theme) as never);
    this.#series.setTheme(theme);
    this.#series.drawAll();
    this.#overlays.setTheme(theme);
  }

  setZone(zone: Zone): void {
    this.#scale.clock = new ZoneClock(zone);
    this.#applyZone();
    // Marks are weighed when points come: they have to come anew.
    this.#series.clear();
    this.#overlays.redraw(true);
    this.#series.drawAll();
  }

  setScale(scale: Scale): void {
    this.#mode = scale;
    this.#applyScale();
  }

  toPng(): Promise<Blob> {
    return pngOf(this.#chart.takeScreenshot(true, false));
  }

  stats(): ChartStats {
    const bars = this.#bars.all;
    return {
      bars: bars.length,
      firstMs: bars[0]?.timeMs ?? null,
      lastMs: this.#bars.last?.timeMs ?? null,
      lastClose: this.#bars.last?.close ?? null,
      dropped: this.#bars.dropped,
      redraws: this.#redraws,
      panes: this.#chart.panes().length,
      overlays: this.#overlays.counts(),
      ...this.#series.counts,
    };
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame);
    this.#chart.remove();
  }

  #applyZone(): void {
    const { stepMs } = this.#series;
    this.#chart.applyOptions(zoneOptions(this.#scale.clock, stepMs > 0 && stepMs < 60_000) as never);
  }

  /** The library numbers its panes; the page names them. */
  #paneOf(name: string): number {
    if (!this.#panes.includes(name)) this.#panes.push(name);
    return this.#panes.indexOf(name);
  }

  /** The library takes away a pane with its last series, and those below move up. */
  #prunePanes(): void {
    const used = new Set([PRICE_PANE, ...this.#overlays.panes()]);
    if (this.#series.hasVolume) used.add(VOLUME_PANE);
    this.#panes = this.#panes.filter((name) => used.has(name));
    const panes = this.#chart.panes();
    panes.forEach((pane, index) => pane.setStretchFactor(SHARES[this.#panes[index] ?? ""] ?? 1.3));
    this.#applyScale();
  }

  /** The scale is that of the price. A new pane takes over the last one that was set, so the price comes last. */
  #applyScale(): void {
    for (let pane = this.#chart.panes().length - 1; pane >= 0; pane -= 1) {
      const mode = modeOf(pane === 0 ? this.#mode : "normal");
      const scale = this.#chart.priceScale("right", pane);
      if (scale.options().mode !== mode)
        scale.applyOptions({ mode, ...(pane === 0 ? { autoScale: true } : {}) });
    }
  }
}
