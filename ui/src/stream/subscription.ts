import type { Frame, Topic } from "./messages";
import { Sequence } from "./sequence";

export type Listener = (frame: Frame) => void;

/** One topic and all who listen to it; it outlives the socket. */
export interface Subscription {
  readonly topic: Topic;
  readonly listeners: Set<Listener>;
  readonly sequences: Map<string, Sequence>;
  id: string;
}

export function subscriptionTo(topic: Topic, id: string): Subscription {
  return { topic, listeners: new Set(), sequences: new Map<string, Sequence>(), id };
}

/** Who listens to what the server calls by one name: two topics may meet in it, with other rates or other neighbours. */
export class Register {
  readonly #holders = new Map<string, Set<Subscription>>();

  of(sub: string): Iterable<Subscription> {
    return this.#holders.get(sub) ?? [];
  }

  /** The server begins anew with that name, for all who listen to it. */
  begin(sub: string, subscription: Subscription): void {
    const holders = this.#holders.get(sub) ?? new Set();
    this.#holders.set(sub, holders.add(subscription));
    for (const holder of holders) {
      const known = holder.sequences.get(sub);
      if (known === undefined) holder.sequences.set(sub, new Sequence());
      else if (holder.topic["replay"] !== true) known.restart();
    }
  }

  /** The names that nobody is left to listen to. */
  leave(subscription: Subscription): string[] {
    return [...subscription.sequences.keys()].filter((sub) => {
      const holders = this.#holders.get(sub);
      if (holders === undefined || !holders.delete(subscription)) return false;
      return holders.size === 0 && this.#holders.delete(sub);
    });
  }

  has(sub: string): boolean {
    return this.#holders.has(sub);
  }

  forget(sub: string): void {
    this.#holders.delete(sub);
  }

  clear(): void {
    this.#holders.clear();
  }
}
