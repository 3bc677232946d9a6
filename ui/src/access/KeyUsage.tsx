import { useState, type ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { ChoiceField, type Choice } from "@/components/Field";
import { Figure } from "@/components/Panel";
import { Answered, Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time } from "@/components/Time";
import { useUsage, type Key, type UsageWindow } from "./keys";

type Use = Schemas["UseView"];

const WINDOWS: readonly Choice[] = [
  { value: "24h", label: "24 hours" },
  { value: "7d", label: "7 days" },
  { value: "30d", label: "30 days" },
  { value: "90d", label: "90 days" },
];

export function KeyUsage({ of }: { of: Key }): ReactNode {
  const [window, setWindow] = useState<UsageWindow>("7d");
  const usage = useUsage(of.id, window);
  const byHour = window === "24h";
  return (
    <div className="flex flex-col gap-3">
      <div className="max-w-40">
        <ChoiceField
          label="The last"
          choices={WINDOWS}
          value={window}
          onChange={(event) => setWindow(event.target.value as UsageWindow)}
        />
      </div>
      <Answered query={usage} rows={5}>
        {(used) => (
          <>
            <div className="panel grid grid-cols-2 sm:grid-cols-4">
              <Figure label="Requests" value={used.requests} />
              <Figure label="Over the limit" value={used.limited} note="answered 429" />
              <Figure label="Refused" value={used.forbidden} note="answered 403" />
              <Figure
                label="Last used"
                value={
                  <span className="text-[13px]">
                    {used.last_used_at ? <Time at={used.last_used_at} /> : "never"}
                  </span>
                }
                {...(used.last_address === null ? {} : { note: `from ${used.last_address}` })}
              />
            </div>
            {used.requests === 0 ? (
              <Empty title="Not used in this time" />
            ) : (
              <>
                <Bars uses={byHour ? used.hours : used.days} unit={byHour ? "hour" : "day"} />
                <Table
                  label={byHour ? "Use by the hour" : "Use by the day"}
                  columns={columnsOf(byHour)}
                  rows={[...(byHour ? used.hours : used.days)].reverse()}
                  keyOf={(use) => use.at}
                />
              </>
            )}
            <p className="text-[12px] text-ink-3">
              {byHour ? "Hours" : "Days"} of UTC in which it was used; the counts are up to a minute behind.
            </p>
          </>
        )}
      </Answered>
    </div>
  );
}

/** Days and hours of UTC are named in UTC: in another zone a day would be called by the wrong date. */
function columnsOf(byHour: boolean): readonly Column<Use>[] {
  return [
    {
      id: "at",
      header: byHour ? "Hour (UTC)" : "Day (UTC)",
      cell: (use) => use.at.slice(0, byHour ? 16 : 10).replace("T", " "),
    },
    { id: "requests", header: "Requests", num: true, cell: (use) => use.requests },
    { id: "limited", header: "429", num: true, cell: (use) => use.limited },
    { id: "forbidden", header: "403", num: true, cell: (use) => use.forbidden },
  ];
}

function Bars({ uses, unit }: { uses: readonly Use[]; unit: string }): ReactNode {
  const most = Math.max(1, ...uses.map((use) => use.requests));
  return (
    <div
      role="img"
      aria-label={`Requests by the ${unit}, at most ${most}; the table below has the figures`}
      className="flex h-20 items-end gap-px border-b border-line"
    >
      {uses.map((use) => (
        <div
          key={use.at}
          title={`${use.at.slice(0, 16).replace("T", " ")} UTC: ${use.requests}`}
          className="max-w-6 min-w-0.5 flex-1 rounded-t-xs bg-accent"
          style={{ height: `${Math.max(2, (use.requests / most) * 100)}%` }}
        />
      ))}
    </div>
  );
}
