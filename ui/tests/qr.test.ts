/** What is drawn of a code; that a reader makes the text of it is shown in a browser. */
import { encode } from "uqr";
import { expect, test } from "vitest";
import { drawQr } from "../src/access/qr";

test("the path is dark where the code is, and nowhere else", () => {
  const text = "otpauth://totp/Plimsoll:ada%40example.org?secret=ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const { side, path } = drawQr(text);
  const { data, size } = encode(text, { ecc: "M", border: 0 });
  const dark = new Set<string>();
  for (const [, x = "", y = "", width = ""] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g)) {
    for (let at = 0; at < Number(width); at += 1) dark.add(`${Number(x) + at} ${y}`);
  }
  const meant = data.flatMap((row, y) => row.flatMap((is, x) => (is ? [`${x} ${y}`] : [])));
  expect(side).toBe(size);
  expect([...dark].sort()).toEqual(meant.sort());
});
