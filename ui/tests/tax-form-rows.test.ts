import { describe, expect, it } from "vitest";
import { isFilled, NEW_ROW, readRow, writeRow, type Row } from "@/tax/form-rows";
import { dayOfMoment, momentOfDay } from "@/tax/words";

const ROW: Row = { ...NEW_ROW, coin: "BTC", quantity: " 0.5", soldOn: "2025-05-01", proceeds: "30000" };

describe("a row of a form 1099-DA", () => {
  it("is sent as it was typed; what was not reported is null, not 0", () => {
    const sent = writeRow(ROW, (text) => (text === "BTC" ? "bitcoin" : undefined));
    expect(sent).toEqual({
      coin_id: "bitcoin",
      quantity: "0.5",
      sold_on: "2025-05-01",
      proceeds: "30000",
      cost: null,
      wallet_id: null,
      broker: "",
    });
    expect(readRow(sent)).toEqual({ ...ROW, coin: "bitcoin", quantity: "0.5" });
    expect(writeRow({ ...ROW, coin: " odd " }, () => undefined).coin_id).toBe("odd");
  });

  it("can be sent when what the form always has is there, and of its year", () => {
    expect(isFilled(ROW, 2025)).toBe(true);
    expect(isFilled(ROW, 2026)).toBe(false);
    expect(isFilled({ ...ROW, quantity: "0" }, 2025)).toBe(false);
    expect(isFilled({ ...ROW, proceeds: "" }, 2025)).toBe(false);
    expect(isFilled({ ...ROW, cost: "-1" }, 2025)).toBe(false);
    expect(isFilled({ ...ROW, cost: "0" }, 2025)).toBe(true);
  });
});

describe("a day that the service wants a moment of", () => {
  it("comes back as the same day", () => {
    expect(dayOfMoment(momentOfDay("2020-02-29"))).toBe("2020-02-29");
    expect(momentOfDay("")).toBeNull();
    expect(dayOfMoment(null)).toBe("");
  });

  it("stays the moment that was known, which may be of the next day at home, until another day is chosen", () => {
    const newYear = "2019-12-31T23:00:00Z";
    expect(momentOfDay(dayOfMoment(newYear), newYear)).toBe(newYear);
    expect(momentOfDay("2019-12-30", newYear)).toBe("2019-12-30T12:00:00Z");
    expect([momentOfDay("", newYear), momentOfDay("2019-12-30", null)]).toEqual([
      null,
      "2019-12-30T12:00:00Z",
    ]);
  });
});
