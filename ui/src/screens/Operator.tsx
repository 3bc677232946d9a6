import type { ReactNode } from "react";
import { Screen } from "@/components/Panel";
import { Approvals } from "@/operations/Approvals";
import { Kpis, WindowChoice } from "@/operations/Kpis";
import { OverviewPanels } from "@/operations/Overview";
import { Sources } from "@/operations/Sources";

export function Operator(): ReactNode {
  return (
    <Screen title="Operator" note="The desk now, and its KPIs over a window" actions={<WindowChoice />}>
      <OverviewPanels />
      <Kpis />
      <Sources />
      <Approvals />
    </Screen>
  );
}
