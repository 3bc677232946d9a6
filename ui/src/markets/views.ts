/** Watchlists and saved views: they stay in this browser. */
import { useCallback, useMemo } from "react";
import { useStored } from "@/hooks/stored";

export type Watchlists = Readonly<Record<string, readonly string[]>>;
export const FIRST_LIST = "Watchlist";

function isWatchlists(value: unknown): value is Watchlists {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((list) => Array.isArray(list) && list.every((key) => typeof key === "string"))
  );
}

export interface WatchlistsState {
  readonly names: readonly string[];
  keysOf(name: string): ReadonlySet<string>;
  toggle(name: string, key: string): void;
  add(name: string): void;
  remove(name: string): void;
}

export function useWatchlists(): WatchlistsState {
  const [lists, setLists] = useStored<Watchlists>("watchlists", { [FIRST_LIST]: [] }, isWatchlists);
  return useMemo(
    () => ({
      names: Object.keys(lists),
      keysOf: (name) => new Set(lists[name] ?? []),
      toggle: (name, key) => {
        const list = lists[name] ?? [];
        setLists({
          ...lists,
          [name]: list.includes(key) ? list.filter((each) => each !== key) : [...list, key],
        });
      },
      add: (name) => setLists({ [name]: [], ...lists }),
      remove: (name) => {
        const { [name]: _, ...others } = lists;
        setLists(Object.keys(others).length === 0 ? { [FIRST_LIST]: [] } : others);
      },
    }),
    [lists, setLists],
  );
}

export interface SavedView {
  readonly name: string;
  readonly search: Readonly<Record<string, string>>;
}

function isViews(value: unknown): value is SavedView[] {
  return (
    Array.isArray(value) &&
    value.every(
      (view: unknown) => typeof view === "object" && view !== null && "name" in view && "search" in view,
    )
  );
}

export function useSavedViews(): [readonly SavedView[], (view: SavedView) => void, (name: string) => void] {
  const [views, setViews] = useStored<SavedView[]>("market-views", [], isViews);
  const save = useCallback(
    (view: SavedView) => setViews([...views.filter(({ name }) => name !== view.name), view]),
    [views, setViews],
  );
  const remove = useCallback(
    (name: string) => setViews(views.filter((view) => view.name !== name)),
    [views, setViews],
  );
  return [views, save, remove];
}
