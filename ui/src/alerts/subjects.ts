/** What can be watched, and how each kind is written: docs/alerts.md, in the words of a form. */
import type { Schemas } from "@/api/client";
import { formatQuantity } from "@/format/amounts";
import { isDecimal, multiply } from "@/format/decimal";

export type Alert = Schemas["AlertView"];
export type Kind = Schemas["SubjectView"]["kind"];
export type Comparison = Alert["comparison"];

/** The parts that make up `of`. */
export type Part = "pair" | "span" | "interval" | "line" | "symbol" | "name";

export interface Subject {
  readonly name: string;
  readonly parts: readonly Part[];
  readonly comparisons: readonly Comparison[];
  /** Thresholds are fractions, entered as percent. */
  readonly percent?: boolean;
  readonly unit?: string;
  readonly hint: string;
  readonly words?: readonly string[];
  /** What `name` may be. */
  readonly names?: readonly (readonly [string, string])[];
  readonly spans?: readonly string[];
  readonly operatorOnly?: boolean;
}

const NUMBER = ["above", "below", "crosses"] as const;

export const INTERVALS = ["1m", "5m", "15m", "1h", "4h", "1d"] as const;
export const RATING_WORDS = ["strong sell", "sell", "neutral", "buy", "strong buy"] as const;

const JOBS: readonly (readonly [string, string])[] = [
  ["any", "any of my jobs"],
  ["imports.read", "reading a file"],
  ["imports.commit", "taking over an import"],
  ["imports.undo", "undoing an import"],
  ["tax.run", "a tax report"],
  ["tax.verify", "verifying a tax report"],
  ["candles.backfill", "fetching candles"],
  ["candles.import", "importing candles"],
];

export const KPIS = [
  "accounts_near_liquidation",
  "active_keys",
  "anomalies",
  "auth_failures",
  "engine_lag_ms_p99",
  "error_rate",
  "fill_ratio",
  "fills",
  "key_uses",
  "latency_ms_p50",
  "latency_ms_p95",
  "latency_ms_p99",
  "liquidations",
  "open_exposure",
  "orders",
  "rate_limit_hits",
  "uptime",
  "volume",
] as const;

export const SUBJECTS: Readonly<Record<Kind, Subject>> = {
  price: {
    name: "Price",
    parts: ["pair"],
    comparisons: NUMBER,
    hint: "In the quote currency; also of a pair that follows from others.",
  },
  change: {
    name: "Change",
    parts: ["pair", "span"],
    spans: ["5m", "15m", "1h", "4h", "24h", "7d"],
    comparisons: NUMBER,
    percent: true,
    hint: "Against the close of so long ago. −5 is five percent down.",
  },
  indicator: {
    name: "Indicator",
    parts: ["pair", "interval", "line"],
    comparisons: NUMBER,
    hint: "Of the last closed candle. Two lines with a colon between them are the first less the second: crossing 0 is where they cross.",
  },
  rating: {
    name: "Technical rating",
    parts: ["pair", "interval"],
    comparisons: ["is", ...NUMBER],
    words: RATING_WORDS,
    hint: "A number from −1 to 1, or a word. Told when the candle closes.",
  },
  volatility_rank: {
    name: "Volatility rank",
    parts: ["pair", "span"],
    spans: ["1h", "24h", "7d", "30d"],
    comparisons: NUMBER,
    hint: "1 is the most volatile of all pairs.",
  },
  margin_ratio: {
    name: "Margin ratio of my account",
    parts: [],
    comparisons: NUMBER,
    percent: true,
    hint: "Of the cross part of your paper account. At 100 % liquidation begins.",
  },
  liquidation_distance: {
    name: "Distance to my liquidation",
    parts: ["symbol"],
    comparisons: ["below"],
    percent: true,
    hint: "From the mark to your liquidation price, as a percentage of the mark.",
  },
  position: {
    name: "Size of my position",
    parts: ["symbol"],
    comparisons: NUMBER,
    hint: "In units of the base, negative for a short; 0 without a position.",
  },
  data_quality: {
    name: "Data quality",
    parts: ["name"],
    comparisons: NUMBER,
    names: [
      ["flags", "doubts about prices"],
      ["sources", "sources that are not well"],
    ],
    hint: "A count: above 0 means that there is one.",
  },
  job_result: {
    name: "End of a job",
    parts: ["name"],
    comparisons: ["is"],
    words: ["failed", "done", "cancelled"],
    names: JOBS,
    hint: "How a job in the background ends.",
  },
  kpi: {
    name: "KPI",
    parts: ["name"],
    comparisons: NUMBER,
    names: KPIS.map((name) => [name, name.replaceAll("_", " ")] as const),
    operatorOnly: true,
    hint: "Read once a minute, over the last five minutes. Shares are fractions: 0.01 is one percent.",
  },
};

