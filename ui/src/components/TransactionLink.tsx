/** Where a transaction of the ledger can be seen with all of its legs. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

export function TransactionLink({ id, children }: { id: string; children?: ReactNode }): ReactNode {
  return (
    <Link
      to={"/transactions" as never}
      search={{ tx: id } as never}
      title={`Transaction ${id}`}
      className="whitespace-nowrap text-accent underline decoration-dotted underline-offset-4"
    >
      {children ?? `…${id.slice(-6)}`}
    </Link>
  );
}
