/** What the ticket reckons before the service is asked: exact, and always rounded so that no more is risked than said. */
import {
  add,
  compare,
  divide,
  floorTo,
  isDecimal,
  multiply,
  negate,
  signOf,
  subtract,
} from "@/format/decimal";

/** Places of a tick or step: 0.001 → 3, 5 → 0. */
export function placesOf(step: string): number {
  return (step.split(".")[1] ?? "").replace(/0+$/, "").length;
}

export function ceilTo(value: string, step: string): string {
  return negate(floorDown(negate(value), step));
}

/** Towards minus infinity, also below zero. */
function floorDown(value: string, step: string): string {
  const cut = floorTo(value, step);
  return compare(cut, value) > 0 ? subtract(cut, step) : cut;
}

/** To the nearest tick, a half upwards. */
export function toTick(price: string, tick: string): string {
  const half = divide(tick, "2");
  return half === null ? price : floorTo(add(price, half), tick);
}

/** A positive decimal, as it was typed; null for everything else. */
export function amountOf(text: string): string | null {
  const trimmed = text.trim();
  return isDecimal(trimmed) && signOf(trimmed) > 0 ? trimmed : null;
}

/** What so much money buys, down to a whole step. */
export function quantityForMoney(money: string, price: string, step: string): string | null {
  const quantity = divide(money, price);
  return quantity === null ? null : floorTo(quantity, step);
}

/**
 * A share (percent) of what is available, with leverage: margin and fee together take that share,
 * share · available = quantity · price · (1 / leverage + fee).
 */
export function quantityForShare(given: {
  readonly percent: string;
  readonly available: string;
  readonly leverage: number;
  readonly fee: string;
  readonly price: string;
  readonly step: string;
}): string | null {
  if (signOf(given.available) <= 0) return "0";
  const lever = String(given.leverage);
  const money = multiply(multiply(given.available, `${given.percent}e-2`), lever);
  const each = multiply(given.price, add("1", multiply(given.fee, lever)));
  const quantity = divide(money, each);
  return quantity === null ? null : floorTo(quantity, given.step);
}

/** A share (percent) of what there is, down to a whole step. */
export function shareOf(quantity: string, percent: string, step: string): string {
  return floorTo(multiply(quantity, `${percent}e-2`), step);
}

/** How far a price is from the mark, in percent of the mark, never below zero. */
export function distanceOf(price: string | null, mark: string | null): string | null {
  if (price === null || mark === null) return null;
  const away = divide(subtract(price, mark), mark, 8);
  return away === null ? null : multiply(signOf(away) < 0 ? negate(away) : away, "100");
}

/** Steps to put prices of a book together by: 1, 10, 50, 100, 500 ticks that are not above a hundredth of the price. */
export function groupsOf(tick: string, price: string | null): string[] {
  const groups = ["1", "10", "50", "100", "500", "1000"].map((times) => multiply(tick, times));
  if (price === null) return groups.slice(0, 3);
  const most = multiply(price, "0.005");
  return groups.filter((step, at) => at === 0 || compare(step, most) <= 0);
}
