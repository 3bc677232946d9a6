/** Adds a transaction (`?add=buy`), or puts one in place of another (`?correct=<id>`). */
import { useMemo, useState, type ReactNode } from "react";
import { asProblem } from "@/api/problems";
import { Dialog } from "@/components/Dialog";
import { Answered, Failed } from "@/components/States";
import { useWhileHere } from "@/hooks/here";
import { usePreferences } from "@/hooks/preferences";
import { useToasts } from "@/hooks/toasts";
import { useSetSearch, useUrlState } from "@/hooks/url-state";
import { bodyAgain, canBeRecordedAgain, emptyEntry, entryOf, type Body, type Transaction } from "./entry";
import { EntryForm } from "./EntryForm";
import { FORMS, KINDS, type Kind } from "./kinds";
import { LegsForm } from "./LegsForm";
import { record, replace, takeOut, useBooksChanged, useTransaction } from "./queries";

export function EntryDialog(): ReactNode {
  const [add] = useUrlState("add");
  const [correct] = useUrlState("correct");
  const set = useSetSearch();
  const close = (): void => set({ add: undefined, correct: undefined });
  const open = add !== "" || correct !== "";
  return (
    <Dialog
      open={open}
      onClose={close}
      title={correct === "" ? "Add a transaction" : "Correct a transaction"}
      wide
    >
      {correct !== "" ? (
        <Correction key={correct} id={correct} onDone={close} />
      ) : (
        <Addition form={add} onDone={close} />
      )}
    </Dialog>
  );
}

function Addition({ form, onDone }: { form: string; onDone: () => void }): ReactNode {
  const set = useSetSearch();
  const chosen = FORMS.find((each) => each.form === form) ?? FORMS[0];
  return (
    <div className="flex flex-col gap-4">
      <div role="group" aria-label="What happened" className="flex flex-wrap gap-1">
        {FORMS.map((each) => (
          <button
            key={each.form}
            type="button"
            aria-pressed={each === chosen}
            onClick={() => set({ add: each.form })}
            className="rounded border border-line px-2.5 py-1 text-[13px] text-ink-2 hover:text-ink aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-accent"
          >
            {each.name}
          </button>
        ))}
      </div>
      <NewEntry key={chosen?.form ?? ""} kinds={chosen?.kinds ?? ["buy"]} onDone={onDone} />
    </div>
  );
}

function NewEntry({ kinds, onDone }: { kinds: readonly Kind[]; onDone: () => void }): ReactNode {
  const { currency } = usePreferences().preferences;
  const toasts = useToasts();
  const changed = useBooksChanged();
  const close = useWhileHere(onDone);
  const [coin] = useUrlState("coin");
  const save = async (body: Body, key: string): Promise<void> => {
    const made = await record(body, key);
    close();
    toasts.tell({
      tone: "good",
      title: `${KINDS[made.kind].name} recorded`,
      action: {
        label: "Undo",
        run: () => void takeOut(made.id, "undone").then(changed).catch(toasts.fail),
      },
    });
    await changed();
  };
  return (
    <EntryForm
      initial={{ ...emptyEntry(kinds[0] ?? "buy", currency), coin }}
      kinds={kinds}
      action="Record"
      onSave={save}
      onCancel={onDone}
    />
  );
}

function Correction({ id, onDone }: { id: string; onDone: () => void }): ReactNode {
  const query = useTransaction(id);
  return (
    <Answered query={query} rows={5}>
      {(old) => <CorrectionOf old={old} onDone={onDone} />}
    </Answered>
  );
}

function CorrectionOf({ old, onDone }: { old: Transaction; onDone: () => void }): ReactNode {
  const toasts = useToasts();
  const changed = useBooksChanged();
  const close = useWhileHere(onDone);
  const entry = useMemo(() => entryOf(old), [old]);
  /** From then on it is this correction that takes it out of force, which nobody has to be told. */
  const [sent, setSent] = useState(false);
  const save = async (body: Body, key: string): Promise<void> => {
    setSent(true);
    const made = await replace(old, body, key).catch((refused: unknown) => {
      // Without an answer it may have been this one all the same.
      if (!asProblem(refused).passing) setSent(false);
      throw refused;
    });
    close();
    toasts.tell({
      tone: "good",
      title: "Corrected",
      detail: "The old one is voided and stays readable.",
      ...(canBeRecordedAgain(old)
        ? {
            action: {
              label: "Undo",
              run: () => void replace(made, bodyAgain(old)).then(changed).catch(toasts.fail),
            },
          }
        : {}),
    });
    await changed();
  };
  if (!sent && (old.voided_by !== null || old.kind === "void")) {
    return (
      <Failed error={new Error("This transaction is not in force any more: there is nothing to correct.")} />
    );
  }
  return (
    <div className="flex flex-col gap-3">
      <p className="text-[13px] text-ink-2">
        Nothing is overwritten: this one is voided, and what you enter here is recorded in its place.
      </p>
      {entry === null ? (
        <LegsForm initial={bodyAgain(old)} action="Correct" onSave={save} onCancel={onDone} />
      ) : (
        <EntryForm
          initial={entry}
          at={old.occurred_at}
          precision={old.precision}
          kinds={FORMS.find(({ kinds }) => kinds.includes(old.kind))?.kinds ?? [old.kind]}
          action="Correct"
          onSave={save}
          onCancel={onDone}
        />
      )}
    </div>
  );
}
