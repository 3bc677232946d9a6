import type { ReactNode } from "react";
import { Screen } from "@/components/Panel";
import { Tabs } from "@/components/Tabs";
import { ExposureTable } from "@/operations/ExposureTable";
import { Liquidations } from "@/operations/Liquidations";
import { Positions } from "@/operations/Positions";

export function Exposure(): ReactNode {
  return (
    <Screen title="Exposure" note="What people have open at the marks of the paper exchange">
      <div className="grid items-start gap-3 2xl:grid-cols-2">
        <ExposureTable by="symbol" />
        <ExposureTable by="user" />
      </div>
      <Tabs
        name="tab"
        label="Positions and liquidations"
        tabs={[
          {
            id: "positions",
            label: "Positions",
            content: (
              <div className="pt-3">
                <Positions />
              </div>
            ),
          },
          {
            id: "liquidations",
            label: "Liquidations",
            content: (
              <div className="pt-3">
                <Liquidations />
              </div>
            ),
          },
        ]}
      />
    </Screen>
  );
}
