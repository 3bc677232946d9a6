/**
 * Exact decimal arithmetic on the strings of the API: a sign, digits, maybe a fraction. Money never becomes a float;
 * only pixels do ({@link toFloat}).
 */

interface Scaled {
  readonly digits: bigint;
  readonly places: number;
}

/** Exponents are short: `1e999999999` is a number that no machine writes out, and a page must not try. */
const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

function read(text: string): Scaled {
  const match = DECIMAL.exec(text);
  if (match === null) throw new RangeError(`not a decimal: ${text}`);
  const [, sign, whole = "0", fraction = "", exponent = "0"] = match;
  let digits = BigInt(whole + fraction);
  let places = fraction.length - Number(exponent);
  if (places < 0) {
    digits *= 10n ** BigInt(-places);
    places = 0;
  }
  return { digits: sign === "-" ? -digits : digits, places };
}

function write({ digits, places }: Scaled): string {
  const negative = digits < 0n;
  const text = (negative ? -digits : digits).toString().padStart(places + 1, "0");
  const whole = text.slice(0, text.length - places);
  const fraction = places === 0 ? "" : text.slice(text.length - places).replace(/0+$/, "");
  const plain = fraction === "" ? whole : `${whole}.${fraction}`;
  return negative && plain !== "0" ? `-${plain}` : plain;
}

function aligned(a: string, b: string): [bigint, bigint, number] {
  const left = read(a);
  const right = read(b);
  const places = Math.max(left.places, right.places);
  const lift = (value: Scaled): bigint => value.digits * 10n ** BigInt(places - value.places);
  return [lift(left), lift(right), places];
}

export function isDecimal(text: string): boolean {
  return DECIMAL.test(text);
}

export function add(a: string, b: string): string {
  const [left, right, places] = aligned(a, b);
  return write({ digits: left + right, places });
}

export function subtract(a: string, b: string): string {
  const [left, right, places] = aligned(a, b);
  return write({ digits: left - right, places });
}

export function multiply(a: string, b: string): string {
  const left = read(a);
  const right = read(b);
  return write({ digits: left.digits * right.digits, places: left.places + right.places });
}

/** Rounded towards zero to `places`; null when dividing by zero. */
export function divide(a: string, b: string, places = 18): string | null {
  const [left, right] = aligned(a, b);
  if (right === 0n) return null;
  return write({ digits: (left * 10n ** BigInt(places)) / right, places });
}

export function compare(a: string, b: string): number {
  const [left, right] = aligned(a, b);
  return left < right ? -1 : left > right ? 1 : 0;
}

export function signOf(text: string): -1 | 0 | 1 {
  const { digits } = read(text);
  return digits < 0n ? -1 : digits > 0n ? 1 : 0;
}

export function negate(text: string): string {
  const { digits, places } = read(text);
  return write({ digits: -digits, places });
}

export function sum(amounts: Iterable<string>): string {
  let total = "0";
  for (const amount of amounts) total = add(total, amount);
  return total;
}

/** Half away from zero, as people round; the string has exactly `places` places. */
export function round(text: string, places: number): string {
  const value = read(text);
  if (value.places <= places) {
    const digits = value.digits * 10n ** BigInt(places - value.places);
    return fixed(digits, places);
  }
  const unit = 10n ** BigInt(value.places - places);
  const half = value.digits < 0n ? -(unit / 2n) : unit / 2n;
  return fixed((value.digits + half) / unit, places);
}

/** Down to a whole number of steps, e.g. a quantity to the lot size of a market. */
export function floorTo(text: string, step: string): string {
  const [value, unit, places] = aligned(text, step);
  if (unit === 0n) return text;
  return write({ digits: (value / unit) * unit, places });
}

function fixed(digits: bigint, places: number): string {
  const negative = digits < 0n;
  const text = (negative ? -digits : digits).toString().padStart(places + 1, "0");
  const whole = text.slice(0, text.length - places);
  return (negative ? "-" : "") + (places === 0 ? whole : `${whole}.${text.slice(text.length - places)}`);
}

/** For pixels only: charts, bars, sparklines. */
export function toFloat(text: string): number {
  return Number(text);
}
