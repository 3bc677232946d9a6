import type { ReactNode } from "react";
import { Screen } from "@/components/Panel";
import { PeopleTable } from "@/operations/PeopleTable";

export function People(): ReactNode {
  return (
    <Screen title="People" note="Known by their ids: names and addresses are theirs">
      <PeopleTable />
    </Screen>
  );
}
