/** What a gift had cost whoever gave it, and since when they had it. */
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { AmountField, Field } from "@/components/Field";
import { Answered, Failed } from "@/components/States";
import { isDecimal, signOf } from "@/format/decimal";
import { useGifts } from "./queries";
import { useSaid } from "./said";
import { dayOfMoment, momentOfDay } from "./words";

export function GiftDialog({ id, onClose }: { id: string; onClose: () => void }): ReactNode {
  const said = useGifts();
  return (
    <Dialog
      open
      onClose={onClose}
      title="What the gift had cost"
      description="Where the law goes on with the giver's cost. Until it is known, a report is a draft."
    >
      <Answered query={said} rows={2}>
        {(all) => <Form id={id} before={all.find((each) => each.transaction_id === id)} onClose={onClose} />}
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
  before: Schemas["GiftView"] | undefined;
  onClose: () => void;
}): ReactNode {
  const said = useSaid(onClose);
  const [cost, setCost] = useState(before?.donor_cost ?? "");
  const [since, setSince] = useState(dayOfMoment(before?.donor_since));
  const params = { path: { transaction_id: id } };
  const save = useMutation({
    mutationFn: () => {
      const body = { donor_cost: cost.trim(), donor_since: momentOfDay(since, before?.donor_since) };
      return answer(api.PUT("/api/v1/tax/gifts/{transaction_id}", { params, body }));
    },
    ...said,
  });
  const drop = useMutation({
    mutationFn: () => answer(api.DELETE("/api/v1/tax/gifts/{transaction_id}", { params })),
    ...said,
  });
  const error = save.error ?? drop.error;
  const faults = error === null ? [] : asProblem(error).faults;
  const faultOf = (name: string) => faults.find(({ pointer }) => pointer === `#/${name}`)?.message;
  const given = cost.trim();
  const wrong = given !== "" && (!isDecimal(given) || signOf(given) < 0);
  return (
    <form
      aria-label="What the gift had cost"
      className="flex flex-col gap-3 text-[13px]"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <div className="grid grid-cols-2 gap-3">
        <AmountField
          label="Cost of its giver"
          hint="All of it, in the currency of the tax"
          required
          value={cost}
          fault={wrong ? "an amount" : faultOf("donor_cost")}
          onChange={(event) => setCost(event.target.value)}
        />
        <Field
          label="Held by them since"
          hint="Empty: since the gift"
          type="date"
          value={since}
          fault={faultOf("donor_since")}
          onChange={(event) => setSince(event.target.value)}
        />
      </div>
      {error !== null && <Failed error={error} compact />}
      <div className="flex justify-end gap-2">
        {before !== undefined && (
          <Button busy={drop.isPending} onClick={() => drop.mutate()}>
            Nobody knows
          </Button>
        )}
        <Button type="submit" look="primary" busy={save.isPending} disabled={given === "" || wrong}>
          Say so
        </Button>
      </div>
    </form>
  );
}
