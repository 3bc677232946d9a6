/** The fields of an order. What is typed stays, whatever is said about it. */
import type { ReactNode } from "react";
import { Button } from "@/components/Button";
import { AmountField, ChoiceField } from "@/components/Field";
import { Time } from "@/components/Time";
import { shortBase, shortSettle, type Instrument } from "./market";
import {
  effectOf,
  goodFor,
  LASTING,
  takesPrice,
  takesTrigger,
  TYPE_NAMES,
  type Draft,
  type Faults,
  type OrderType,
  type Side,
} from "./ticket";

export interface FieldsProps {
  readonly instrument: Instrument;
  readonly draft: Draft;
  readonly faults: Faults;
  readonly hedge: boolean;
  change(changes: Partial<Draft>): void;
}

type Leg = Draft["position_side"];

/** In hedge mode the sides say what they do to the position that is meant. */
export function SideChoice({
  side,
  leg,
  onSide,
}: {
  side: Side;
  leg: Leg | null;
  onSide: (side: Side) => void;
}): ReactNode {
  return (
    <div role="group" aria-label="Side" className="grid grid-cols-2 gap-1">
      {(["buy", "sell"] as const).map((each) => (
        <Button
          key={each}
          look={side === each ? each : "plain"}
          aria-pressed={side === each}
          aria-keyshortcuts={each[0]}
          // Narrow tickets have the two words below each other.
          className={leg === null ? "" : "flex-wrap gap-y-0! px-1!"}
          onClick={() => onSide(each)}
        >
          {each === "buy" ? "Buy" : "Sell"}
          {leg !== null && <span className="font-normal">{`${effectOf(each, leg)} ${leg}`}</span>}{" "}
          <kbd className="text-[11px]">{each[0]}</kbd>
        </Button>
      ))}
    </div>
  );
}

/** Which of the two positions that a market has in hedge mode. */
export function LegChoice({ leg, onLeg }: { leg: Leg; onLeg: (leg: Leg) => void }): ReactNode {
  return (
    <div role="group" aria-label="Position" className="grid grid-cols-[auto_1fr_1fr] items-center gap-1">
      <span aria-hidden className="pr-1 text-[12px] text-ink-2">
        Position
      </span>
      {(["long", "short"] as const).map((each) => (
        <Button
          key={each}
          small
          look={each !== leg ? "plain" : each === "long" ? "buy" : "sell"}
          aria-pressed={each === leg}
          onClick={() => onLeg(each)}
        >
          {each === "long" ? "Long" : "Short"}
        </Button>
      ))}
    </div>
  );
}

const TYPES = Object.entries(TYPE_NAMES).map(([value, label]) => ({ value, label }));

export function KindFields({ draft, change, faults, instrument }: FieldsProps): ReactNode {
  const settle = shortSettle(instrument);
  return (
    <>
      <div className="grid grid-cols-2 gap-2">
        <ChoiceField
          label="Order"
          value={draft.type}
          choices={TYPES}
          onChange={(event) => change({ type: event.target.value as OrderType })}
        />
        <ChoiceField
          label="Good"
          value={draft.type === "market" ? "gtc" : draft.lasts || draft.time_in_force}
          disabled={draft.type === "market"}
          choices={[
            { value: "gtc", label: "Until cancelled" },
            { value: "ioc", label: "At once or never (IOC)" },
            { value: "fok", label: "All at once (FOK)" },
            ...LASTING,
          ]}
          {...(draft.type !== "market" && draft.expires_at !== null
            ? {
                hint: (
                  <>
                    until <Time at={draft.expires_at} />
                  </>
                ),
              }
            : {})}
          onChange={(event) => change(goodFor(event.target.value, Date.now()))}
        />
      </div>
      {takesTrigger(draft.type) && (
        <div className="grid grid-cols-2 gap-2">
          <AmountField
            label={draft.type === "trailing-stop" ? "Begins at (optional)" : "Trigger price"}
            value={draft.trigger_price}
            fault={faults.trigger_price}
            unit={settle}
            onChange={(event) => change({ trigger_price: event.target.value })}
          />
          <ChoiceField
            label="Watches"
            value={draft.trigger_on}
            choices={[
              { value: "mark", label: "Mark price" },
              { value: "last", label: "Last price" },
            ]}
            onChange={(event) => change({ trigger_on: event.target.value as Draft["trigger_on"] })}
          />
        </div>
      )}
      {draft.type === "trailing-stop" && (
        <AmountField
          label="Follows at a distance of"
          value={draft.callback_rate}
          fault={faults.callback_rate}
          unit="%"
          onChange={(event) => change({ callback_rate: event.target.value })}
        />
      )}
      {takesPrice(draft.type) && (
        <AmountField
          label="Price"
          value={draft.price}
          fault={faults.price}
          unit={settle}
          placeholder={`steps of ${instrument.tick}`}
          onChange={(event) => change({ price: event.target.value })}
        />
      )}
    </>
  );
}

const SHARES = ["25", "50", "75", "100"] as const;

export function QuantityFields({
  draft,
  change,
  faults,
  instrument,
  shareOf,
}: FieldsProps & { shareOf: (percent: string) => string | null }): ReactNode {
  const units = [shortBase(instrument), shortSettle(instrument)];
  return (
    <div className="flex flex-col gap-1.5">
      <div className="grid grid-cols-[1fr_auto] items-start gap-2">
        <AmountField
          id="ticket-quantity"
          label="Quantity"
          value={draft.quantity}
          fault={faults.quantity}
          placeholder={draft.unit === "base" ? `steps of ${instrument.step}` : "amount"}
          onChange={(event) => change({ quantity: event.target.value })}
        />
        <ChoiceField
          label="In"
          value={draft.unit}
          choices={[
            { value: "base", label: units[0] ?? "" },
            { value: "money", label: units[1] ?? "" },
          ]}
          onChange={(event) => change({ unit: event.target.value as Draft["unit"], quantity: "" })}
        />
      </div>
      <div role="group" aria-label="Share of what is available" className="grid grid-cols-4 gap-1">
        {SHARES.map((percent) => {
          const quantity = shareOf(percent);
          return (
            <Button
              key={percent}
              small
              disabled={quantity === null}
              title={
                draft.reduce_only
                  ? `${percent} % of the position`
                  : `${percent} % of what is available, with fee and leverage`
              }
              onClick={() => change({ unit: "base", quantity: quantity ?? "" })}
            >
              {percent} %
            </Button>
          );
        })}
      </div>
    </div>
  );
}
