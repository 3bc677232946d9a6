/** A world for the connection: sockets that do what a test says, and a clock that moves when it is told to. */
import type { Socket, World } from "../src/stream/world";

export class FakeSocket implements Socket {
  readonly sent: Record<string, unknown>[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  #open = false;

  send(text: string): void {
    if (!this.#open) throw new Error("InvalidStateError: still connecting");
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    this.#open = true;
    this.onopen?.();
  }

  says(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  breaks(): void {
    this.onclose?.({ code: 1006 });
  }

  sentOf(op: string): Record<string, unknown>[] {
    return this.sent.filter((message) => message["op"] === op);
  }
}

export class FakeWorld implements World {
  readonly sockets: FakeSocket[] = [];
  time = 1_000_000;
  #timers: { at: number; work: () => void }[] = [];

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (last === undefined) throw new Error("nothing has been opened");
    return last;
  }

  open(): Socket {
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket;
  }

  now(): number {
    return this.time;
  }

  random(): number {
    return 0.5;
  }

  after(ms: number, work: () => void): () => void {
    const timer = { at: this.time + ms, work };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** The clock of the computer, not its timers. */
  setBack(ms: number): void {
    this.time -= ms;
    for (const timer of this.#timers) timer.at -= ms;
  }

  pass(ms: number): void {
    const until = this.time + ms;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.time = Math.max(this.time, due.at);
      due.work();
    }
    this.time = until;
  }
}
