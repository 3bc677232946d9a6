/**
 * Live prices of what is looked at. Whoever shows a pair wants it; the wishes of a moment become one message, so that
 * scrolling through hundreds of rows stays far below what one connection may ask.
 */
import { Board } from "@/stream/board";
import { live } from "@/stream/browser";
import type { Frame, Topic } from "@/stream/messages";

export interface Quote {
  /** null: none is known. */
  readonly price: string | null;
  readonly change24h: string | null;
  readonly source: string | null;
  readonly atMs: number;
  /** Older than it should be, as the service says. */
  readonly stale: boolean;
  readonly simulated: boolean;
}

type Listen = (topic: Topic, listener: (frame: Frame) => void) => () => void;

/** Of the 400 subscriptions of a connection; the rest of the page needs some, too. */
export const MOST_PAIRS = 320;
const PAUSE_MS = 400;
const RATE_MS = 100;

export class PriceFeed {
  /** By `base/quote` in ids. */
  readonly board = new Board<Quote>();
  readonly #listen: Listen;
  readonly #wanted = new Map<string, number>();
  #groups: { readonly keys: readonly string[]; leave(): void }[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(listen: Listen) {
    this.#listen = listen;
  }

  want(keys: readonly string[]): () => void {
    for (const key of keys) this.#wanted.set(key, (this.#wanted.get(key) ?? 0) + 1);
    this.#soon();
    return () => {
      for (const key of keys) {
        const others = (this.#wanted.get(key) ?? 0) - 1;
        if (others > 0) this.#wanted.set(key, others);
        else this.#wanted.delete(key);
      }
      this.#soon();
    };
  }

  #soon(): void {
    // The first wish of a screen is not kept waiting.
    this.#timer ??= setTimeout(this.#arrange, this.#groups.length === 0 ? 0 : PAUSE_MS);
  }

  #arrange = (): void => {
    this.#timer = null;
    const idle = (group: { keys: readonly string[] }): boolean =>
      !group.keys.some((key) => this.#wanted.has(key));
    for (const group of this.#groups.filter(idle)) group.leave();
    this.#groups = this.#groups.filter((group) => !idle(group));
    let told = new Set(this.#groups.flatMap(({ keys }) => keys));
    let missing = [...this.#wanted.keys()].filter((key) => !told.has(key));
    if (missing.length > 0 && told.size + missing.length > MOST_PAIRS) {
      // Much of what is listened to has left the screen with only a part of its group: begin anew.
      for (const group of this.#groups) group.leave();
      this.#groups = [];
      told = new Set();
      missing = [...this.#wanted.keys()].slice(0, MOST_PAIRS);
    }
    if (missing.length === 0) return;
    const leave = this.#listen({ channel: "prices", symbols: missing, rate_ms: RATE_MS }, this.#take);
    this.#groups.push({ keys: missing, leave });
  };

  #take = (frame: Frame): void => {
    const said = frame as unknown as Said;
    const at = said.at === undefined ? 0 : Date.parse(said.at);
    this.board.set(`${said.base}/${said.quote}`, {
      price: said.price,
      change24h: said.change_24h ?? null,
      source: said.source ?? null,
      atMs: at,
      stale: said.stale ?? false,
      simulated: said.simulated ?? false,
    });
  };
}

interface Said {
  base: string;
  quote: string;
  price: string | null;
  change_24h?: string | null;
  source?: string;
  at?: string;
  stale?: boolean;
  simulated?: boolean;
}

export const feed = new PriceFeed((topic, listener) => live.listen(topic, listener));
