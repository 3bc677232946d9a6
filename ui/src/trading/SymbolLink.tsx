import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

/** Changes the market of the screen; everything else in the address stays. */
export function SymbolLink({ symbol }: { symbol: string | null }): ReactNode {
  if (symbol === null) return <span className="text-ink-2">whole account</span>;
  return (
    <Link
      to={"/trade/$symbol" as never}
      params={{ symbol } as never}
      search={((before: object) => before) as never}
      className="font-medium whitespace-nowrap hover:underline"
    >
      {symbol}
    </Link>
  );
}
