/** Which lots a sale is of: those that its wallet held at that moment, and how many units of each. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Answered, Empty, Failed } from "@/components/States";
import { Time, ZoneNote } from "@/components/Time";
import { useFailWhenGone, useWhileHere } from "@/hooks/here";
import { useToasts } from "@/hooks/toasts";
import { Missing } from "./Missing";
import { PickTable } from "./PickTable";
import { countUnseen, isWhole, MOST_LOTS, typedBefore, unitsOf, type Pickable, type Typed } from "./picking";

type Pick = Schemas["PickView"];

export function PickDialog({
  sale,
  jurisdiction,
  onClose,
}: {
  /** The transaction. */
  sale: string;
  jurisdiction: string;
  onClose: () => void;
}): ReactNode {
  const close = useWhileHere(onClose);
  const query = useQuery({
    queryKey: ["tax", "picks", sale, jurisdiction],
    queryFn: () =>
      answer(
        api.GET("/api/v1/tax/picks/{transaction_id}", {
          params: { path: { transaction_id: sale }, query: { jurisdiction } },
        }),
      ),
    // What is typed must not be asked for anew beneath it.
    refetchOnWindowFocus: false,
  });
  return (
    <Dialog open onClose={onClose} title="Which lots were sold" wide>
      <Answered
        query={query}
        rows={4}
        empty={{ when: ({ disposals }) => disposals.length === 0, show: <Nothing found={query.data} /> }}
      >
        {(found) => <Form key={found.picked?.id ?? ""} found={found} onSaid={close} />}
      </Answered>
    </Dialog>
  );
}

function Nothing({ found }: { found: Pickable | undefined }): ReactNode {
  return found?.may_pick === false ? (
    <Empty title="These rules leave nothing to choose">
      They know no lots of which some could be meant: {found.ruleset} goes by pools or an average.
    </Empty>
  ) : (
    <Empty title="Nothing to choose here">By these rules the transaction disposes of no units.</Empty>
  );
}

function Form({ found, onSaid }: { found: Pickable; onSaid: () => void }): ReactNode {
  const client = useQueryClient();
  const toasts = useToasts();
  const [typed, setTyped] = useState<readonly Typed[]>(
    found.disposals.map((choice) => typedBefore(choice, found.picked)),
  );
  const params = { path: { transaction_id: found.transaction_id } };
  const failWhenGone = useFailWhenGone();
  const told = async (said: Pick): Promise<void> => {
    toasts.tell(
      said.in_time
        ? { title: "Said in time", detail: "Reports that are computed from now on go by it.", tone: "good" }
        : { title: "Kept, and late", detail: "It was said after the sale, so reports do not go by it." },
    );
    await client.invalidateQueries({ queryKey: ["tax", "picks"] });
    onSaid();
  };
  const units = unitsOf(found.disposals, typed);
  const choose = useMutation({
    mutationFn: () => answer(api.PUT("/api/v1/tax/picks/{transaction_id}", { params, body: { units } })),
    onSuccess: told,
    onError: failWhenGone,
  });
  const takeBack = useMutation({
    mutationFn: () => answer(api.DELETE("/api/v1/tax/picks/{transaction_id}", { params })),
    onSuccess: told,
    onError: failWhenGone,
  });
  const unseen = countUnseen(found.disposals, found.picked);
  const whole = found.disposals.every((choice, place) => isWhole(choice, typed[place] ?? {}));
  const error = choose.error ?? takeBack.error;
  return (
    <form
      aria-label="Lots of the sale"
      className="flex flex-col gap-3 text-[13px]"
      onSubmit={(event) => {
        event.preventDefault();
        choose.mutate();
      }}
    >
      <When found={found} />
      <Said picked={found.picked} />
      <p className="text-[12px] text-ink-3">
        <ZoneNote />; days of lots in the zone of the tax
      </p>
      <Missing shortfalls={found.shortfalls} unvalued={found.unvalued} simulated={false} />
      {found.disposals.map((choice, place) => (
        <PickTable
          key={choice.leg}
          choice={choice}
          currency={found.currency}
          typed={typed[place] ?? {}}
          onChange={(now) => setTyped(typed.map((each, at) => (at === place ? now : each)))}
        />
      ))}
      {unseen > 0 && (
        <p role="note" className="text-warn">
          Of what was chosen before, {unseen} {unseen === 1 ? "lot was" : "lots were"} not there to be sold.
          Take it back first: to save these alone would drop the others.
        </p>
      )}
      {units.length > MOST_LOTS && (
        <p role="note" className="text-warn">
          At most {MOST_LOTS} lots can be chosen of one transaction.
        </p>
      )}
      {error !== null && <Failed error={error} compact />}
      <div className="flex flex-wrap justify-end gap-2">
        {(found.picked?.units.length ?? 0) > 0 && (
          <Button busy={takeBack.isPending} onClick={() => takeBack.mutate()}>
            Take back
          </Button>
        )}
        <Button
          type="submit"
          look="primary"
          busy={choose.isPending}
          disabled={!whole || unseen > 0 || units.length === 0 || units.length > MOST_LOTS}
        >
          {found.in_time ? "Choose these lots" : "Keep as said late"}
        </Button>
      </div>
    </form>
  );
}

/** Whether it is early enough to say it: the moment of the sale decides, and nothing can be said for earlier. */
function When({ found }: { found: Pickable }): ReactNode {
  if (found.in_time) {
    return (
      <p>
        Until the sale, <Time at={found.disposed_at} to="second" />, what you say counts; later it is only
        kept.
      </p>
    );
  }
  return (
    <p role="note" className="rounded bg-warn-soft px-3 py-2 text-warn">
      The sale was <Time at={found.disposed_at} to="second" />. Units are chosen in time only before it: what
      you say now is kept with its moment, counts as late, and no report goes by it. For sales to come,{" "}
      <Link
        to={"/tax" as never}
        search={{ tab: "elections", jurisdiction: found.jurisdiction } as never}
        className="underline decoration-dotted underline-offset-4"
      >
        elect a method
      </Link>
      .
    </p>
  );
}

function Said({ picked }: { picked: Pickable["picked"] }): ReactNode {
  if (picked === null) return null;
  return (
    <p className="text-ink-2">
      {picked.units.length === 0 ? "Taken back" : "Chosen"} <Time at={picked.identified_at} to="second" />,{" "}
      {picked.in_time ? "in time: it counts." : "too late: it is only kept."}
    </p>
  );
}
