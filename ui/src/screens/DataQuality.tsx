import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Screen } from "@/components/Panel";
import { Inbox } from "@/imports/Inbox";

export function DataQuality(): ReactNode {
  return (
    <Screen
      title="Data quality"
      note="What may be wrong in the books. Nothing of it blocks anything."
      actions={
        <Link to={"/imports" as never} className="text-[13px] text-accent hover:underline">
          Imports
        </Link>
      }
    >
      <Inbox />
    </Screen>
  );
}
