/** Small choices of this browser: column widths, layouts, watchlists. Never anything secret or of value. */
import { useCallback, useState } from "react";

const PREFIX = "plimsoll.";

export function readStored<T>(name: string, initial: T, check: (value: unknown) => value is T): T {
  try {
    const text = localStorage.getItem(PREFIX + name);
    const value: unknown = text === null ? initial : JSON.parse(text);
    return check(value) ? value : initial;
  } catch {
    return initial;
  }
}

export function useStored<T>(
  name: string,
  initial: T,
  check: (value: unknown) => value is T,
): [T, (value: T) => void] {
  const [value, setValue] = useState(() => readStored(name, initial, check));
  const set = useCallback(
    (next: T) => {
      setValue(next);
      try {
        localStorage.setItem(PREFIX + name, JSON.stringify(next));
      } catch {
        // A browser that keeps nothing still works; the choice lasts until the page is closed.
      }
    },
    [name],
  );
  return [value, set];
}
