/** Makes an alert, or changes one. What is wrong is said next to the field it is about. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { answer, api, newKey } from "@/api/client";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { ChoiceField, Field } from "@/components/Field";
import { Failed } from "@/components/States";
import { isDecimal } from "@/format/decimal";
import { useFailWhenGone, useWhileHere } from "@/hooks/here";
import { useMe } from "@/hooks/session";
import { useToasts } from "@/hooks/toasts";
import { bodyOf, changeOf, type Draft, draftOf, newDraft } from "./drafts";
import { HowFields } from "./HowFields";
import { SubjectFields } from "./SubjectFields";
import { type Alert, type Comparison, faultAt, type Kind, KINDS, SUBJECTS } from "./subjects";

const COMPARISONS: Readonly<Record<Comparison, string>> = {
  above: "is above",
  below: "is below",
  crosses: "crosses",
  is: "is",
};

export function AlertForm({
  alert,
  start,
  onClose,
}: {
  /** The one that is changed; a new one without it. */
  alert?: Alert;
  start?: Draft;
  onClose: () => void;
}): ReactNode {
  return (
    <Dialog open onClose={onClose} side title={alert === undefined ? "New alert" : "Change the alert"}>
      <Form
        {...(alert === undefined ? {} : { alert })}
        start={alert === undefined ? (start ?? newDraft("price")) : draftOf(alert)}
        onClose={onClose}
      />
    </Dialog>
  );
}

function missingIn(draft: Draft): string | null {
  const { parts } = SUBJECTS[draft.kind];
  return parts.every((part) => draft.parts[part].trim() !== "") ? null : "Say what is to be watched.";
}

function Form({ alert, start, onClose }: { alert?: Alert; start: Draft; onClose: () => void }): ReactNode {
  const [draft, setDraft] = useState(start);
  const [tried, setTried] = useState(false);
  const operator = useMe().role === "operator";
  const client = useQueryClient();
  const toasts = useToasts();
  const change = (changes: Partial<Draft>): void => setDraft((before) => ({ ...before, ...changes }));
  const subject = SUBJECTS[draft.kind];
  const threshold = draft.threshold.trim().replace("\u2212", "-");
  const thresholdFault =
    draft.comparison === "is" || isDecimal(threshold) ? null : "A number, such as 65000 or -2.5.";
  const missing = alert === undefined ? missingIn(draft) : null;
  const close = useWhileHere(onClose);
  const failWhenGone = useFailWhenGone();
  const saving = useMutation({
    mutationFn: () =>
      alert === undefined
        ? answer(
            api.POST("/api/v1/alerts", {
              params: { header: { "idempotency-key": newKey() } },
              body: bodyOf(draft),
            }),
          )
        : answer(
            api.PATCH("/api/v1/alerts/{alert_id}", {
              params: { path: { alert_id: alert.id } },
              body: changeOf(draft),
            }),
          ),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["alerts"] });
      toasts.tell({
        title: alert === undefined ? "The alert is armed" : "The alert is changed",
        tone: "good",
      });
      close();
    },
    onError: failWhenGone,
  });
  const problem = saving.error === null ? null : asProblem(saving.error);
  const faults = problem?.faults ?? [];
  return (
    <form
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (missing === null && thresholdFault === null) saving.mutate();
      }}
    >
      {alert === undefined ? (
        <>
          <ChoiceField
            label="Watch"
            value={draft.kind}
            onChange={(event) =>
              setDraft(newDraft(event.target.value as Kind, sameOf(draft, event.target.value)))
            }
            choices={KINDS.filter((kind) => operator || !SUBJECTS[kind].operatorOnly).map((value) => ({
              value,
              label: SUBJECTS[value].name,
            }))}
          />
          <SubjectFields
            draft={draft}
            change={(parts) => change({ parts })}
            fault={faultAt(faults, "#/subject") ?? (tried ? missing : null)}
          />
        </>
      ) : (
        <p className="text-[13px]">
          {subject.name}: <strong>{alert.subject.of}</strong>
        </p>
      )}
      <p className="-mt-2 text-[12px] text-ink-3">{subject.hint}</p>
      <Condition
        draft={draft}
        change={change}
        fault={faultAt(faults, "#/threshold") ?? (tried ? thresholdFault : null)}
        comparisonFault={faultAt(faults, "#/comparison")}
      />
      <HowFields draft={draft} change={change} faults={faults} />
      {problem !== null && <Failed error={problem} compact />}
      <div className="sticky -bottom-4 -mx-4 -mb-4 flex justify-end gap-2 border-t border-line bg-panel px-4 py-3">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={saving.isPending}>
          {alert === undefined ? "Make the alert" : "Save"}
        </Button>
      </div>
    </form>
  );
}

/** Who changes their mind about the kind keeps the pair they wrote. */
function sameOf(draft: Draft, kind: string): string {
  const next = SUBJECTS[kind as Kind];
  return next.parts.includes("pair") ? draft.parts.pair : "";
}

function Condition({
  draft,
  change,
  fault,
  comparisonFault,
}: {
  draft: Draft;
  change: (changes: Partial<Draft>) => void;
  fault: string | null;
  comparisonFault: string | null;
}): ReactNode {
  const subject = SUBJECTS[draft.kind];
  return (
    <div className="grid grid-cols-2 gap-3">
      <ChoiceField
        label="Tell me when it"
        value={draft.comparison}
        fault={comparisonFault}
        onChange={(event) => {
          const comparison = event.target.value as Comparison;
          const word = comparison === "is" ? (subject.words?.[0] ?? "") : "";
          const same = (comparison === "is") === (draft.comparison === "is");
          change(same ? { comparison } : { comparison, threshold: word });
        }}
        choices={subject.comparisons.map((value) => ({ value, label: COMPARISONS[value] }))}
      />
      {draft.comparison === "is" ? (
        <ChoiceField
          label="Word"
          value={draft.threshold}
          fault={fault}
          onChange={(event) => change({ threshold: event.target.value })}
          choices={(subject.words ?? []).map((value) => ({ value, label: value }))}
        />
      ) : (
        <Field
          label="Threshold"
          inputMode="text"
          className="text-right tabular-nums"
          value={draft.threshold}
          required
          fault={fault}
          {...(subject.percent ? { unit: "%" } : {})}
          onChange={(event) => change({ threshold: event.target.value })}
        />
      )}
    </div>
  );
}
