/** The lots of one disposal with a field for the units of each, and what comes of them together. */
import type { ReactNode } from "react";
import { Button } from "@/components/Button";
import { Change } from "@/components/Change";
import { Coin, Quantity } from "@/components/Coin";
import { AmountField } from "@/components/Field";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { signOf } from "@/format/decimal";
import { useOwnMoney } from "@/hooks/preferences";
import { Acquired } from "./Holdings";
import {
  allOf,
  chosenOf,
  faultOf,
  filledBy,
  gainOf,
  restOf,
  type Candidate,
  type Choice,
  type Order,
  type Typed,
} from "./picking";
import { TERMS } from "./words";

const ORDERS: readonly (readonly [Order, string])[] = [
  ["oldest", "Oldest"],
  ["dearest", "Highest cost"],
  ["cheapest", "Lowest cost"],
];

export function PickTable({
  choice,
  currency,
  typed,
  onChange,
}: {
  choice: Choice;
  currency: string;
  typed: Typed;
  onChange: (typed: Typed) => void;
}): ReactNode {
  const money = useOwnMoney();
  const put = (lot: Candidate, units: string): void => onChange({ ...typed, [lot.transaction_id]: units });
  const columns: readonly Column<Candidate>[] = [
    {
      id: "since",
      header: "Acquired",
      title: "In the zone of the tax",
      cell: (lot) => <Acquired on={lot.acquired_on} by={lot.transaction_id} />,
    },
    {
      id: "units",
      header: "Units sold",
      cell: (lot) => (
        <div className="flex min-w-44 items-start gap-1">
          <AmountField
            label={`Units of the lot of ${lot.acquired_on}`}
            hideLabel
            placeholder="0"
            value={typed[lot.transaction_id] ?? ""}
            fault={faultOf(typed, lot)}
            onChange={(event) => put(lot, event.target.value)}
          />
          <Button
            small
            className="min-h-8"
            aria-label={`All of the lot of ${lot.acquired_on}`}
            onClick={() => put(lot, allOf(choice, typed, lot))}
          >
            all
          </Button>
        </div>
      ),
    },
    { id: "left", header: "Left then", num: true, cell: ({ quantity }) => <Quantity value={quantity} /> },
    { id: "cost", header: "Cost", num: true, cell: ({ cost }) => money(cost, currency) },
    {
      id: "gain",
      header: "Would gain",
      num: true,
      title: "As many units of it as the sale could be of",
      cell: ({ gain }) => <Change value={gain} as="money" currency={currency} own />,
    },
    {
      id: "term",
      header: "Term",
      cell: ({ term }) => <span className="whitespace-nowrap">{TERMS[term]}</span>,
    },
  ];
  return (
    <section className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span>
          <Quantity value={choice.quantity} most={18} /> <Coin id={choice.coin_id} /> from {choice.wallet} for{" "}
          {money(choice.proceeds, currency)}
        </span>
        <span className="ml-auto flex flex-wrap gap-1" role="group" aria-label="Fill in">
          {ORDERS.map(([order, name]) => (
            <Button key={order} small onClick={() => onChange(filledBy(choice, order))}>
              {name}
            </Button>
          ))}
          <Button small look="quiet" onClick={() => onChange({})}>
            None
          </Button>
        </span>
      </div>
      {choice.lots.length === 0 ? (
        <Empty title="The wallet had no lots then">
          Nobody knows a purchase that these units could be of.
        </Empty>
      ) : (
        <div className="max-h-[42vh] overflow-y-auto rounded border border-line">
          <Table
            label="Lots that could be sold"
            columns={columns}
            rows={choice.lots}
            keyOf={(lot) => lot.transaction_id}
          />
        </div>
      )}
      {choice.lots_in_all > choice.lots.length && (
        <p className="text-[12px] text-ink-3">
          {choice.lots.length} of {choice.lots_in_all} lots: the oldest, and those that were chosen before.
        </p>
      )}
      <Sum choice={choice} currency={currency} typed={typed} />
    </section>
  );
}

function Sum({ choice, currency, typed }: { choice: Choice; currency: string; typed: Typed }): ReactNode {
  const rest = restOf(choice, typed);
  const over = signOf(rest) < 0;
  return (
    <p role="status" className="flex flex-wrap gap-x-4 gap-y-1 tabular-nums">
      <span className={over ? "text-danger" : ""}>
        Chosen <Quantity value={chosenOf(choice, typed)} most={18} /> of{" "}
        <Quantity value={choice.quantity} most={18} />
        {over && ": more than was sold"}
      </span>
      <span>
        would gain <Change value={gainOf(choice, typed)} as="money" currency={currency} own />
      </span>
      {signOf(rest) > 0 && (
        <span className="text-ink-2">
          the other <Quantity value={rest} most={18} /> go by the method that holds
        </span>
      )}
    </p>
  );
}
