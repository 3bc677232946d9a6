import type { ReactNode } from "react";
import { ChoiceField } from "@/components/Field";
import { Screen } from "@/components/Panel";
import { Tabs } from "@/components/Tabs";
import { useUrlState } from "@/hooks/url-state";
import { BrokerForms } from "@/tax/BrokerForms";
import { Choice, useChosen } from "@/tax/Choice";
import { Completeness } from "@/tax/Completeness";
import { Elections } from "@/tax/Elections";
import { Harvest } from "@/tax/Harvest";
import { Unrealised } from "@/tax/Holdings";
import { useElections } from "@/tax/queries";
import { RunList } from "@/tax/RunList";
import { SingleTransactions } from "@/tax/SingleTransactions";
import { StartRun } from "@/tax/StartRun";
import { WhatIf } from "@/tax/WhatIf";
import { WAYS, type Way } from "@/tax/words";

export function Tax(): ReactNode {
  const chosen = useChosen();
  const { jurisdiction, year } = chosen;
  const [method, setMethod] = useUrlState("method");
  const { data: elections } = useElections(jurisdiction);
  const ways = elections?.may_choose ?? [];
  const way: Way | null = ways.find((each) => each === method) ?? null;
  const look = (content: ReactNode): ReactNode => (
    <div className="flex flex-col gap-3 pt-3">
      <div className="w-64 max-w-full">
        <ChoiceField
          label="Looked at by"
          value={way ?? ""}
          onChange={(event) => setMethod(event.target.value)}
          choices={[
            { value: "", label: "the method that holds" },
            ...ways.map((each) => ({ value: each, label: WAYS[each] })),
          ]}
        />
      </div>
      {content}
    </div>
  );
  const report = (
    <div className="flex flex-col gap-3 pt-3">
      <div className="grid items-start gap-3 lg:grid-cols-2">
        <StartRun key={`${jurisdiction} ${year}`} jurisdiction={jurisdiction} year={year} />
        <Completeness jurisdiction={jurisdiction} year={year} />
      </div>
      <RunList />
    </div>
  );
  const forms = {
    id: "forms",
    label: "1099-DA",
    content: (
      <div className="pt-3">
        <BrokerForms year={year} />
      </div>
    ),
  };
  return (
    <Screen title="Tax" actions={<Choice chosen={chosen} />}>
      <Tabs
        name="tab"
        label="Parts of tax"
        tabs={[
          { id: "reports", label: "Reports", content: report },
          {
            id: "unrealised",
            label: "Unrealised",
            content: look(<Unrealised jurisdiction={jurisdiction} method={way} />),
          },
          {
            id: "what-if",
            label: "What if",
            content: look(<WhatIf jurisdiction={jurisdiction} method={way} />),
          },
          {
            id: "harvest",
            label: "Harvest",
            content: look(<Harvest jurisdiction={jurisdiction} method={way} />),
          },
          {
            id: "elections",
            label: "Elections",
            content: (
              <div className="pt-3">
                <Elections jurisdiction={jurisdiction} />
              </div>
            ),
          },
          {
            id: "single",
            label: "Single transactions",
            content: (
              <div className="pt-3">
                <SingleTransactions jurisdiction={jurisdiction} />
              </div>
            ),
          },
          ...(jurisdiction === "us" ? [forms] : []),
        ]}
      />
    </Screen>
  );
}
