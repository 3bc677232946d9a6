/**
 * The id that a person means by an id, a symbol or a name. Symbols may collide and ids do not: what could be two things
 * is neither, and has to be said by its id.
 */
interface Named {
  readonly id: string;
  readonly symbol: string;
  readonly name: string;
}

type Assets = ReadonlyMap<string, Named>;

/** By symbol and name in small letters; null: two things are called so. */
const meanings = new WeakMap<Assets, ReadonlyMap<string, string | null>>();

function meaningsOf(assets: Assets): ReadonlyMap<string, string | null> {
  const known = meanings.get(assets);
  if (known !== undefined) return known;
  const made = new Map<string, string | null>();
  for (const { id, symbol, name } of assets.values()) {
    for (const called of new Set([symbol.toLowerCase(), name.toLowerCase()])) {
      made.set(called, made.has(called) ? null : id);
    }
  }
  meanings.set(assets, made);
  return made;
}

export function findAsset(assets: Assets, text: string): string | undefined {
  const sought = text.trim().toLowerCase();
  return assets.has(sought) ? sought : (meaningsOf(assets).get(sought) ?? undefined);
}

/** Why what was typed means no asset. */
export function whyNone(assets: Assets, text: string): string {
  return meaningsOf(assets).get(text.trim().toLowerCase()) === null
    ? "more than one is called so: choose one of the list"
    : "not in the list of assets";
}

/** What to write for an asset so that it alone is meant: its symbol; its id, where another one has that symbol too. */
export function writeAsset(assets: Assets, id: string): string {
  const symbol = assets.get(id)?.symbol.toUpperCase();
  return symbol !== undefined && findAsset(assets, symbol) === id ? symbol : id;
}