/** What only an operator may watch beside their own jobs. */
export const ALL_JOBS: readonly (readonly [string, string])[] = JOBS.map(([name, said]) => [
  `all ${name}`,
  name === "any" ? "anybody's jobs" : `${said}, anybody's`,
]);

export const KINDS = Object.keys(SUBJECTS) as Kind[];

/** The parts of `of`, as the form holds them. */
export interface Parts {
  pair: string;
  span: string;
  interval: string;
  line: string;
  symbol: string;
  name: string;
}

export function partsOf(kind: Kind, of: string): Parts {
  const subject = SUBJECTS[kind];
  const [first = "", second = "", ...rest] = of.trim().split(/\s+/);
  const has = (part: Part): boolean => subject.parts.includes(part);
  return {
    pair: has("pair") ? first : "",
    span: has("span") ? second || (subject.spans?.[2] ?? "") : "",
    interval: has("interval") ? second || "1h" : "",
    line: has("line") ? rest.join(" ") : "",
    symbol: has("symbol") ? first : "",
    name: has("name") ? of.trim() || (subject.names?.[0]?.[0] ?? "") : "",
  };
}

export function ofParts(kind: Kind, parts: Parts): string {
  if (kind === "margin_ratio") return "account";
  return SUBJECTS[kind].parts.map((part) => parts[part].trim()).join(" ");
}

/** 0.05 as it is entered for kinds in percent: 5. */
export function shownThreshold(kind: Kind, threshold: string): string {
  return SUBJECTS[kind].percent && isDecimal(threshold) ? multiply(threshold, "100") : threshold;
}

export function sentThreshold(kind: Kind, entered: string): string {
  const text = entered.trim().replace("\u2212", "-");
  return SUBJECTS[kind].percent && isDecimal(text) ? multiply(text, "0.01") : text;
}

/** What is watched: "BTC/USD 1h", "BTC-PERP", "Any of my jobs". */
export function saidSubject({ kind, of }: Alert["subject"], symbolOf: (coinId: string) => string): string {
  const named = [...(SUBJECTS[kind].names ?? []), ...ALL_JOBS].find(([name]) => name === of);
  if (named !== undefined) return named[1].charAt(0).toUpperCase() + named[1].slice(1);
  if (kind === "margin_ratio") return "My paper account";
  if (!SUBJECTS[kind].parts.includes("pair")) return of;
  const [pair = "", ...rest] = of.split(" ");
  const symbols = pair.split("/").map((coinId) => symbolOf(coinId).toUpperCase());
  return [symbols.join("/"), ...rest].join(" ");
}

/** "above 65,000", "below −5 %", "is strong buy" */
export function saidCondition(alert: Pick<Alert, "comparison" | "threshold" | "subject">): string {
  const unit = SUBJECTS[alert.subject.kind].percent ? " %" : "";
  const shown = grouped(shownThreshold(alert.subject.kind, alert.threshold)).replace(/^-/, "\u2212");
  return `${alert.comparison} ${shown}${unit}`;
}

function grouped(threshold: string): string {
  return isDecimal(threshold) ? formatQuantity(threshold, "en") : threshold;
}

/** What a fault of the service is about, by the pointer it came with. */
export function faultAt(
  faults: readonly { pointer?: string; message?: string }[],
  pointer: string,
): string | null {
  return faults.find((fault) => fault.pointer?.startsWith(pointer))?.message ?? null;
}
