/**
 * The newest value of many keys. Writing is cheap and tells nobody; once per frame those are told whose key has
 * changed. A thousand ticks between two frames are one render of one row.
 */
export type Schedule = (work: () => void) => void;

export class Board<T> {
  readonly #values = new Map<string, T>();
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #anyListeners = new Set<(changed: ReadonlySet<string>) => void>();
  #changed = new Set<string>();
  #due = false;
  readonly #schedule: Schedule;

  constructor(schedule: Schedule = (work) => void requestAnimationFrame(work)) {
    this.#schedule = schedule;
  }

  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: T): void {
    this.#values.set(key, value);
    this.#changed.add(key);
    if (this.#due) return;
    this.#due = true;
    this.#schedule(this.#flush);
  }

  /** Told when the value of this key has changed, at most once per frame. */
  watch(key: string, listener: () => void): () => void {
    let listeners = this.#listeners.get(key);
    if (listeners === undefined) this.#listeners.set(key, (listeners = new Set()));
    listeners.add(listener);
    const held = listeners;
    return () => {
      held.delete(listener);
      if (held.size === 0 && this.#listeners.get(key) === held) this.#listeners.delete(key);
    };
  }

  /** Told which keys have changed, at most once per frame. */
  watchAny(listener: (changed: ReadonlySet<string>) => void): () => void {
    this.#anyListeners.add(listener);
    return () => this.#anyListeners.delete(listener);
  }

  #flush = (): void => {
    this.#due = false;
    const changed = this.#changed;
    this.#changed = new Set();
    for (const key of changed) for (const listener of this.#listeners.get(key) ?? []) listener();
    for (const listener of this.#anyListeners) listener(changed);
  };
}
