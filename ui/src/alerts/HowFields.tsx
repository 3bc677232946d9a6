/** How often an alert is told, when, and where to. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { answer, api } from "@/api/client";
import type { Fault } from "@/api/problems";
import { AmountField, CheckField, ChoiceField, Field } from "@/components/Field";
import type { Draft } from "./drafts";
import { faultAt, SUBJECTS } from "./subjects";

const COOLDOWNS: readonly (readonly [string, string])[] = [
  ["0", "no pause"],
  ["60", "1 minute"],
  ["300", "5 minutes"],
  ["900", "15 minutes"],
  ["3600", "1 hour"],
  ["14400", "4 hours"],
  ["86400", "1 day"],
];

export function HowFields({
  draft,
  change,
  faults,
}: {
  draft: Draft;
  change: (changes: Partial<Draft>) => void;
  faults: readonly Fault[];
}): ReactNode {
  const known = COOLDOWNS.some(([value]) => value === draft.cooldown);
  const cooldowns = known
    ? COOLDOWNS
    : [[draft.cooldown, `${draft.cooldown} seconds`] as const, ...COOLDOWNS];
  return (
    <>
      <div className="grid grid-cols-2 items-start gap-3">
        <ChoiceField
          label="How often"
          value={draft.repeat}
          onChange={(event) => change({ repeat: event.target.value as Draft["repeat"] })}
          choices={[
            { value: "always", label: "every time" },
            { value: "once", label: "once, then done" },
          ]}
        />
        <ChoiceField
          label="Pause after an event"
          value={draft.cooldown}
          fault={faultAt(faults, "#/cooldown_s")}
          onChange={(event) => change({ cooldown: event.target.value })}
          choices={cooldowns.map(([value, label]) => ({ value, label }))}
        />
        {draft.comparison !== "is" && (
          <AmountField
            label="Hysteresis"
            value={draft.hysteresis}
            fault={faultAt(faults, "#/hysteresis")}
            hint="So far it has to go back before it is told again"
            {...(SUBJECTS[draft.kind].percent ? { unit: "%" } : {})}
            onChange={(event) => change({ hysteresis: event.target.value })}
          />
        )}
        <ChoiceField
          label="In my quiet hours"
          value={draft.quiet}
          hint="They are set in your account"
          onChange={(event) => change({ quiet: event.target.value as Draft["quiet"] })}
          choices={[
            { value: "respect", label: "as my preferences say" },
            { value: "ignore", label: "tell me all the same" },
          ]}
        />
      </div>
      <Where draft={draft} change={change} />
      <Field
        label="Note to myself"
        value={draft.note}
        maxLength={500}
        onChange={(event) => change({ note: event.target.value })}
      />
    </>
  );
}

function Where({ draft, change }: { draft: Draft; change: (changes: Partial<Draft>) => void }): ReactNode {
  const { data } = useQuery({
    queryKey: ["alerts", "channels", "all"],
    queryFn: () => answer(api.GET("/api/v1/alert-channels", { params: { query: { limit: 100 } } })),
  });
  const channels = data?.data ?? [];
  return (
    <fieldset className="flex flex-col gap-1">
      <legend className="mb-1 text-[12px] text-ink-2">Told in the page, and through</legend>
      {channels.length === 0 ? (
        <p className="text-[12px] text-ink-3">You have no channels; they are made under the tab Channels.</p>
      ) : (
        <>
          {channels.map((channel) => (
            <CheckField
              key={channel.id}
              label={`${channel.name} (${channel.kind}${channel.state === "on" ? "" : `, ${channel.state}`})`}
              checked={draft.channels.includes(channel.id)}
              onChange={(event) =>
                change({
                  channels: event.target.checked
                    ? [...draft.channels, channel.id]
                    : draft.channels.filter((id) => id !== channel.id),
                })
              }
            />
          ))}
          <p className="text-[12px] text-ink-3">None chosen: all that are on.</p>
        </>
      )}
    </fieldset>
  );
}
