import type { ReactNode } from "react";
import { Screen } from "@/components/Panel";
import { RecentJobs } from "@/operations/RecentJobs";

export function Jobs(): ReactNode {
  return (
    <Screen title="Jobs" note="What goes on in the background, and how it ended">
      <RecentJobs />
    </Screen>
  );
}
