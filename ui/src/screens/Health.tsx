import type { ReactNode } from "react";
import { Screen } from "@/components/Panel";
import { Engine, HealthParts, Version } from "@/operations/HealthParts";
import { Sources } from "@/operations/Sources";

export function Health(): ReactNode {
  return (
    <Screen title="Health" note={<Version />}>
      <div className="grid items-start gap-3 xl:grid-cols-2">
        <HealthParts />
        <Engine />
      </div>
      <Sources />
    </Screen>
  );
}
