/** Whether a frame may be applied: nothing twice, nothing after a hole, nothing from before. */

import type { Frame } from "./messages";

export type Verdict = "apply" | "ignore" | "hole";

/** The state of one subscription's numbers. */
export class Sequence {
  #seq: number | null = null;
  #waiting = true;

  get last(): number | null {
    return this.#seq;
  }

  /** Between a hole and the snapshot that closes it. */
  get waiting(): boolean {
    return this.#waiting;
  }

  take(frame: Frame): Verdict {
    if (frame.type === "snapshot") {
      if (this.#seq !== null && frame.seq < this.#seq) return "ignore";
      this.#seq = frame.seq;
      this.#waiting = false;
      return "apply";
    }
    if (this.#seq !== null && frame.seq <= this.#seq) return "ignore";
    if (this.#waiting && this.#seq === null) return frame.prev === undefined ? "hole" : "ignore";
    if (this.#waiting || frame.prev !== this.#seq) {
      const already = this.#waiting;
      this.#waiting = true;
      return already ? "ignore" : "hole";
    }
    this.#seq = frame.seq;
    return "apply";
  }

  /** `subscribed` may be followed by lower numbers: the same at another rate counts for itself. */
  restart(): void {
    this.#seq = null;
    this.#waiting = true;
  }

  /** The state is not whole until the next snapshot. */
  lose(): void {
    this.#waiting = true;
  }
}
