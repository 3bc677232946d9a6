/** Which lots a sale that is only thought of would be of, for the method that goes by names. */
import { useState, type ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { Button } from "@/components/Button";
import { Panel } from "@/components/Panel";
import { PickTable } from "./PickTable";
import { isWhole, MOST_LOTS, unitsOf, type Choice, type Typed } from "./picking";

type Picks = Schemas["WhatIfBody"]["picks"];

export function NamedLots({
  choice,
  currency,
  busy,
  onName,
}: {
  choice: Choice;
  currency: string;
  busy: boolean;
  onName: (picks: Picks) => void;
}): ReactNode {
  const [typed, setTyped] = useState<Typed>({});
  const units = unitsOf([choice], [typed]);
  return (
    <Panel title="If you named the lots" note="Only the method that goes by named lots looks at them">
      <form
        aria-label="Lots that would be named"
        className="flex flex-col gap-3 p-3 text-[13px]"
        onSubmit={(event) => {
          event.preventDefault();
          onName(units.map(({ transaction_id, quantity }) => ({ transaction_id, quantity })));
        }}
      >
        <PickTable choice={choice} currency={currency} typed={typed} onChange={setTyped} />
        <Button
          type="submit"
          className="self-start"
          busy={busy}
          disabled={!isWhole(choice, typed) || units.length > MOST_LOTS}
        >
          Try these lots
        </Button>
      </form>
    </Panel>
  );
}
