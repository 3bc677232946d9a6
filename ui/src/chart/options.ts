/** How the library is told what the page looks like. */
import {
  ColorType,
  CrosshairMode,
  LineStyle,
  PriceScaleMode,
  TickMarkType,
  type ChartOptions,
  type DeepPartial,
  type PriceFormat,
  type Time,
} from "lightweight-charts";
import { formatFixed, formatCompact, placesOfPrice } from "../format/amounts";
import type { ChartTheme, Ink, Scale } from "./port";
import { labelOfMark, labelOfTime, type Mark, type ZoneClock } from "./zone";

export const secondsOf = (timeMs: number): Time => Math.floor(timeMs / 1000) as unknown as Time;

export function inkOf(theme: ChartTheme, color: Ink): string {
  return color in theme ? theme[color as keyof ChartTheme] : color;
}

/** The same colour, lighter: areas, columns. */
export function faded(color: string, alpha: number): string {
  const plain = color.trim().replace(/^#(.)(.)(.)$/, "#$1$1$2$2$3$3");
  const share = Math.round(alpha * 255);
  return /^#[0-9a-f]{6}$/i.test(plain) ? plain + share.toString(16).padStart(2, "0") : color;
}

const MARKS: Readonly<Record<TickMarkType, Mark>> = {
  [TickMarkType.Year]: "year",
  [TickMarkType.Month]: "month",
  [TickMarkType.DayOfMonth]: "day",
  [TickMarkType.Time]: "minute",
  [TickMarkType.TimeWithSeconds]: "second",
};

const MODES: Readonly<Record<Scale, PriceScaleMode>> = {
  normal: PriceScaleMode.Normal,
  log: PriceScaleMode.Logarithmic,
  percent: PriceScaleMode.Percentage,
};

export const modeOf = (scale: Scale): PriceScaleMode => MODES[scale];

export function themeOptions(theme: ChartTheme): DeepPartial<ChartOptions> {
  const cross = { color: theme["ink-2"], labelBackgroundColor: theme["ink-2"], style: LineStyle.Dashed };
  return {
    layout: {
      // Its own link comes with a <style> element, which the page's security policy refuses: ChartView shows ours.
      attributionLogo: false,
      background: { type: ColorType.Solid, color: theme.panel },
      textColor: theme["ink-2"],
      fontFamily: "'Inter Variable', system-ui, sans-serif",
      fontSize: 11,
      panes: { separatorColor: theme.line, separatorHoverColor: theme.raised },
    },
    grid: { vertLines: { color: faded(theme.line, 0.5) }, horzLines: { color: faded(theme.line, 0.5) } },
    rightPriceScale: { borderColor: theme.line, entireTextOnly: true },
    timeScale: { borderColor: theme.line },
    crosshair: { mode: CrosshairMode.Normal, vertLine: cross, horzLine: cross },
  };
}

export function zoneOptions(clock: ZoneClock, seconds: boolean): DeepPartial<ChartOptions> {
  return {
    timeScale: {
      timeVisible: true,
      secondsVisible: seconds,
      tickMarkFormatter: (time: Time, mark: TickMarkType) => labelOfMark(clock, time as number, MARKS[mark]),
    },
    localization: { timeFormatter: (time: Time) => labelOfTime(clock, time as number, seconds) },
  } as DeepPartial<ChartOptions>;
}

/** As the price is written elsewhere on the page; a float has no more than 15 digits that mean something. */
export function priceFormat(places: number, locale: string): PriceFormat {
  return {
    type: "custom",
    minMove: 10 ** -places,
    formatter: (price: number) => formatFixed(exact(price), places, locale),
  };
}

export function volumeFormat(locale: string): PriceFormat {
  return {
    type: "custom",
    minMove: 0.00000001,
    formatter: (volume: number) => formatCompact(exact(volume), locale),
  };
}

/** A float that came of pixels, as a decimal of at most so many places. */
export function exact(value: number, places = 12): string {
  return Number.isFinite(value) ? value.toFixed(Math.min(places, 15)) : "0";
}

/** A price at a pixel, with the places that a price of its size has. */
export function priceText(price: number): string {
  return price.toFixed(placesOfPrice(exact(price)));
}

export function pngOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error("no picture could be made"));
      else resolve(blob);
    }, "image/png");
  });
}
