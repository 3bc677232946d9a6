/** What moves value, sent again. */
import { beforeEach, expect, test, vi } from "vitest";
import { once, onceAbout, unansweredBody, wishFor } from "../src/api/once";
import { noConnection, Problem } from "../src/api/problems";
import { bodyAgain, type Transaction } from "../src/ledger/entry";
import { replace } from "../src/ledger/queries";
import { ofCurrency } from "../src/portfolio/queries";
import { closePosition } from "../src/trading/Positions";
import { orderAgain } from "../src/trading/sending";
import { BLANK, orderOf } from "../src/trading/ticket";

interface Sent {
  path: string;
  key: string;
}

const { service } = vi.hoisted(() => ({ service: { sent: [] as Sent[], says: (_: Sent): unknown => null } }));

vi.mock("../src/api/client", () => {
  const POST = async (
    path: string,
    { params }: { params: { header: Record<string, string> } },
  ): Promise<unknown> => {
    const sent = { path, key: params.header["idempotency-key"] ?? "" };
    service.sent.push(sent);
    return service.says(sent);
  };
  let keys = 0;
  return { api: { POST }, answer: (asked: unknown) => asked, newKey: () => `key-${(keys += 1)}` };
});

const lost = noConnection(new TypeError("Failed to fetch"));
const refused = new Problem({ status: 409, code: "in-the-way", title: "No" });
const running = new Problem({ status: 409, code: "idempotency-in-flight", title: "Still running" });
const VOID = "/api/v1/transactions/{transaction_id}/void";

function fail(error: Problem): never {
  throw error;
}

beforeEach(() => {
  service.sent = [];
  service.says = () => ({ id: "new" });
});

test("pressed twice at once it is sent under one key, and pressed anew under another", async () => {
  const keys: string[] = [];
  const send = async (key: string): Promise<void> => void keys.push(key);
  await Promise.all([once("deposit 5", send), once("deposit 5", send)]);
  await once("deposit 5", send);
  await once("deposit 6", send);
  expect(keys[0]).toBe(keys[1]);
  expect(new Set(keys).size).toBe(3);
});

test.each([
  ["no answer", lost, true],
  ["it is still running", running, true],
  ["a refusal", refused, false],
])("sent again after %s", async (_, error, same) => {
  const keys: string[] = [];
  const name = `withdraw ${error.code}`;
  await once(name, (key) => (keys.push(key), fail(error))).catch(() => null);
  await once(name, async (key) => void keys.push(key));
  expect(keys[0] === keys[1]).toBe(same);
});

test("of how a matter stands the last word counts, and said anew it is done anew", async () => {
  const keys: string[] = [];
  const say = (market: string, state: string, error?: Problem): Promise<unknown> =>
    onceAbout(`state ${market}`, { state }, async (key) => {
      keys.push(key);
      if (error !== undefined) throw error;
    }).catch(() => null);
  await say("BTC", "halted", lost);
  await say("ETH", "active");
  await say("BTC", "halted", lost);
  await say("BTC", "active");
  await say("BTC", "halted");
  const [first, other, again, active, anew] = keys;
  expect(again).toBe(first);
  expect(new Set([first, other, active, anew]).size).toBe(4);
});

test("a part of a position is closed once however small it is by then, all of another one is closed anew", async () => {
  const close = (quantity: string, percent: string): Promise<unknown> =>
    Promise.resolve(closePosition({ symbol: "BTC-PERP", position_side: "long", quantity }, percent)).catch(
      () => null,
    );
  service.says = () => fail(lost);
  for (const quantity of ["2", "1"]) await close(quantity, "50");
  for (const quantity of ["2", "2", "3"]) await close(quantity, "100");
  const [half, halfAgain, all, allAgain, another] = service.sent.map(({ key }) => key);
  expect(halfAgain).toBe(half);
  expect(allAgain).toBe(all);
  expect(another).not.toBe(all);
});

test("an order for money stays the order it was until it is answered, though the price has moved", async () => {
  const draft = { ...BLANK, type: "market" as const, unit: "money" as const, quantity: "1000" };
  const terms = { symbol: "BTC-PERP", step: "0.001", tick: "0.1", leverage: "5", hedge: false };
  const [first, second] = ["50000", "40000"].map((price) => orderOf(draft, { ...terms, price }).body);
  if (!first || !second) throw new Error("no order");
  expect([first.quantity, second.quantity]).toEqual(["0.02", "0.025"]);
  await once("typed", () => fail(lost), first).catch(() => null);
  expect(orderAgain("typed", second)).toEqual(first);
  expect(orderAgain("typed otherwise", second)).toEqual(second);
  await once("typed", async () => null, first);
  expect([unansweredBody("typed"), orderAgain("typed", second)]).toEqual([null, second]);
});

const old = { id: "old", kind: "buy", legs: [], note: "", external_id: null } as unknown as Transaction;

test("a correction without an answer takes nothing back, and goes on when it is sent again", async () => {
  service.says = ({ path }) => (path === VOID ? fail(lost) : { id: "new" });
  await expect(replace(old, bodyAgain(old), "k")).rejects.toBe(lost);
  const first = service.sent;
  expect(first).toHaveLength(2);
  service.sent = [];
  service.says = () => ({ id: "new" });
  await replace(old, bodyAgain(old), "k");
  expect(service.sent).toEqual(first);
});

test("a correction whose second half is refused is taken back", async () => {
  let voids = 0;
  service.says = ({ path }) => (path === VOID && (voids += 1) === 1 ? fail(refused) : { id: "new" });
  await expect(replace(old, bodyAgain(old), "k")).rejects.toBe(refused);
  expect(service.sent.map(({ path }) => path)).toEqual(["/api/v1/transactions", VOID, VOID]);
});

test("a sum is never shown under the name of another currency while the new one is fetched", () => {
  const before = { value: "100" };
  const query = { queryKey: ["portfolio", "summary", "usd"] };
  expect(ofCurrency("usd")(before, query)).toBe(before);
  expect(ofCurrency("eur")(before, query)).toBeUndefined();
  expect(ofCurrency("eur")(before, undefined)).toBeUndefined();
});

test("what somebody wished and got no answer to is nothing of the next person's", async () => {
  const keys: string[] = [];
  const send = async (key: string): Promise<void> => {
    keys.push(key);
    fail(lost);
  };
  wishFor("ada");
  await expect(once("theirs", send, { quantity: "1" })).rejects.toThrow();
  wishFor("ada");
  await expect(once("theirs", send)).rejects.toThrow();
  expect(keys[0]).toBe(keys[1]);
  wishFor("ben");
  expect(unansweredBody("theirs")).toBeNull();
  await expect(once("theirs", send)).rejects.toThrow();
  expect(keys[2]).not.toBe(keys[0]);
});
