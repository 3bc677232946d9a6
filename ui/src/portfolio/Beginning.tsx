import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Button } from "@/components/Button";
import { Panel } from "@/components/Panel";
import { Empty, Loading } from "@/components/States";
import { useValues, type Summary } from "./queries";

/** Before the first transaction there is one thing to say, and not a screen of zeros. */
export function Beginning({ summary, children }: { summary: Summary; children: ReactNode }): ReactNode {
  const holdsNothing = summary.holdings.length === 0 && summary.unvalued.length === 0;
  return holdsNothing ? <Past>{children}</Past> : children;
}

/** Who has sold everything still has a past. */
function Past({ children }: { children: ReactNode }): ReactNode {
  const values = useValues("all");
  if (values.data === undefined && values.error === null) return <Loading />;
  if (values.data === undefined || values.data.lines.length > 0) return children;
  return (
    <Panel title="Portfolio">
      <Empty
        title="You hold nothing yet"
        action={
          <span className="flex flex-wrap justify-center gap-2">
            <Link to={"/transactions" as never} search={{ add: "buy" } as never}>
              <Button look="primary" tabIndex={-1}>
                Record a purchase
              </Button>
            </Link>
            <Link to={"/imports" as never}>
              <Button tabIndex={-1}>Import a file</Button>
            </Link>
          </span>
        }
      >
        Value, profit and allocation are made from your transactions: record one, or bring the file that your
        exchange or wallet gives you.
      </Empty>
    </Panel>
  );
}
