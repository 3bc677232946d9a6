import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync(new URL("../src/shell/theme.css", import.meta.url), "utf8");
const READABLE = 4.5; // WCAG 2.2, 1.4.3, for text of ordinary size
const GROUNDS = ["page", "panel", "raised"];
const INKS = ["ink", "ink-2", "ink-3", "accent", "up", "down", "warn", "danger"];
const SOFT = ["accent", "up", "down", "warn", "danger"];
const PAIRS = [
  ...INKS.flatMap((ink) => GROUNDS.map((ground) => [ink, ground] as const)),
  ...SOFT.map((ink) => [ink, `${ink}-soft`] as const),
  ["accent-ink", "accent"] as const,
];
type Colour = readonly number[];

function colours(selector: string): Map<string, Colour> {
  const from = css.indexOf(`${selector} {`);
  const block = css.slice(from, css.indexOf("}", from));
  return new Map(
    [...block.matchAll(/--([\w-]+): #([\da-f]{6});/g)].map(([, name = "", hex = ""]) => [
      name,
      [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255),
    ]),
  );
}

/** Of sRGB, 0 to 1. */
function luminance(colour: Colour): number {
  const [red = 0, green = 0, blue = 0] = colour.map((part) =>
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: Colour, other: Colour): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** What the filter `grayscale(1)` makes of it. */
function drained([red = 0, green = 0, blue = 0]: Colour): Colour {
  const grey = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return [grey, grey, grey];
}

test.each([":root", '[data-theme="dark"]'])("all is readable in %s, stale as well", (selector) => {
  const known = colours(selector);
  for (const [ink, ground] of PAIRS) {
    const text = known.get(ink);
    const behind = known.get(ground);
    if (text === undefined || behind === undefined) throw new Error(`${ink} on ${ground}`);
    expect(contrast(text, behind), `${ink} on ${ground}`).toBeGreaterThanOrEqual(READABLE);
    expect(contrast(drained(text), drained(behind)), `stale ${ink} on ${ground}`).toBeGreaterThanOrEqual(
      READABLE,
    );
  }
});
