import type { ReactNode } from "react";

const TONES = { plain: "bg-accent", warn: "bg-warn", bad: "bg-danger" } as const;

/** A share as a length; the figure stands beside it, so that nobody needs the picture. */
export function Bar({ share, tone = "plain" }: { share: number; tone?: keyof typeof TONES }): ReactNode {
  const width = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * 100;
  return (
    <span aria-hidden className="block h-2 w-full min-w-8 overflow-hidden rounded-sm bg-raised">
      <span className={`block h-full ${TONES[tone]}`} style={{ width: `${width}%` }} />
    </span>
  );
}

/** Near to a bound from 80 % on, over it from 100 %. */
export function toneOfUse(share: number): keyof typeof TONES {
  return share >= 1 ? "bad" : share >= 0.8 ? "warn" : "plain";
}
