/** An alert while it is being written. Amounts are the text that was typed. */
import type { Schemas } from "@/api/client";
import {
  type Alert,
  type Comparison,
  type Kind,
  KINDS,
  ofParts,
  type Parts,
  partsOf,
  sentThreshold,
  shownThreshold,
  SUBJECTS,
} from "./subjects";

export interface Draft {
  readonly kind: Kind;
  readonly parts: Parts;
  readonly comparison: Comparison;
  readonly threshold: string;
  readonly hysteresis: string;
  readonly cooldown: string;
  readonly repeat: Alert["repeat"];
  readonly quiet: Alert["quiet_hours"];
  readonly channels: readonly string[];
  readonly note: string;
}

export function newDraft(kind: Kind, of = "", threshold = "", comparison?: Comparison): Draft {
  const subject = SUBJECTS[kind];
  const chosen = subject.comparisons.find((each) => each === comparison) ?? subject.comparisons[0] ?? "above";
  const word =
    chosen === "is" ? (subject.words?.find((each) => each === threshold) ?? subject.words?.[0]) : null;
  return {
    kind,
    parts: partsOf(kind, of),
    comparison: chosen,
    threshold: word ?? shownThreshold(kind, threshold),
    hysteresis: "0",
    cooldown: "0",
    repeat: "always",
    quiet: "respect",
    channels: [],
    note: "",
  };
}

/** As a link from elsewhere asks for it: `?subject=price&of=btc/usd&threshold=65000&comparison=above`. */
export function draftOfAddress(search: Readonly<Record<string, string | undefined>>): Draft | null {
  const kind = KINDS.find((each) => each === search["subject"]);
  if (kind === undefined) return null;
  const comparison = (["above", "below", "crosses", "is"] as const).find(
    (each) => each === search["comparison"],
  );
  return newDraft(kind, search["of"], search["threshold"], comparison);
}

export function draftOf(alert: Alert): Draft {
  const { kind, of } = alert.subject;
  return {
    kind,
    parts: partsOf(kind, of),
    comparison: alert.comparison,
    threshold: shownThreshold(kind, alert.threshold),
    hysteresis: shownThreshold(kind, alert.hysteresis),
    cooldown: String(alert.cooldown_s),
    repeat: alert.repeat,
    quiet: alert.quiet_hours,
    channels: alert.channels,
    note: alert.note,
  };
}

/** All but what it watches, which an alert keeps for its life. */
export function changeOf(draft: Draft): Schemas["AlertChange"] {
  return {
    comparison: draft.comparison,
    threshold: sentThreshold(draft.kind, draft.threshold),
    hysteresis: draft.comparison === "is" ? "0" : sentThreshold(draft.kind, draft.hysteresis || "0"),
    cooldown_s: Number(draft.cooldown),
    repeat: draft.repeat,
    quiet_hours: draft.quiet,
    channels: [...draft.channels],
    note: draft.note,
  };
}

export function bodyOf(draft: Draft): Schemas["AlertBody"] {
  const subject = { kind: draft.kind, of: ofParts(draft.kind, draft.parts) };
  return { ...(changeOf(draft) as Omit<Schemas["AlertBody"], "subject">), subject };
}
