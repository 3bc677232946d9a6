/**
 * Keys that do something wherever the focus is, except while typing or in a dialog. Each screen registers its own; the
 * sheet behind `?` lists whatever is registered at the time.
 *
 *     useShortcut("g m", "Go to Markets", open);      one key after the other
 *     useShortcut("mod+k", "Search or go to", show);  Ctrl, or Cmd on a Mac
 */
import { useEffect, useRef, useSyncExternalStore } from "react";
import { readStored } from "./stored";

export interface Shortcut {
  /** Keys with blanks between them where one is pressed after the other. */
  readonly keys: string;
  readonly name: string;
  /** Under which heading the sheet lists it. */
  readonly group: string;
  run(): void;
}

/** Whether keys without Ctrl or Cmd count: software that dictates sends letters as keys. */
export const PLAIN_KEYS = "shortcuts.plain";

const NEXT_KEY_MS = 1_200;
const NOT_WHILE_IN =
  "input:not([type=checkbox],[type=radio],[type=button]),textarea,select,[contenteditable=true],[role=combobox],[role=menu],[role=listbox],[role=dialog]";

let registered: readonly Shortcut[] = [];
const told = new Set<() => void>();
let pressed: readonly string[] = [];
let pressedAt = 0;

function change(next: readonly Shortcut[]): void {
  if (registered.length === 0 && next.length > 0) document.addEventListener("keydown", hear);
  if (next.length === 0) document.removeEventListener("keydown", hear);
  registered = next;
  for (const tell of told) tell();
}

function nameOfKey(event: KeyboardEvent): string {
  const mod = event.ctrlKey || event.metaKey ? "mod+" : "";
  // Of signs, as of `?`, Shift is part; which keys it takes to write one differs from keyboard to keyboard.
  const isSign = event.key.length === 1 && event.key.toLowerCase() === event.key.toUpperCase();
  const shift = event.shiftKey && !isSign ? "shift+" : "";
  return mod + shift + event.key.toLowerCase();
}

function isOpen(): boolean {
  return document.querySelector("[role=dialog][data-state=open],[role=menu][data-state=open]") !== null;
}

function hear(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey || event.isComposing || event.repeat) return;
  if (["Shift", "Control", "Meta"].includes(event.key)) return;
  const plain = !event.ctrlKey && !event.metaKey;
  const target = event.target instanceof Element ? event.target : null;
  if (plain && (target?.closest(NOT_WHILE_IN) || !readStored(PLAIN_KEYS, true, isBoolean))) return;
  if (isOpen()) return;
  if (event.timeStamp - pressedAt > NEXT_KEY_MS) pressed = [];
  pressed = [...pressed, nameOfKey(event)].slice(-3);
  pressedAt = event.timeStamp;
  const found = [pressed.join(" "), pressed.slice(-2).join(" "), pressed.slice(-1).join(" ")]
    .map((keys) => registered.findLast((shortcut) => shortcut.keys === keys))
    .find((shortcut) => shortcut !== undefined);
  if (found === undefined) return;
  pressed = [];
  event.preventDefault();
  found.run();
}

export function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}

/** Registered for as long as the component is there; null registers nothing. The last one to come has the keys. */
export function useShortcut(keys: string | null, name: string, run: () => void, group = "This screen"): void {
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    if (keys === null) return;
    const shortcut: Shortcut = { keys, name, group, run: () => latest.current() };
    change([...registered, shortcut]);
    return () => change(registered.filter((other) => other !== shortcut));
  }, [keys, name, group]);
}

/** Several at once, as from a list. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  useEffect(() => {
    change([...registered, ...shortcuts]);
    return () => change(registered.filter((other) => !shortcuts.includes(other)));
  }, [shortcuts]);
}

export function useRegistered(): readonly Shortcut[] {
  return useSyncExternalStore(
    (tell) => {
      told.add(tell);
      return () => told.delete(tell);
    },
    () => registered,
  );
}
