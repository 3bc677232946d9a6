/** State that belongs into the address: it survives a reload, can be sent to somebody, and Back undoes it. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

export type Search = Record<string, string | undefined>;

/** One search parameter; the default is not written into the address. */
export function useUrlState(name: string, initial = ""): [string, (value: string) => void] {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const set = useCallback(
    (value: string) => {
      void navigate({
        to: ".",
        search: ((before: Search) => ({ ...before, [name]: value === initial ? undefined : value })) as never,
        replace: true,
      });
    },
    [navigate, name, initial],
  );
  return [search[name] ?? initial, set];
}

/** Several at once, in one step of the history. */
export function useSetSearch(): (changes: Search) => void {
  const navigate = useNavigate();
  return useCallback(
    (changes: Search) => {
      void navigate({
        to: ".",
        search: ((before: Search) => ({ ...before, ...changes })) as never,
        replace: true,
      });
    },
    [navigate],
  );
}
