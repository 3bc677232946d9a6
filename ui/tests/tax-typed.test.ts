import { describe, expect, it } from "vitest";
import { typedSince } from "@/tax/typed";

interface Election {
  zone: string;
  filing: string;
  methods: readonly string[];
}

const FIFO = ["fifo"];
const SENT: Election = { zone: "Europe/Berlin", filing: "single", methods: FIFO };

describe("what was typed while a form was on its way", () => {
  it("is nothing when it was left alone", () => {
    expect(typedSince<Election>({ zone: "Europe/Berlin", methods: FIFO }, SENT)).toEqual({});
  });

  it("is what differs from what was sent", () => {
    const typed = { zone: "Europe/Paris", methods: FIFO };
    expect(typedSince<Election>(typed, SENT)).toEqual({ zone: "Europe/Paris" });
  });

  it("is a list that was changed, also where it was first filled in", () => {
    expect(typedSince<Election>({ methods: [...FIFO, "hifo"] }, SENT)).toEqual({ methods: ["fifo", "hifo"] });
  });
});
