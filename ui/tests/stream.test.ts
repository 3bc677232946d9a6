import { beforeEach, describe, expect, test } from "vitest";
import { Board } from "../src/stream/board";
import { Connection } from "../src/stream/connection";
import type { Frame } from "../src/stream/messages";
import { FakeWorld } from "./world";

const SUB = "prices:btc/usd";
const TOPIC = { channel: "prices", symbols: ["btc/usd"] };

let world: FakeWorld;
let connection: Connection;
let heard: number[];

function frame(seq: number, prev?: number): Frame {
  const about = { sub: SUB, ch: "prices", seq };
  return prev === undefined ? { ...about, type: "snapshot" } : { ...about, type: "update", prev };
}

function subscribed(): void {
  const [request] = world.socket.sentOf("subscribe");
  world.socket.says({ op: "subscribed", id: request?.["id"], sub: SUB });
}

beforeEach(() => {
  world = new FakeWorld();
  connection = new Connection(world);
  heard = [];
  connection.start();
  connection.listen(TOPIC, ({ seq }) => heard.push(seq));
  world.socket.open();
  subscribed();
  world.socket.says([frame(10)]);
});

describe("a connection", () => {
  test("hears a snapshot and the updates that follow it", () => {
    world.socket.says([frame(11, 10), frame(12, 11)]);
    expect(heard).toEqual([10, 11, 12]);
    expect(connection.condition).toBe("live");
  });

  test("applies nothing twice and nothing late", () => {
    world.socket.says([frame(11, 10)]);
    world.socket.says([frame(11, 10), frame(10), frame(9)]);
    expect(heard).toEqual([10, 11]);
    expect(world.socket.sentOf("resync")).toEqual([]);
  });

  test("asks once for the state when a frame was lost, and goes on from it", () => {
    world.socket.says([frame(12, 11)]);
    world.socket.says([frame(13, 12)]);
    expect(world.socket.sentOf("resync")).toEqual([{ op: "resync", sub: SUB }]);
    world.socket.says([frame(13), frame(14, 13)]);
    expect(heard).toEqual([10, 13, 14]);
  });

  test("notices by the heartbeat that the last frame was lost", () => {
    const beat = { op: "heartbeat", ts_ms: world.time, seqs: { [SUB]: 11 } };
    world.socket.says(beat);
    world.pass(1_100);
    world.socket.says(beat);
    expect(world.socket.sentOf("resync")).toEqual([{ op: "resync", sub: SUB }]);
  });

  test("gives a slow socket after a long outage its five seconds to open", () => {
    world.socket.breaks();
    for (let passed = 0; passed < 60_000; passed += 100) {
      world.pass(100);
      if (world.socket.onclose !== null) world.socket.breaks();
    }
    const before = world.sockets.length;
    while (world.sockets.length === before) world.pass(10);
    world.pass(3_000);
    expect(world.socket.closed).toBe(false);
    world.socket.open();
    subscribed();
    world.socket.says([frame(20)]);
    expect([connection.condition, heard.at(-1)]).toEqual(["live", 20]);
  });

  test("does not take an hour of silence for news when the clock is set back by one", () => {
    world.socket.says({ op: "heartbeat", ts_ms: world.time, seqs: {} });
    world.setBack(3_600_000);
    world.pass(6_000);
    expect(connection.condition).toBe("stale");
  });

  test("is stale after five seconds of silence, and tries again with pauses that grow", () => {
    world.pass(4_900);
    expect(connection.condition).toBe("live");
    world.pass(700);
    expect(connection.condition).toBe("stale");
    const pauses = [];
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const before = world.sockets.length;
      const since = world.time;
      while (world.sockets.length === before) world.pass(10);
      pauses.push(world.time - since);
      world.socket.breaks();
    }
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
    expect(pauses[3]).toBeGreaterThan((pauses[0] ?? 0) * 4);
  });

  test("subscribes anew after a break and takes lower numbers of a new snapshot", () => {
    world.socket.breaks();
    world.pass(1_000);
    world.socket.open();
    subscribed();
    world.socket.says([frame(3), frame(4, 3)]);
    expect(heard).toEqual([10, 3, 4]);
    expect(connection.condition).toBe("live");
  });

  test("goes on behind the last event of a channel that leaves nothing out", () => {
    const events: number[] = [];
    connection.listen({ channel: "orders", replay: true }, ({ seq }) => events.push(seq));
    const request = world.socket.sentOf("subscribe")[1];
    world.socket.says({ op: "subscribed", id: request?.["id"], sub: "orders:1" });
    world.socket.says([{ sub: "orders:1", ch: "orders", type: "snapshot", seq: 7 }]);
    world.socket.breaks();
    world.pass(1_000);
    world.socket.open();
    expect(world.socket.sentOf("subscribe")[1]).toMatchObject({ channel: "orders", since_seq: 7 });
  });

  test("says nothing to a socket that is still connecting", () => {
    world.socket.breaks();
    world.pass(1_000);
    connection.listen({ channel: "sources" }, () => undefined);
    world.socket.open();
    expect(world.socket.sentOf("subscribe")).toHaveLength(2);
  });

  test("subscribes once however many listen, and leaves when the last one goes", () => {
    const second: number[] = [];
    const leave = connection.listen(TOPIC, ({ seq }) => second.push(seq));
    expect(world.socket.sentOf("subscribe")).toHaveLength(1);
    world.socket.says([frame(10)]);
    expect(second).toEqual([10]);
    leave();
    expect(world.socket.sentOf("unsubscribe")).toEqual([]);
  });

  test("leaves at the server, too, what was left before it was confirmed", () => {
    const leave = connection.listen({ channel: "sources" }, () => undefined);
    const request = world.socket.sentOf("subscribe")[1];
    leave();
    world.socket.says({ op: "subscribed", id: request?.["id"], sub: "sources" });
    expect(world.socket.sentOf("unsubscribe")).toEqual([{ op: "unsubscribe", sub: ["sources"] }]);
  });

  test("serves two topics that meet in one name, until both have left", () => {
    const other: number[] = [];
    const leave = connection.listen({ ...TOPIC, rate_ms: 1000 }, ({ seq }) => other.push(seq));
    const request = world.socket.sentOf("subscribe")[1];
    world.socket.says({ op: "subscribed", id: request?.["id"], sub: SUB });
    world.socket.says([frame(2), frame(3, 2)]);
    expect([heard, other]).toEqual([
      [10, 2, 3],
      [2, 3],
    ]);
    leave();
    expect(world.socket.sentOf("unsubscribe")).toEqual([]);
    world.socket.says([frame(4, 3)]);
    expect(heard).toEqual([10, 2, 3, 4]);
  });

  test("does not wait out a long pause when the network has come back", () => {
    for (let attempt = 0; attempt < 8; attempt += 1) {
      world.socket.breaks();
      world.pass(15_000);
    }
    world.socket.breaks();
    const before = world.sockets.length;
    connection.hurry();
    expect(world.sockets).toHaveLength(before + 1);
    connection.hurry();
    expect(world.sockets).toHaveLength(before + 1);
  });

  test("waits as long as a service that stops has asked for", () => {
    world.socket.says({ op: "shutdown", retry_ms: 2_000 });
    expect(connection.condition).toBe("stale");
    world.pass(1_900);
    expect(world.sockets).toHaveLength(1);
    world.pass(200);
    expect(world.sockets).toHaveLength(2);
  });

  test("opens a new socket when somebody else has signed in, and keeps nothing of who was there", () => {
    connection.renew();
    expect(world.sockets[0]?.closed).toBe(true);
    world.socket.open();
    subscribed();
    world.socket.says([frame(2)]);
    expect(heard).toEqual([10, 2]);
  });

  test("skips what it does not understand", () => {
    world.socket.says("a word");
    world.socket.says({ op: "something-new" });
    world.socket.says([frame(11, 10)]);
    expect(heard).toEqual([10, 11]);
  });
});

describe("a board", () => {
  test("tells once per frame, and only those whose key has changed", () => {
    const due: (() => void)[] = [];
    const board = new Board<number>((work) => due.push(work));
    const told: string[] = [];
    board.watch("a", () => told.push(`a=${board.get("a")}`));
    board.watch("b", () => told.push("b"));
    for (let tick = 0; tick < 1_000; tick += 1) board.set("a", tick);
    expect([due.length, told]).toEqual([1, []]);
    due[0]?.();
    expect(told).toEqual(["a=999"]);
    board.set("a", 5);
    expect(due).toHaveLength(2);
  });

  test("forgets who does not listen any more", () => {
    const due: (() => void)[] = [];
    const board = new Board<number>((work) => due.push(work));
    let told = 0;
    const leave = board.watch("a", () => (told += 1));
    leave();
    board.set("a", 1);
    due[0]?.();
    expect(told).toBe(0);
  });
});
