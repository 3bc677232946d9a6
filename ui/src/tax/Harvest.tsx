/** Losses that a sale would realise, and gains that are soon taxed less. */
import type { ReactNode } from "react";
import { ChoiceField } from "@/components/Field";
import { Download } from "@/components/Download";
import { Panel } from "@/components/Panel";
import { Answered, Empty } from "@/components/States";
import { useUrlState } from "@/hooks/url-state";
import { HeldTable } from "./Holdings";
import { Missing } from "./Missing";
import { useHarvest } from "./queries";
import type { Way } from "./words";

const DAYS = ["30", "60", "90", "180", "366"];

export function Harvest({ jurisdiction, method }: { jurisdiction: string; method: Way | null }): ReactNode {
  const [days, setDays] = useUrlState("within", "60");
  const within = DAYS.includes(days) ? days : "60";
  const query = useHarvest(jurisdiction, method, Number(within));
  return (
    <div className="flex flex-col gap-3">
      <Panel
        title="Losses to harvest"
        note="What would count as a loss if sold now, the largest first"
        actions={<Download path="api/v1/tax/harvest" query={{ jurisdiction, method, within_days: within }} />}
      >
        <Answered query={query}>
          {(found) => (
            <>
              <Missing {...found} />
              {found.losses.length === 0 ? (
                <Empty title="Nothing is below its cost" />
              ) : (
                <HeldTable label="Losses" rows={found.losses} currency={found.currency} />
              )}
            </>
          )}
        </Answered>
      </Panel>
      <Panel
        title="Soon taxed less"
        note="Gains that become long-term; a sale before that costs more"
        actions={
          <ChoiceField
            label="Within"
            hideLabel
            value={within}
            onChange={(event) => setDays(event.target.value)}
            choices={DAYS.map((value) => ({ value, label: `within ${value} days` }))}
          />
        }
      >
        <Answered
          query={query}
          empty={{
            when: ({ soon }) => soon.length === 0,
            show: <Empty title={`Nothing becomes long-term within ${within} days`} />,
          }}
        >
          {({ soon, currency }) => <HeldTable label="Soon long-term" rows={soon} currency={currency} />}
        </Answered>
      </Panel>
    </div>
  );
}
