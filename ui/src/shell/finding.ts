/** How well a text answers what was typed: every word has to be in it. */

/** null: not at all; less is better. */
export function rank(typed: string, text: string): number | null {
  const given = text.toLowerCase();
  const words = given.split(/[^\p{L}\p{N}]+/u);
  let sum = 0;
  for (const wanted of wordsOf(typed)) {
    const place = words.findIndex((word) => word.startsWith(wanted));
    if (place >= 0) sum += (words[place] === wanted ? 0 : 1) + Math.min(place, 5) / 10;
    else if (given.includes(wanted)) sum += 3;
    else if (words.some((word) => skips(wanted, word))) sum += 6;
    else return null;
  }
  return sum;
}

export function wordsOf(typed: string): readonly string[] {
  return typed
    .toLowerCase()
    .split(/[\s/]+/)
    .filter((word) => word !== "");
}

/** The letters in this order, the first one first, with others in between: `ptf` is within portfolio. */
function skips(wanted: string, word: string): boolean {
  if (wanted.length < 2 || wanted[0] !== word[0]) return false;
  let at = 0;
  for (const letter of wanted) {
    const found = word.indexOf(letter, at);
    if (found < 0) return false;
    at = found + 1;
  }
  return true;
}
