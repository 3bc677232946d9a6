import { describe, expect, it } from "vitest";
import { Bars } from "@/chart/bars";
import type { Bar } from "@/chart/port";
import { CandleLoader, type CandlePage, type LoadState, type Row } from "@/markets/candles";
import { drawnAs, pointsOf, splitNames } from "@/markets/indicators";
import { PriceFeed } from "@/markets/prices";
import type { Frame, Topic } from "@/stream/messages";

const MINUTE = 60_000;

const row = (minute: number, close = "100", state: Row["state"] = "forming"): Row => ({
  time_ms: minute * MINUTE,
  open: "100",
  high: "101",
  low: "99",
  close,
  volume: "1",
  state,
});

class FakeChart {
  readonly #bars = new Bars();
  setBars(bars: readonly Bar[]): void {
    this.#bars.set(bars);
  }
  updateBar(bar: Bar): void {
    this.#bars.put(bar);
  }
  bars(): readonly Bar[] {
    return this.#bars.all;
  }
  get minutes(): number[] {
    return this.bars().map(({ timeMs }) => timeMs / MINUTE);
  }
}

const frame = (type: "snapshot" | "update", ...candles: Row[]): Frame => ({
  sub: "candles",
  ch: "candles",
  type,
  seq: 1,
  candles,
});

