import type { ReactNode } from "react";
import { Screen } from "@/components/Panel";
import { CaseQueue } from "@/operations/CaseQueue";

export function Cases(): ReactNode {
  return (
    <Screen title="Cases" note="What the compliance rules found">
      <CaseQueue />
    </Screen>
  );
}
