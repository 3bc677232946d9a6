/**
 * One socket for the whole page: subscriptions that outlive it, sequence numbers that are checked,
 * and a state that says honestly how fresh everything is.
 *
 * live     heard from within five seconds
 * stale    silence, or no connection: what is shown is from before
 * ended    closed on purpose
 */

import { readMessage, type Frame, type Notice, type Topic } from "./messages";
import { Register, subscriptionTo, type Listener, type Subscription } from "./subscription";
import type { Socket, World } from "./world";

export type Condition = "connecting" | "live" | "stale" | "ended";

export const SILENCE_MS = 5_000;
const BEHIND_MS = 1_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;
const CHECK_MS = 500;

export class Connection {
  #world: World;
  #socket: Socket | null = null;
  #open = false;
  #condition: Condition = "connecting";
  #watchers = new Set<(condition: Condition) => void>();
  #subscriptions = new Map<string, Subscription>();
  #register = new Register();
  #byId = new Map<string, Subscription>();
  /** By name of the server; since when the heartbeat has been ahead of us. */
  #behindSince = new Map<string, number>();
  #nextId = 1;
  #failures = 0;
  #heardAt: number;
  #pause: (() => void) | null = null;
  #check: (() => void) | null = null;
  /** Between the server's clock and ours, in ms; positive when ours is behind. */
  skewMs = 0;

  constructor(world: World) {
    this.#world = world;
    this.#heardAt = world.now();
  }

  get condition(): Condition {
    return this.#condition;
  }

