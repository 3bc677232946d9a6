/** What an order may do besides: only reduce, only make, and what closes again what it opens. */
import type { ReactNode } from "react";
import { AmountField, CheckField } from "@/components/Field";
import { shortSettle } from "./market";
import { attaches } from "./ticket";
import type { FieldsProps } from "./TicketFields";

const ATTACHED = [
  { name: "take_profit", label: "Take profit at mark", placeholder: "" },
  { name: "take_profit_price", label: "Take profit limit", placeholder: "at the market" },
  { name: "stop_loss", label: "Stop loss at mark", placeholder: "" },
  { name: "stop_loss_price", label: "Stop loss limit", placeholder: "at the market" },
] as const;

export function ConditionFields({ draft, change, hedge, faults, instrument }: FieldsProps): ReactNode {
  const settle = shortSettle(instrument);
  const perpetual = instrument.kind === "perpetual";
  return (
    <>
      <div className="flex flex-wrap gap-x-4 gap-y-1">
        {perpetual && !hedge && (
          <CheckField
            label="Reduce only"
            checked={draft.reduce_only}
            onChange={(event) =>
              change({
                reduce_only: event.target.checked,
                ...(event.target.checked ? { attached: false } : {}),
              })
            }
          />
        )}
        {draft.type === "limit" && (
          <CheckField
            label="Post only"
            checked={draft.post_only && draft.time_in_force === "gtc"}
            disabled={draft.time_in_force !== "gtc"}
            onChange={(event) => change({ post_only: event.target.checked })}
          />
        )}
        {perpetual && !draft.reduce_only && (
          <CheckField
            label="TP / SL"
            checked={draft.attached}
            onChange={(event) => change({ attached: event.target.checked })}
          />
        )}
      </div>
      {attaches(draft) && perpetual && (
        <div className="grid grid-cols-2 gap-2">
          {ATTACHED.map(({ name, label, placeholder }) => (
            <AmountField
              key={name}
              label={label}
              value={draft[name]}
              fault={faults[name]}
              unit={settle}
              placeholder={placeholder}
              onChange={(event) => change({ [name]: event.target.value })}
            />
          ))}
        </div>
      )}
    </>
  );
}
