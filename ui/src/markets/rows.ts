/** What a row shows beside its price, asked for only when the row is looked at, and a few requests a second at most. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { answer, api, type Schemas } from "@/api/client";

const APART_MS = 45;
let freeAt = 0;

/** Waits for its turn: a fast scroll must not spend what the reader may ask in a minute. */
function turn(signal: AbortSignal): Promise<void> {
  const now = performance.now();
  freeAt = Math.max(freeAt + APART_MS, now);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, freeAt - now);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("left the screen", "AbortError"));
    });
  });
}

/** True when the row has been there for a moment, not merely scrolled past. */
export function useSettled(ms = 250): boolean {
  const [settled, setSettled] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return settled;
}

export interface Spark {
  readonly values: readonly (number | null)[];
  readonly span: string;
  /** Said in the row: it is not the day that the other rows show. */
  readonly short?: string;
}

const STEP_MS = { "30m": 1_800_000, "1m": 60_000 } as const;
const FEWEST = 8;

async function readCloses(
  base: string,
  quote: string,
  interval: "30m" | "1m",
  limit: number,
  signal: AbortSignal,
) {
  const params = { path: { base, quote }, query: { interval, limit } };
  const said = await answer(api.GET("/api/v1/markets/{base}/{quote}/candles", { params, signal }));
  const { candles } = said as unknown as Schemas["CandlesView"];
  const values: (number | null)[] = [];
  let before: number | null = null;
  for (const { time_ms, close } of candles) {
    if (before !== null && time_ms - before > STEP_MS[interval] * 1.5) values.push(null);
    values.push(Number(close));
    before = time_ms;
  }
  return values;
}

/** A day in half hours; of a pair that is younger, the last hour in minutes. */
async function readSpark(base: string, quote: string, signal: AbortSignal): Promise<Spark> {
  await turn(signal);
  const day = await readCloses(base, quote, "30m", 48, signal);
  if (day.length >= FEWEST) return { values: day, span: "last 24 hours" };
  await turn(signal);
  return { values: await readCloses(base, quote, "1m", 60, signal), span: "last hour", short: "1 h" };
}

export function useSpark(base: string, quote: string, enabled: boolean) {
  return useQuery({
    queryKey: ["markets", "spark", base, quote],
    queryFn: ({ signal }) => readSpark(base, quote, signal),
    enabled,
    staleTime: 120_000,
    refetchOnWindowFocus: false,
  });
}

export function useRowRating(base: string, quote: string, enabled: boolean) {
  return useQuery({
    queryKey: ["markets", "rating", base, quote, "1h"],
    queryFn: async ({ signal }) => {
      await turn(signal);
      const params = { path: { base, quote }, query: { interval: "1h" as const } };
      return answer(api.GET("/api/v1/markets/{base}/{quote}/rating", { params, signal }));
    },
    enabled,
    staleTime: 300_000,
    refetchOnWindowFocus: false,
  });
}