function load(read: (to: number | null) => CandlePage | Error) {
  const chart = new FakeChart();
  const states: LoadState[] = [];
  const asked: (number | null)[] = [];
  const answer = (to: number | null): Promise<CandlePage> => {
    asked.push(to);
    const page = read(to);
    return page instanceof Error ? Promise.reject(page) : Promise.resolve(page);
  };
  const loader = new CandleLoader(chart, answer, "1m", (state) => states.push(state));
  return { chart, loader, states, asked };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe("the candles of a pair", () => {
  it("begin with the newest page, and with what the stream said before it came", async () => {
    const { chart, loader, states } = load(() => ({ candles: [row(10), row(11)], next_to: null }));
    loader.take(frame("snapshot", row(11, "100.5"), row(12)));
    await loader.start();
    expect(chart.minutes).toEqual([10, 11, 12]);
    expect(chart.bars()[1]?.close).toBe("100.5");
    expect(states.at(-1)).toEqual({ at: "ready", bars: 3 });
  });

  it("are not what the stream said of a bar that was over when they were read", async () => {
    const page = { candles: [row(10, "100.9", "closed"), row(11, "100.1")], next_to: null };
    const { chart, loader } = load(() => page);
    loader.take(frame("snapshot", row(10, "100.2"), row(11, "100.3")));
    await loader.start();
    expect(chart.bars().map(({ close }) => close)).toEqual(["100.9", "100.3"]);
  });

  it("go on with updates", async () => {
    const { chart, loader } = load(() => ({ candles: [row(10)], next_to: null }));
    await loader.start();
    loader.take(frame("update", row(10, "100.7"), row(11)));
    expect(chart.bars().map(({ close }) => close)).toEqual(["100.7", "100"]);
  });

  it("bring older pages until there are none", async () => {
    const { chart, loader, asked } = load((to) =>
      to === null
        ? { candles: [row(10)], next_to: 10 * MINUTE }
        : { candles: [row(8), row(9)], next_to: null },
    );
    await loader.start();
    await loader.older();
    await loader.older();
    expect(chart.minutes).toEqual([8, 9, 10]);
    expect(asked).toEqual([null, 10 * MINUTE]);
  });

  it("read the newest page again after a break, and show what the service knows and nothing else", async () => {
    let page: CandlePage = { candles: [row(4), row(5), row(6)], next_to: 4 * MINUTE };
    const { chart, loader, asked } = load((to) =>
      to === null ? page : { candles: [row(2), row(3)], next_to: 2 * MINUTE },
    );
    await loader.start();
    await loader.older();
    loader.take(frame("snapshot", row(6)));
    loader.take(frame("update", row(7)));
    expect(asked).toHaveLength(2);
    // The seventh was only in the memory of the service that went away.
    page = { candles: [row(5), row(6), row(8, "99.5")], next_to: 5 * MINUTE };
    loader.take(frame("snapshot", row(8)));
    loader.take(frame("update", row(8, "100.5"), row(9)));
    await settled();
    expect(asked).toEqual([null, 4 * MINUTE, null]);
    expect(chart.minutes).toEqual([2, 3, 4, 5, 6, 8, 9]);
    expect(chart.bars().at(-2)?.close).toBe("100.5");
    await loader.older();
    expect(asked.at(-1)).toBe(2 * MINUTE);
  });

  it("begin anew when the break was longer than a page, so that no hole is left before it", async () => {
    let page: CandlePage = { candles: [row(1), row(2)], next_to: 1 * MINUTE };
    const { chart, loader, asked } = load(() => page);
    await loader.start();
    loader.take(frame("snapshot", row(2)));
    page = { candles: [row(8), row(9)], next_to: 8 * MINUTE };
    loader.take(frame("snapshot", row(9)));
    await settled();
    expect(chart.minutes).toEqual([8, 9]);
    page = { candles: [row(6), row(7)], next_to: null };
    await loader.older();
    expect(asked.at(-1)).toBe(8 * MINUTE);
    expect(chart.minutes).toEqual([6, 7, 8, 9]);
  });

  it("read it after the older page that is on its way, not never", async () => {
    let answer: (page: CandlePage) => void = () => undefined;
    const chart = new FakeChart();
    const asked: (number | null)[] = [];
    const read = (to: number | null): Promise<CandlePage> => {
      asked.push(to);
      if (to !== null) return new Promise((resolve) => (answer = resolve));
      return Promise.resolve({ candles: [row(4 + asked.length)], next_to: 5 * MINUTE });
    };
    const loader = new CandleLoader(chart, read, "1m", () => undefined);
    await loader.start();
    loader.take(frame("snapshot", row(5)));
    const older = loader.older();
    loader.take(frame("snapshot", row(7, "70.5")));
    loader.take(frame("update", row(7, "71.5")));
    answer({ candles: [row(4)], next_to: null });
    await older;
    expect(asked).toEqual([null, 5 * MINUTE, null]);
    expect(chart.minutes).toEqual([7]);
    expect(chart.bars()[0]?.close).toBe("71.5");
  });

  it("say that they failed, and keep what is drawn when only an older page fails", async () => {
    const failing = load(() => new Error("away"));
    await failing.loader.start();
    expect(failing.states.at(-1)?.at).toBe("failed");
    const late = load((to) => (to === null ? { candles: [row(10)], next_to: 1 } : new Error("away")));
    await late.loader.start();
    await late.loader.older();
    expect(late.states.at(-1)?.at).toBe("ready");
    expect(late.chart.minutes).toEqual([10]);
  });
});

describe("indicators", () => {
  it("are parted at commas outside of brackets", () => {
    expect(splitNames("rsi(14), macd(12,26,9),vwap")).toEqual(["rsi(14)", "macd(12,26,9)", "vwap"]);
    expect(splitNames("")).toEqual([]);
  });

  it("lie over the bars when they are prices, else in a pane of their own", () => {
    expect(drawnAs("ema(20)", "ema", "accent")?.pane).toBe("price");
    expect(drawnAs("rsi(14)", "rsi", "accent")?.pane).toBe("rsi(14)");
    expect(drawnAs("macd(12,26,9)", "histogram", "accent")?.style.kind).toBe("columns");
    expect(drawnAs("cross(50,200)", "cross", "accent")).toBeNull();
  });

  it("are moved by their displacement, also past the newest bar, and stay undefined where they are", () => {
    const points = pointsOf([0, MINUTE, 2 * MINUTE], [null, 1, 2], 2, MINUTE);
    expect(points).toEqual([
      { timeMs: 2 * MINUTE, value: null },
      { timeMs: 3 * MINUTE, value: 1 },
      { timeMs: 4 * MINUTE, value: 2 },
    ]);
  });
});

describe("live prices", () => {
  it("make one message of the wishes of a moment, and leave when nobody wants them", async () => {
    const topics: Topic[] = [];
    let left = 0;
    const feed = new PriceFeed((topic) => {
      topics.push(topic);
      return () => (left += 1);
    });
    const stops = ["a/usd", "b/usd", "c/usd"].map((key) => feed.want([key]));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(topics.map(({ symbols }) => symbols)).toEqual([["a/usd", "b/usd", "c/usd"]]);
    for (const stop of stops) stop();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(left).toBe(1);
  });

  it("keep a price that is not known as null", () => {
    let tell: (frame: Frame) => void = () => undefined;
    const feed = new PriceFeed((_, listener) => {
      tell = listener;
      return () => undefined;
    });
    globalThis.requestAnimationFrame ??= (work) => setTimeout(() => work(0), 0) as unknown as number;
    feed.want(["a/usd"]);
    return new Promise<void>((resolve) => {
      setTimeout(() => {
        tell({ sub: "p", ch: "prices", type: "snapshot", seq: 1, base: "a", quote: "usd", price: null });
        expect(feed.board.get("a/usd")).toMatchObject({ price: null, change24h: null });
        resolve();
      }, 20);
    });
  });
});
