/**
 * The order book of one market as the live channel tells it: a snapshot, then the prices whose quantity has changed.
 * A quantity of 0 takes a price out. Sums are exact; floats only order the rows.
 */
import { add, floorTo, signOf, subtract, toFloat } from "@/format/decimal";
import type { Frame } from "@/stream/messages";
import { ceilTo } from "./arithmetic";

export type BookSide = "bids" | "asks";
type Told = readonly (readonly [string, string])[];

export interface BookRow {
  readonly price: string;
  readonly quantity: string;
  /** All that stands up to here, from the best price on. */
  readonly total: string;
}

export class Book {
  readonly #sides: Record<BookSide, Map<string, string>> = { bids: new Map(), asks: new Map() };
  #known = false;

  /** Whether there was a snapshot: before it the book is not empty, it is unknown. */
  get known(): boolean {
    return this.#known;
  }

  apply(frame: Frame): void {
    if (frame.type === "snapshot") {
      this.#sides.bids.clear();
      this.#sides.asks.clear();
      this.#known = true;
    }
    for (const side of ["bids", "asks"] as const) {
      const levels = this.#sides[side];
      for (const [price, quantity] of (frame[side] as Told | undefined) ?? []) {
        if (signOf(quantity) === 0) levels.delete(price);
        else levels.set(price, quantity);
      }
    }
  }

  clear(): void {
    this.#sides.bids.clear();
    this.#sides.asks.clear();
    this.#known = false;
  }

  /** The best price first; `step` puts prices together, a bid never above and an ask never below where it stands. */
  rows(side: BookSide, count: number, step?: string): BookRow[] {
    const levels = step === undefined ? this.#sides[side] : this.#grouped(side, step);
    const order = side === "bids" ? -1 : 1;
    const sorted = [...levels].sort(([a], [b]) => order * (toFloat(a) - toFloat(b)));
    let total = "0";
    return sorted.slice(0, count).map(([price, quantity]) => {
      total = add(total, quantity);
      return { price, quantity, total };
    });
  }

  best(side: BookSide): string | null {
    return this.rows(side, 1)[0]?.price ?? null;
  }

  spread(): string | null {
    const bid = this.best("bids");
    const ask = this.best("asks");
    return bid === null || ask === null ? null : subtract(ask, bid);
  }

  #grouped(side: BookSide, step: string): Map<string, string> {
    const grouped = new Map<string, string>();
    for (const [price, quantity] of this.#sides[side]) {
      const at = groupOf(side, price, step);
      grouped.set(at, add(grouped.get(at) ?? "0", quantity));
    }
    return grouped;
  }
}

export function groupOf(side: BookSide, price: string, step: string): string {
  return side === "bids" ? floorTo(price, step) : ceilTo(price, step);
}

export interface Print {
  readonly id: string;
  readonly price: string;
  readonly quantity: string;
  readonly side: "buy" | "sell";
  readonly liquidation: boolean;
  readonly at_ms: number;
}

export const PRINTS_KEPT = 60;

/** The last trades, the newest first; nothing twice, however often it is told. */
export function foldPrints(before: readonly Print[], frame: Frame): readonly Print[] {
  const told = [...((frame["trades"] as readonly Print[] | undefined) ?? [])].reverse();
  if (frame.type === "snapshot") return told.slice(0, PRINTS_KEPT);
  const known = new Set(before.map((print) => print.id));
  return [...told.filter((print) => !known.has(print.id)), ...before].slice(0, PRINTS_KEPT);
}
