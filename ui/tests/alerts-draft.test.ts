/** What the form of an alert holds, what is sent of it, and what an address fills in. */
import { describe, expect, it } from "vitest";
import { bodyOf, changeOf, draftOf, draftOfAddress, newDraft } from "@/alerts/drafts";
import { type Alert, KINDS, saidCondition, SUBJECTS } from "@/alerts/subjects";

const ALERT: Alert = {
  id: "01a1fffb-955f-72fe-9378-770850f77571",
  subject: { kind: "change", of: "bitcoin/usd 1h" },
  comparison: "below",
  threshold: "-0.05",
  hysteresis: "0.0025",
  cooldown_s: 900,
  repeat: "always",
  quiet_hours: "respect",
  channels: [],
  note: "",
  state: "armed",
  events: 0,
  fired_at: null,
  snoozed_until: null,
  withheld_until: null,
  created_at: "2026-01-01T00:00:00Z",
  changed_at: "2026-01-01T00:00:00Z",
};

describe("an alert that is written", () => {
  it("is filled in by an address, of which nothing is lost", () => {
    const draft = draftOfAddress({ subject: "price", of: "btc/usd", threshold: "64000.123456789012345678" });
    expect(draft && bodyOf(draft)).toMatchObject({
      subject: { kind: "price", of: "btc/usd" },
      comparison: "above",
      threshold: "64000.123456789012345678",
    });
  });

  it("is not asked for by an address that names nothing that can be watched", () => {
    expect(draftOfAddress({ tab: "events" })).toBeNull();
    expect(draftOfAddress({ subject: "weather", of: "btc/usd" })).toBeNull();
  });

  it("shows fractions as percent and sends them back exactly", () => {
    const draft = draftOf(ALERT);
    expect([draft.threshold, draft.hysteresis]).toEqual(["-5", "0.25"]);
    expect(changeOf(draft)).toMatchObject({ threshold: "-0.05", hysteresis: "0.0025", cooldown_s: 900 });
    expect(changeOf({ ...draft, threshold: "\u22127.3" }).threshold).toBe("-0.073");
  });

  it("says a condition in words, with a sign and a unit", () => {
    expect(saidCondition(ALERT)).toBe("below \u22125 %");
    const word = { ...ALERT, subject: { kind: "rating", of: "bitcoin/usd 1h" }, comparison: "is" } as const;
    expect(saidCondition({ ...word, threshold: "strong buy" })).toBe("is strong buy");
  });

  it.each(KINDS)("starts %s with a comparison and a word that the service takes", (kind) => {
    const draft = newDraft(kind);
    expect(SUBJECTS[kind].comparisons).toContain(draft.comparison);
    if (draft.comparison === "is") expect(SUBJECTS[kind].words).toContain(draft.threshold);
  });

  it.each([
    ["change", "btc/usd 24h"],
    ["indicator", "btc/usd 1h macd.line : macd.signal"],
    ["rating", "btc/usd 4h"],
    ["volatility_rank", "btc/usd 7d"],
    ["margin_ratio", "account"],
    ["position", "BTC-PERP"],
    ["data_quality", "flags"],
    ["job_result", "all imports.commit"],
    ["kpi", "error_rate"],
  ] as const)("writes %s as it was read: %s", (kind, of) => {
    expect(bodyOf(newDraft(kind, of)).subject).toEqual({ kind, of });
  });
});
