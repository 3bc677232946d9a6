import { useRef, useState, type FormEvent, type ReactNode } from "react";
import { newKey } from "@/api/client";
import { asProblem, type Problem } from "@/api/problems";
import { Button } from "@/components/Button";
import { Failed } from "@/components/States";
import { useFailWhenGone } from "@/hooks/here";
import { useZone } from "@/hooks/preferences";
import { EntryFields } from "./EntryFields";
import { bodyOf, emptyEntry, faultsOf, fieldOf, type Body, type Entry, type FieldName } from "./entry";
import { KINDS, type Kind } from "./kinds";
import { fromClock, toClock } from "./moments";

export type Faults = Partial<Record<FieldName | "at", string>>;

/** One transaction by the fields that its kind has. */
export function EntryForm({
  initial,
  at,
  precision = "instant",
  kinds,
  action,
  onSave,
  onCancel,
}: {
  initial: Entry;
  /** When it happened; without it, now. */
  at?: string;
  precision?: "instant" | "day";
  kinds: readonly Kind[];
  action: string;
  onSave: (body: Body, key: string) => Promise<void>;
  onCancel: () => void;
}): ReactNode {
  const zone = useZone();
  const clockBefore = at === undefined ? "" : toClock(at, zone);
  const [entry, setEntry] = useState(initial);
  // Until it is touched it follows the zone: what nobody typed must not be read in another one.
  const [clockTyped, setClock] = useState<string | null>(null);
  const clock = clockTyped ?? clockBefore;
  const [faults, setFaults] = useState<Faults>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const failWhenGone = useFailWhenGone();
  // The same content sent again is the same request; other content is another one.
  const sent = useRef({ text: "", key: "" });

  const change = (changes: Partial<Entry>): void => {
    const kind = changes.kind ?? entry.kind;
    // Another form has other fields: what does not belong to it is not carried along.
    const base = KINDS[kind].form === KINDS[entry.kind].form ? entry : emptyEntry(kind, entry.currency);
    const { coin, quantity, wallet, note } = entry;
    setEntry(
      base === entry ? { ...entry, ...changes } : { ...base, coin, quantity, wallet, note, ...changes },
    );
    setFaults({});
    setProblem(null);
  };

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const found: Faults = faultsOf(entry);
    const moment = clock === "" ? null : clock === clockBefore ? (at ?? null) : fromClock(clock, zone);
    if (clock !== "" && moment === null) found.at = "a date and a time";
    setFaults(found);
    if (Object.keys(found).length > 0) return;
    const body: Body = {
      ...bodyOf(entry),
      ...(moment === null ? {} : { occurred_at: moment }),
      precision: clock === clockBefore ? precision : "instant",
    };
    const text = JSON.stringify(body);
    if (sent.current.text !== text) sent.current = { text, key: newKey() };
    setBusy(true);
    setProblem(null);
    try {
      await onSave(body, sent.current.key);
    } catch (error) {
      failWhenGone(error);
      const said = asProblem(error);
      // What was refused is over; only what was not answered is the same request when it is sent again.
      if (!said.passing) sent.current = { text: "", key: "" };
      const told = faultsTold(entry, said);
      setFaults(told);
      setProblem(said);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form noValidate onSubmit={(event) => void submit(event)} className="flex flex-col gap-3">
      <EntryFields {...{ entry, change, faults, kinds, clock, setClock }} />
      {problem !== null && <Failed error={problem} compact />}
      <div className="flex justify-end gap-2">
        <Button look="quiet" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" look="primary" busy={busy}>
          {action}
        </Button>
      </div>
    </form>
  );
}

function faultsTold(entry: Entry, problem: Problem): Faults {
  const faults: Faults = {};
  for (const { pointer = "", message = "" } of problem.faults) {
    const field = pointer.includes("occurred_at") ? "at" : fieldOf(entry, pointer);
    if (field !== null) faults[field] = message;
  }
  if (problem.code === "in-the-future" || problem.code === "too-long-ago") faults.at = problem.title;
  if (problem.code === "not-enough-held") faults.quantity = "more than is there at that time";
  return faults;
}
