import { describe, expect, it } from "vitest";
import type { Frame } from "../src/stream/messages";
import { Book, foldPrints, groupOf, PRINTS_KEPT, type Print } from "../src/trading/book";
import { foldOrders, foldPositions, type Order, type Position } from "../src/trading/own";

const frame = (fields: Partial<Frame> & Record<string, unknown>): Frame => ({
  sub: "s",
  ch: "c",
  type: "update",
  seq: 2,
  ...fields,
});

const snapshot = frame({
  type: "snapshot",
  seq: 1,
  bids: [
    ["99.9", "2"],
    ["100", "1.5"],
    ["9.5", "7"],
  ],
  asks: [
    ["100.5", "1"],
    ["100.2", "0.1"],
    ["1000", "3"],
  ],
});

function book(...frames: Frame[]): Book {
  const made = new Book();
  for (const each of [snapshot, ...frames]) made.apply(each);
  return made;
}

describe("the book", () => {
  it("is unknown, not empty, before its snapshot", () => {
    expect(new Book().known).toBe(false);
    expect(book().known).toBe(true);
  });

  it("has the best price first, by size and not by text, with exact sums", () => {
    expect(book().rows("bids", 10)).toEqual([
      { price: "100", quantity: "1.5", total: "1.5" },
      { price: "99.9", quantity: "2", total: "3.5" },
      { price: "9.5", quantity: "7", total: "10.5" },
    ]);
    expect(
      book()
        .rows("asks", 2)
        .map((row) => row.price),
    ).toEqual(["100.2", "100.5"]);
    const tenths = frame({ bids: [], asks: [["100.3", "0.2"]] });
    expect(book(tenths).rows("asks", 2)[1]?.total).toBe("0.3");
  });

  it("takes a price out at quantity 0 and replaces what changed", () => {
    const changed = book(
      frame({
        bids: [
          ["100", "0"],
          ["99.9", "4"],
        ],
        asks: [["100.2", "0.000"]],
      }),
    );
    expect(changed.rows("bids", 10).map((row) => [row.price, row.quantity])).toEqual([
      ["99.9", "4"],
      ["9.5", "7"],
    ]);
    expect(changed.best("asks")).toBe("100.5");
    expect(changed.spread()).toBe("0.6");
  });

  it("forgets everything at the next snapshot", () => {
    const again = book(frame({ type: "snapshot", seq: 9, bids: [["50", "1"]], asks: [] }));
    expect(again.rows("bids", 10)).toHaveLength(1);
    expect(again.best("asks")).toBeNull();
    expect(again.spread()).toBeNull();
  });

  it("groups bids downwards and asks upwards", () => {
    expect(groupOf("bids", "99.9", "1")).toBe("99");
    expect(groupOf("asks", "99.1", "1")).toBe("100");
    expect(groupOf("asks", "99", "1")).toBe("99");
    expect(book().rows("bids", 10, "10")).toEqual([
      { price: "100", quantity: "1.5", total: "1.5" },
      { price: "90", quantity: "2", total: "3.5" },
      { price: "0", quantity: "7", total: "10.5" },
    ]);
    expect(book().rows("asks", 1, "1")[0]).toEqual({ price: "101", quantity: "1.1", total: "1.1" });
  });
});

const print = (id: number): Print => ({
  id: String(id),
  price: "1",
  quantity: "1",
  side: "buy",
  liquidation: false,
  at_ms: id,
});

describe("the trades", () => {
  it("are the newest first, each once, and not more than are kept", () => {
    const before = foldPrints([], frame({ type: "snapshot", trades: [print(1), print(2)] }));
    expect(before.map((each) => each.id)).toEqual(["2", "1"]);
    const after = foldPrints(before, frame({ trades: [print(2), print(3), print(4)] }));
    expect(after.map((each) => each.id)).toEqual(["4", "3", "2", "1"]);
    const many = Array.from({ length: 200 }, (_, at) => print(at + 10));
    expect(foldPrints(after, frame({ trades: many }))).toHaveLength(PRINTS_KEPT);
  });
});

const position = (symbol: string, quantity: string): Position =>
  ({ symbol, position_side: "net", quantity }) as Position;
const order = (id: string, status: Order["status"], placed_at_ms = 0): Order =>
  ({ id, status, placed_at_ms }) as Order;

describe("what is one's own", () => {
  it("a position is gone at quantity 0, and a snapshot replaces all", () => {
    const two = foldPositions(
      [],
      frame({ type: "snapshot", positions: [position("B", "1"), position("A", "2")] }),
    );
    expect(two.map((each) => each.symbol)).toEqual(["A", "B"]);
    const one = foldPositions(two, frame({ positions: [position("A", "0"), position("B", "3")] }));
    expect(one).toEqual([position("B", "3")]);
    expect(foldPositions(one, frame({ type: "snapshot", positions: [] }))).toEqual([]);
  });

  it("an order that ends in the same frame in which it was opened does not stand", () => {
    const standing = foldOrders(
      [order("1", "open", 1)],
      frame({ orders: [order("2", "open", 2), order("2", "filled", 2), order("3", "waiting", 3)] }),
    );
    expect(standing.map((each) => each.id)).toEqual(["3", "1"]);
  });
});
