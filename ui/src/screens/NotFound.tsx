import { Link, useRouterState } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Screen } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Keys } from "@/components/Keys";

export function NotFound(): ReactNode {
  const path = useRouterState({ select: (state) => state.location.pathname });
  return (
    <Screen title="Not found">
      <section className="panel">
        <Empty
          title="There is nothing at this address"
          action={
            <Link to={"/markets" as never} className="text-[13px] text-accent hover:underline">
              Go to Markets
            </Link>
          }
        >
          <p className="break-all">{path}</p>
          <p className="mt-2 inline-flex items-center gap-1.5">
            Press <Keys keys="/" /> to search.
          </p>
        </Empty>
      </section>
    </Screen>
  );
}
