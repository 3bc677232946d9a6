/** The words of imports, and how they are shown. */
import type { Schemas } from "@/api/client";
import type { Tone } from "@/components/Badge";

export type ImportView = Schemas["ImportView"];
export type ImportRow = Schemas["ImportRowView"];
export type Answers = Partial<Schemas["ImportPatch"]>;
export type Standing = Schemas["Standing"];
type State = Schemas["ImportState"];

export const STATES: Readonly<Record<State, readonly [string, Tone]>> = {
  reading: ["reading", "accent"],
  questions: ["has questions", "warn"],
  refused: ["refused", "bad"],
  preview: ["to be decided", "accent"],
  committing: ["recording", "accent"],
  undoing: ["undoing", "accent"],
  committed: ["recorded", "good"],
  undone: ["undone", "neutral"],
  discarded: ["discarded", "neutral"],
};

export const STANDINGS: Readonly<Record<Standing, readonly [string, Tone, string]>> = {
  new: ["New", "good", "It will be recorded."],
  "already-imported": [
    "Already imported",
    "neutral",
    "The ledger has it, or the same row stands further up. Nothing happens.",
  ],
  "needs-attention": ["Needs attention", "warn", "It can be recorded once you have looked at what is named."],
  "left-out": ["Left out", "neutral", "It changes nothing in the books."],
  error: ["Problem", "bad", "Nothing can be made of it until what is named is mended."],
};

export const ORDER: readonly Standing[] = ["new", "needs-attention", "error", "already-imported", "left-out"];

/** A job works on it. */
export function isBusy(state: State): boolean {
  return state === "reading" || state === "committing" || state === "undoing";
}

/** Nothing has been decided: it can be answered and discarded. */
export function isOpen(state: State): boolean {
  return state === "questions" || state === "refused" || state === "preview";
}

export const NUMBERS = { point: "1,234.56 (point)", comma: "1.234,56 (comma)" } as const;
export const DATES = {
  ymd: "2024-01-31 (year, month, day)",
  dmy: "31.01.2024 (day, month, year)",
  mdy: "01/31/2024 (month, day, year)",
} as const;

const DELIMITERS: Readonly<Record<string, string>> = {
  ",": "comma",
  ";": "semicolon",
  "\t": "tab",
  "|": "bar",
};

export function nameOfDelimiter(delimiter: string): string {
  return DELIMITERS[delimiter] ?? (delimiter === "" ? "none: a workbook" : `“${delimiter}”`);
}

export function formatSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

export function linesOf(lines: readonly number[]): string {
  const [first] = lines;
  if (lines.length <= 1) return `Line ${first ?? "?"}`;
  const last = lines.at(-1) ?? 0;
  const together = lines.length === last - (first ?? 0) + 1;
  return together
    ? `Lines ${first}–${last}`
    : `Lines ${lines.slice(0, 4).join(", ")}${lines.length > 4 ? " …" : ""}`;
}

/** Only a row of which every asset is known can be accepted. */
export function isKnown(row: ImportRow): boolean {
  return row.draft !== null && row.draft.legs.every((leg) => leg.coin_id !== null);
}