  start(): void {
    if (this.#socket === null && this.#pause === null) this.#connect();
    this.#check ??= this.#world.after(CHECK_MS, this.#look);
  }

  end(): void {
    this.#pause?.();
    this.#check?.();
    this.#pause = this.#check = null;
    this.#drop(1000);
    this.#become("ended");
  }

  /** A new socket at once: who is calling has changed. What private subscriptions knew is not kept. */
  renew(): void {
    for (const subscription of this.#subscriptions.values()) subscription.sequences.clear();
    if (this.#condition === "ended" || this.#socket === null) return;
    this.#drop(1000);
    this.#connect();
  }

  /** Tries again now instead of after the pause: the network, or the reader, has come back. */
  hurry(): void {
    if (this.#pause === null) return;
    this.#pause();
    this.#failures = 0;
    this.#connect();
  }

  watch(watcher: (condition: Condition) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** The same topic is subscribed once, however many listen. */
  listen(topic: Topic, listener: Listener): () => void {
    const key = JSON.stringify(topic);
    let subscription = this.#subscriptions.get(key);
    if (subscription === undefined) {
      subscription = subscriptionTo(topic, String(this.#nextId++));
      this.#subscriptions.set(key, subscription);
      this.#subscribe(subscription);
    } else {
      // who comes second needs the state, too
      for (const sub of subscription.sequences.keys()) this.#resync(sub);
    }
    subscription.listeners.add(listener);
    const held = subscription;
    return () => {
      held.listeners.delete(listener);
      if (held.listeners.size === 0 && this.#subscriptions.get(key) === held) this.#leave(key, held);
    };
  }

  #leave(key: string, subscription: Subscription): void {
    this.#subscriptions.delete(key);
    this.#byId.delete(subscription.id);
    const subs = this.#register.leave(subscription);
    if (subs.length > 0) this.#send({ op: "unsubscribe", sub: subs });
  }

  #subscribe(subscription: Subscription): void {
    this.#byId.set(subscription.id, subscription);
    const request: Record<string, unknown> = { ...subscription.topic };
    const last = [...subscription.sequences.values()][0]?.last;
    if (subscription.topic["replay"] === true) {
      delete request["replay"];
      if (last !== undefined && last !== null) request["since_seq"] = last;
    }
    this.#send({ op: "subscribe", id: subscription.id, ...request });
  }

  #connect = (): void => {
    this.#pause = null;
    const socket = this.#world.open();
    this.#socket = socket;
    // The silence from before is not this socket's: it has its own five seconds to open.
    this.#heardAt = this.#world.now();
    socket.onopen = () => {
      this.#open = true;
      this.#heardAt = this.#world.now();
      this.#register.clear();
      this.#byId.clear();
      for (const subscription of this.#subscriptions.values()) this.#subscribe(subscription);
    };
    socket.onmessage = (event) => {
      if (socket === this.#socket && typeof event.data === "string") this.#hear(event.data);
    };
    socket.onclose = () => {
      if (socket === this.#socket) this.#lose();
    };
  };

  #lose(retryMs?: number): void {
    this.#drop();
    this.#become("stale");
    const bound = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS);
    this.#failures += 1;
    const pause = retryMs ?? bound / 2 + (this.#world.random() * bound) / 2;
    this.#pause?.();
    this.#pause = this.#world.after(pause, this.#connect);
  }

  #drop(code?: number): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#open = false;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code);
  }

  #look = (): void => {
    this.#check = this.#world.after(CHECK_MS, this.#look);
    const silence = this.#world.now() - this.#heardAt;
    // Far below zero the clock was set back: how long the silence has been nobody knows any more.
    if (this.#socket !== null && Math.abs(silence) > SILENCE_MS) this.#lose();
  };

  #hear(text: string): void {
    this.#heardAt = this.#world.now();
    this.#failures = 0;
    this.#become("live");
    const message = readMessage(text);
    if (message === null) return;
    if ("op" in message) this.#notice(message as Notice);
    else for (const frame of message as readonly Frame[]) this.#take(frame);
  }

  #notice(notice: Notice): void {
    switch (notice.op) {
      case "subscribed": {
        const subscription = this.#byId.get(notice.id ?? "");
        if (subscription !== undefined) this.#register.begin(notice.sub, subscription);
        else if (!this.#register.has(notice.sub)) this.#send({ op: "unsubscribe", sub: [notice.sub] });
        return;
      }
      case "unsubscribed":
        this.#register.forget(notice.sub);
        return;
      case "resync":
        for (const holder of this.#register.of(notice.sub)) holder.sequences.get(notice.sub)?.lose();
        return;
      case "heartbeat":
        this.skewMs = notice.ts_ms - this.#world.now();
        this.#compare(notice.seqs);
        return;
      case "shutdown":
        this.#lose(notice.retry_ms);
        return;
      default:
        return;
    }
  }

  #take(frame: Frame): void {
    let hole = false;
    for (const holder of this.#register.of(frame.sub)) {
      const verdict = holder.sequences.get(frame.sub)?.take(frame);
      hole ||= verdict === "hole";
      if (verdict === "apply") for (const listener of holder.listeners) listener(frame);
    }
    if (hole) this.#resync(frame.sub);
  }

  /** The last frame may be the lost one: the heartbeat knows the newest number of each. */
  #compare(seqs: Readonly<Record<string, number>>): void {
    const now = this.#world.now();
    for (const [sub, seq] of Object.entries(seqs)) {
      const behind = [...this.#register.of(sub)].some(
        (holder) => (holder.sequences.get(sub)?.last ?? -1) < seq,
      );
      if (!behind) {
        this.#behindSince.delete(sub);
        continue;
      }
      const since = this.#behindSince.get(sub) ?? now;
      this.#behindSince.set(sub, since);
      if (now - since > BEHIND_MS) {
        this.#behindSince.delete(sub);
        this.#resync(sub);
      }
    }
  }

  #resync(sub: string): void {
    for (const holder of this.#register.of(sub)) holder.sequences.get(sub)?.lose();
    this.#send({ op: "resync", sub });
  }

  #send(message: object): void {
    // Before it is open nothing can be sent; everything is subscribed anew when it opens.
    if (this.#open) this.#socket?.send(JSON.stringify(message));
  }

  #become(condition: Condition): void {
    if (condition === this.#condition) return;
    this.#condition = condition;
    for (const watcher of this.#watchers) watcher(condition);
  }
}
