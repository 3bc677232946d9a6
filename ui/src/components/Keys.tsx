import type { ReactNode } from "react";

const MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);
const SHOWN: Readonly<Record<string, string>> = {
  mod: MAC ? "⌘" : "Ctrl",
  shift: "Shift",
  enter: "Enter",
  escape: "Esc",
  arrowup: "↑",
  arrowdown: "↓",
  arrowleft: "←",
  arrowright: "→",
};

/** How a shortcut is pressed: `g m` is one key after the other, `mod+k` both at once. */
export function Keys({ keys }: { keys: string }): ReactNode {
  return (
    <span className="inline-flex items-center gap-1 whitespace-nowrap">
      {keys.split(" ").map((press, at) => (
        <span key={at} className="inline-flex items-center gap-1">
          {at > 0 && <span className="text-[11px] text-ink-3">then</span>}
          <kbd className="min-w-5 rounded border border-line bg-raised px-1.5 text-center font-sans text-[11.5px] text-ink-2">
            {press
              .split("+")
              .map((key) => SHOWN[key] ?? key.toUpperCase())
              .join(" ")}
          </kbd>
        </span>
      ))}
    </span>
  );
}
