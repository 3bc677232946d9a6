/** What a transaction is to the tax, where its kind does not say it. */
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { answer, api } from "@/api/client";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { ChoiceField } from "@/components/Field";
import { Answered, Failed } from "@/components/States";
import { TransactionLink } from "@/components/TransactionLink";
import { useTreatments } from "./queries";
import { useSaid } from "./said";
import { TREATMENTS, type Treatment } from "./sorts";

export function TreatmentDialog({ id, onClose }: { id: string; onClose: () => void }): ReactNode {
  const said = useTreatments();
  return (
    <Dialog
      open
      onClose={onClose}
      title="What it counts as"
      description="In every country and year, for reports that are computed from now on."
    >
      <Answered query={said} rows={2}>
        {(all) => (
          <Form
            id={id}
            before={all.find((each) => each.transaction_id === id)?.treatment}
            onClose={onClose}
          />
        )}
      </Answered>
    </Dialog>
  );
}

function Form({
  id,
  before,
  onClose,
}: {
  id: string;
  before: Treatment | undefined;
  onClose: () => void;
}): ReactNode {
  const said = useSaid(onClose);
  const [chosen, choose] = useState<Treatment | "">(before ?? "");
  const params = { path: { transaction_id: id } };
  const save = useMutation({
    mutationFn: async () => {
      if (chosen === "") await answer(api.DELETE("/api/v1/tax/treatments/{transaction_id}", { params }));
      else {
        const body = { treatment: chosen };
        await answer(api.PUT("/api/v1/tax/treatments/{transaction_id}", { params, body }));
      }
    },
    ...said,
  });
  return (
    <form
      aria-label="What it counts as"
      className="flex flex-col gap-3 text-[13px]"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <p className="text-ink-2">
        Transaction <TransactionLink id={id} />
      </p>
      <ChoiceField
        label="Counts as"
        value={chosen}
        onChange={(event) => choose(event.target.value as Treatment | "")}
        choices={[
          { value: "", label: "what its kind is in each country" },
          ...Object.entries(TREATMENTS).map(([value, label]) => ({ value, label })),
        ]}
      />
      {save.error !== null && <Failed error={save.error} compact />}
      <Button
        type="submit"
        look="primary"
        className="self-end"
        busy={save.isPending}
        disabled={chosen === (before ?? "")}
      >
        Say so
      </Button>
    </form>
  );
}
