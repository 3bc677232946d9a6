import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { CheckField, ChoiceField, Field, type Choice } from "@/components/Field";
import { Panel } from "@/components/Panel";
import { Answered, Failed } from "@/components/States";
import { formatMoney } from "@/format/amounts";
import { formatMinute, nameOfZone } from "@/format/times";
import { DEFAULTS } from "@/hooks/preferences";
import { useToasts } from "@/hooks/toasts";
import { CURRENCIES, LOCALES, THEMES, withChosen, ZONES } from "./choices";
import { faultOf } from "./session";

type Kept = Schemas["PreferencesView"];

export function PreferencesPanel(): ReactNode {
  const query = useQuery({
    queryKey: ["preferences"],
    queryFn: () => answer(api.GET("/api/v1/me/preferences")),
    staleTime: 60_000,
  });
  return (
    <Panel title="Preferences" note="Kept with your account; the same on every device">
      <Answered query={query} rows={6}>
        {(kept) => <Form kept={kept} />}
      </Answered>
    </Panel>
  );
}

const QUIET: Schemas["QuietView"] = { start: "22:00", end: "07:00", rule: "hold" };

/** Somebody who never set any sees what the page goes by now, which is the zone of this browser. */
function startOf(kept: Kept): Kept {
  return kept.changed_at === null ? { ...kept, ...DEFAULTS, theme: kept.theme } : kept;
}

function Form({ kept }: { kept: Kept }): ReactNode {
  const client = useQueryClient();
  const toasts = useToasts();
  // What is being changed keeps the version it was read with, so a change made elsewhere meanwhile is noticed.
  const [draft, setDraft] = useState<Kept | null>(null);
  const wanted = draft ?? startOf(kept);
  const set = (changes: Partial<Kept>): void => setDraft({ ...wanted, ...changes });
  const save = useMutation({
    mutationFn: ({ sent, version }: { sent: Kept; version: number }) => {
      const { currency, time_zone, locale, theme, privacy, quiet_hours } = sent;
      const body = { currency, time_zone, locale, theme, privacy, quiet_hours, version };
      return answer(api.PUT("/api/v1/me/preferences", { body }));
    },
    onSuccess: (now, { sent }) => {
      // An answer that is still on its way is from before.
      void client.cancelQueries({ queryKey: ["preferences"] });
      client.setQueryData(["preferences"], now);
      // What was chosen since it was sent is still to be saved.
      setDraft((latest) => (latest === null || latest === sent ? null : { ...latest, version: now.version }));
      toasts.tell({ title: "Preferences saved", tone: "good" });
    },
  });
  const problem = save.error === null ? null : asProblem(save.error);
  const conflict = problem?.code === "preferences-changed";
  const quiet = wanted.quiet_hours;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate({ sent: wanted, version: wanted.version });
  };
  const reset = (): void => {
    setDraft(null);
    save.reset();
  };
  const readAgain = async (): Promise<void> => {
    await client.invalidateQueries({ queryKey: ["preferences"] });
    reset();
  };
  const saveAllTheSame = async (): Promise<void> => {
    const now = await answer(api.GET("/api/v1/me/preferences"));
    save.mutate({ sent: wanted, version: now.version });
  };
  return (
    <form onSubmit={submit} className="flex max-w-3xl flex-col gap-4 p-3 md:p-4">
      <div className="grid gap-3 sm:grid-cols-2">
        <ChoiceField
          label="Currency of totals"
          choices={withChosen(CURRENCIES, wanted.currency)}
          value={wanted.currency}
          fault={faultOf(problem, "currency")}
          onChange={(event) => set({ currency: event.target.value })}
        />
        <Field
          label="Time zone"
          list="zones-known"
          value={wanted.time_zone}
          fault={faultOf(problem, "time_zone")}
          hint={zoneNote(wanted)}
          onChange={(event) => set({ time_zone: event.target.value })}
        />
        <datalist id="zones-known">
          {ZONES.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <ChoiceField
          label="Numbers as in"
          choices={withChosen(LOCALES, wanted.locale)}
          value={wanted.locale}
          fault={faultOf(problem, "locale")}
          hint={`1234567.89 is shown as ${formatMoney("1234567.89", wanted.currency, wanted.locale)}`}
          onChange={(event) => set({ locale: event.target.value })}
        />
        <ChoiceField
          label="Theme"
          choices={THEMES}
          value={wanted.theme}
          onChange={(event) => set({ theme: event.target.value as Kept["theme"] })}
        />
      </div>
      <CheckField
        label="Hide amounts of my own (privacy mode)"
        checked={wanted.privacy}
        onChange={(event) => set({ privacy: event.target.checked })}
      />
      <fieldset className="flex flex-col gap-3 rounded border border-line p-3">
        <legend className="px-1 text-[12px] text-ink-2">Quiet hours</legend>
        <CheckField
          label="Do not tell alerts in certain hours of the night or day"
          checked={quiet !== null}
          onChange={(event) => set({ quiet_hours: event.target.checked ? QUIET : null })}
        />
        {quiet !== null && <QuietFields quiet={quiet} onChange={(quiet_hours) => set({ quiet_hours })} />}
      </fieldset>
      {conflict ? (
        <div
          role="alert"
          className="flex flex-wrap items-center gap-2 rounded border border-warn bg-warn-soft p-2 text-[13px]"
        >
          <span className="basis-full sm:basis-auto">
            They were changed elsewhere since this page read them. Nothing was saved.
          </span>
          <Button small onClick={() => void readAgain()}>
            Read them again
          </Button>
          <Button small onClick={() => void saveAllTheSame().catch(toasts.fail)}>
            Save mine all the same
          </Button>
        </div>
      ) : (
        problem !== null && problem.faults.length === 0 && <Failed error={problem} compact />
      )}
      <div className="flex gap-2">
        <Button type="submit" look="primary" busy={save.isPending}>
          Save
        </Button>
        <Button disabled={save.isPending || draft === null} onClick={reset}>
          Reset
        </Button>
      </div>
    </form>
  );
}

function QuietFields({
  quiet,
  onChange,
}: {
  quiet: Schemas["QuietView"];
  onChange: (quiet: Schemas["QuietView"]) => void;
}): ReactNode {
  return (
    <div className="grid gap-3 sm:grid-cols-3">
      <Field
        label="From"
        type="time"
        required
        value={quiet.start}
        onChange={(event) => onChange({ ...quiet, start: event.target.value })}
      />
      <Field
        label="Until"
        type="time"
        required
        value={quiet.end}
        fault={quiet.start === quiet.end ? "They end at another time than they start" : undefined}
        onChange={(event) => onChange({ ...quiet, end: event.target.value })}
      />
      <ChoiceField
        label="What comes in them"
        choices={RULES}
        value={quiet.rule}
        onChange={(event) => onChange({ ...quiet, rule: event.target.value as typeof quiet.rule })}
      />
    </div>
  );
}

const RULES: readonly Choice[] = [
  { value: "hold", label: "is told at their end" },
  { value: "drop", label: "is only listed" },
];

function zoneNote({ time_zone: name, locale }: Kept): string {
  try {
    const zone = { name, locale };
    return `It is ${formatMinute(Date.now(), zone)} there (${nameOfZone(zone)})`;
  } catch {
    return "As Europe/Vienna is: pick one of the list";
  }
}
