/** What makes the figures beside it unreliable, said once. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

const LINK = "underline decoration-dotted underline-offset-4";

export function Missing({
  shortfalls,
  unvalued,
  simulated,
}: {
  shortfalls: number;
  unvalued: number;
  simulated: boolean;
}): ReactNode {
  if (shortfalls === 0 && unvalued === 0 && !simulated) return null;
  return (
    <p role="note" className="flex flex-wrap gap-x-3 bg-warn-soft px-3 py-2 text-[12px] text-warn">
      {shortfalls + unvalued > 0 && <span>Not to be relied on while something before is missing:</span>}
      {shortfalls > 0 && (
        <Link to={"/data-quality" as never} search={{ kind: "missing-history" } as never} className={LINK}>
          {shortfalls} without a known purchase
        </Link>
      )}
      {unvalued > 0 && (
        <Link to={"/data-quality" as never} search={{ kind: "missing-price" } as never} className={LINK}>
          {unvalued} without a known worth
        </Link>
      )}
      {simulated && <span>Some prices are invented (simulated market).</span>}
    </p>
  );
}
