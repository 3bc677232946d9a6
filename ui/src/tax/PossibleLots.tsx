/** The lots that a sale would take under one method, and what to know before it. */
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { Change } from "@/components/Change";
import { Quantity } from "@/components/Coin";
import { Panel } from "@/components/Panel";
import { Table, type Column } from "@/components/Table";
import { useOwnMoney } from "@/hooks/preferences";
import { Acquired } from "./Holdings";
import { TERMS, WAYS } from "./words";

type Outcome = Schemas["OutcomeView"];
type Slice = Schemas["SliceView"];

const MOST_WARNINGS = 5;

/** What to know before this sale. */
function Warnings({ warnings }: { warnings: Outcome["warnings"] }): ReactNode {
  if (warnings.length === 0) return null;
  const line = (each: Outcome["warnings"][number]): ReactNode => (
    <li key={each.text}>
      {each.text}
      {each.until !== null && ` (until ${each.until})`}
    </li>
  );
  const rest = warnings.slice(MOST_WARNINGS);
  return (
    <div className="border-b border-line bg-warn-soft px-3 py-2 text-[12px] text-warn">
      <ul aria-label="Before the sale" className="flex flex-col gap-0.5">
        {warnings.slice(0, MOST_WARNINGS).map(line)}
      </ul>
      {rest.length > 0 && (
        <details>
          <summary className="cursor-pointer">{rest.length} more</summary>
          <ul className="flex flex-col gap-0.5">{rest.map(line)}</ul>
        </details>
      )}
    </div>
  );
}

export function PossibleLots({ outcome, currency }: { outcome: Outcome; currency: string }): ReactNode {
  const money = useOwnMoney();
  const columns: readonly Column<Slice>[] = [
    {
      id: "since",
      header: "Acquired",
      cell: (slice) =>
        slice.rule === "shortfall" ? (
          <span className="text-warn">unknown</span>
        ) : (
          <Acquired on={slice.acquired_on} by={slice.acquired_transaction_id} />
        ),
    },
    { id: "quantity", header: "Quantity", num: true, cell: ({ quantity }) => <Quantity value={quantity} /> },
    { id: "proceeds", header: "Proceeds", num: true, cell: ({ proceeds }) => money(proceeds, currency) },
    { id: "cost", header: "Cost", num: true, cell: ({ cost }) => money(cost, currency) },
    {
      id: "gain",
      header: "Gain",
      num: true,
      cell: ({ gain }) => <Change value={gain} as="money" currency={currency} own />,
    },
    { id: "term", header: "Term", cell: ({ term }) => TERMS[term] },
    { id: "rule", header: "Rule", wide: true, cell: ({ rule }) => rule },
    { id: "formula", header: "How", wide: true, cell: ({ formula }) => formula || "—" },
  ];
  const hidden = outcome.slices_in_all - outcome.slices.length;
  return (
    <Panel
      title={`Lots under ${WAYS[outcome.method]}`}
      note={hidden > 0 ? `The first ${outcome.slices.length}; all ${outcome.slices_in_all} count` : undefined}
    >
      <Warnings warnings={outcome.warnings} />
      <Table
        label="Lots that would be sold"
        columns={columns}
        rows={outcome.slices}
        keyOf={(slice) =>
          [slice.acquired_transaction_id, slice.acquired_on, slice.quantity, slice.cost].join()
        }
      />
    </Panel>
  );
}
