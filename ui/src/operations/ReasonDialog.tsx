/** Everything an operator does has a reason, and may have to wait for another operator. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { asProblem, type Problem } from "@/api/problems";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Field } from "@/components/Field";
import { Failed } from "@/components/States";
import { Time } from "@/components/Time";
import { useFailWhenGone, useWhileHere } from "@/hooks/here";
import { useToasts } from "@/hooks/toasts";

export interface Act {
  readonly title: string;
  readonly description: ReactNode;
  readonly button: string;
  readonly danger?: boolean;
  readonly done: string;
  /** Sends it; the reason is never empty. */
  run(reason: string): Promise<unknown>;
  /** Left out of the dialog: what else has to be chosen. */
  readonly fields?: ReactNode;
  readonly disabled?: boolean;
}

/** What a refusal of these routes means for the one who reads it. */
function explain(problem: Problem): string | null {
  switch (problem.code) {
    case "case-not-in-state":
      return "Somebody else, or the rule itself, was quicker: the case is in another state now. Close this and look at its history.";
    case "case-changed":
      return "The case has changed since you opened it. Close this, look at what happened, then decide again.";
    case "own-approval":
      return "You asked for it yourself; another operator has to decide.";
    case "approval-refused":
      return "Another operator refused this request. Talk to them, or ask for something else.";
    case "no-connection":
      return "It may have been done all the same. Pressing again within two minutes is safe: the same is not done twice.";
    case "audit-not-written":
      return "Press again to have it written: nothing is done a second time.";
    default:
      return null;
  }
}

function SecondOperator({ problem }: { problem: Problem }): ReactNode {
  const until = problem.facts["expires_at"];
  return (
    <div role="status" className="rounded border border-warn bg-warn-soft p-3 text-[13px]">
      <p className="font-medium text-warn">A second operator has to approve this</p>
      <p className="mt-1">
        The request is stored as you wrote it and stands under Approvals of the overview. Once another
        operator has approved it, have it done there, or send exactly the same again.
        {typeof until === "string" && (
          <>
            {" "}
            It waits until <Time at={until} />.
          </>
        )}
      </p>
    </div>
  );
}

export function ReasonDialog({
  act,
  onClose,
  initialReason = "",
}: {
  act: Act | null;
  onClose: () => void;
  initialReason?: string;
}): ReactNode {
  return (
    <Dialog open={act !== null} onClose={onClose} title={act?.title ?? ""} description={act?.description}>
      {act !== null && <Form act={act} onClose={onClose} initialReason={initialReason} />}
    </Dialog>
  );
}

function Form({
  act,
  onClose,
  initialReason,
}: {
  act: Act;
  onClose: () => void;
  initialReason: string;
}): ReactNode {
  const [reason, setReason] = useState(initialReason);
  const [missing, setMissing] = useState(false);
  const client = useQueryClient();
  const toasts = useToasts();
  const close = useWhileHere(onClose);
  const failWhenGone = useFailWhenGone();
  const sending = useMutation({
    // The act as it was pressed: what else is chosen while it is sent is another one.
    mutationFn: (pressed: Act) => pressed.run(reason.trim()),
    onSuccess: async (_, { done }) => {
      // What is decided next must be decided about what this made of it.
      await client.invalidateQueries({ queryKey: ["operations"] });
      toasts.tell({ title: done, tone: "good" });
      close();
    },
    onError: async (error) => {
      await client.invalidateQueries({ queryKey: ["operations"] });
      // The dialog shows it only now.
      failWhenGone(error);
    },
  });
  const problem = sending.error === null ? null : asProblem(sending.error);
  const said = problem === null ? null : explain(problem);
  return (
    <form
      noValidate
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        setMissing(reason.trim() === "");
        if (reason.trim() !== "") sending.mutate(act);
      }}
    >
      {act.fields}
      <Field
        label="Reason, for the audit log"
        value={reason}
        maxLength={500}
        autoFocus={act.fields === undefined}
        onChange={(event) => setReason(event.target.value)}
        fault={missing && reason.trim() === "" ? "Say why: it is kept with what you do." : null}
      />
      {problem?.code === "second-operator-needed" ? (
        <SecondOperator problem={problem} />
      ) : (
        problem !== null && (
          <>
            <Failed error={problem} compact />
            {said !== null && <p className="text-[13px] text-ink-2">{said}</p>}
          </>
        )
      )}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Close</Button>
        <Button
          type="submit"
          look={act.danger ? "danger" : "primary"}
          busy={sending.isPending}
          disabled={act.disabled}
        >
          {act.button}
        </Button>
      </div>
    </form>
  );
}
