/** What is elected year by year: methods, and losses that were brought forward. */
import { Plus, X } from "lucide-react";
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { Button, IconButton } from "@/components/Button";
import { AmountField, ChoiceField } from "@/components/Field";
import { isDecimal } from "@/format/decimal";
import { WAYS, type Way } from "./words";

type View = Schemas["ElectionsView"];
type Body = Schemas["ElectionsBody"];

type Years = readonly { readonly value: string; readonly label: string }[];

interface Part {
  /** The tax years of these rules, the newest first. */
  years: Years;
  body: Body;
  onChange: (changes: Partial<Body>) => void;
}

/** What was elected stays, also for a year that cannot be chosen any more. */
function withYear(years: Years, year: number): Years {
  const value = String(year);
  return years.some((each) => each.value === value) ? years : [{ value, label: value }, ...years];
}

export function Methods({ view, years, body, onChange }: Part & { view: View }): ReactNode {
  const ways = view.may_choose.map((way) => ({ value: way, label: WAYS[way] }));
  const [first] = view.may_choose;
  if (ways.length < 2 || first === undefined) {
    return <p className="text-[13px]">The method is the law's: {first === undefined ? "—" : WAYS[first]}.</p>;
  }
  const put = (place: number, changes: Partial<Body["methods"][number]>): void =>
    onChange({ methods: body.methods.map((each, at) => (at === place ? { ...each, ...changes } : each)) });
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 text-[12px] text-ink-2">
        Method, from a tax year on{body.methods.length === 0 && ` (none elected: ${WAYS[first]})`}
      </legend>
      {body.methods.map((each, place) => (
        <div key={place} className="flex flex-wrap items-end gap-2">
          <div className="w-28">
            <ChoiceField
              label="From"
              value={String(each.from_year)}
              onChange={(event) => put(place, { from_year: Number(event.target.value) })}
              choices={withYear(years, each.from_year)}
            />
          </div>
          <div className="w-60 max-w-full">
            <ChoiceField
              label="Method"
              value={each.method}
              onChange={(event) => put(place, { method: event.target.value as Way })}
              choices={ways}
            />
          </div>
          <Without onPress={() => onChange({ methods: body.methods.filter((_, at) => at !== place) })} />
        </div>
      ))}
      <Another
        label="Elect a method"
        onPress={() =>
          onChange({ methods: [...body.methods, { from_year: new Date().getFullYear(), method: first }] })
        }
      />
    </fieldset>
  );
}

export function BroughtLosses({ years, body, us, onChange }: Part & { us: boolean }): ReactNode {
  const put = (place: number, changes: Partial<Body["brought"][number]>): void =>
    onChange({ brought: body.brought.map((each, at) => (at === place ? { ...each, ...changes } : each)) });
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 text-[12px] text-ink-2">Losses of earlier years, brought into a year</legend>
      {body.brought.map((each, place) => (
        <div key={place} className="flex flex-wrap items-end gap-2">
          <div className="w-28">
            <ChoiceField
              label="Into"
              value={String(each.year)}
              onChange={(event) => put(place, { year: Number(event.target.value) })}
              choices={withYear(years, each.year)}
            />
          </div>
          <div className="w-36">
            <AmountField
              label={us ? "Short-term" : "Loss"}
              value={each.short}
              fault={isDecimal(each.short) ? null : "an amount"}
              onChange={(event) => put(place, { short: event.target.value })}
            />
          </div>
          {us && (
            <div className="w-36">
              <AmountField
                label="Long-term"
                value={each.long}
                fault={isDecimal(each.long) ? null : "an amount"}
                onChange={(event) => put(place, { long: event.target.value })}
              />
            </div>
          )}
          <Without onPress={() => onChange({ brought: body.brought.filter((_, at) => at !== place) })} />
        </div>
      ))}
      <Another
        label="Add a loss"
        onPress={() =>
          onChange({
            brought: [...body.brought, { year: new Date().getFullYear() - 1, short: "0", long: "0" }],
          })
        }
      />
    </fieldset>
  );
}

function Another({ label, onPress }: { label: string; onPress: () => void }): ReactNode {
  return (
    <Button small className="self-start" icon={<Plus aria-hidden className="size-3.5" />} onClick={onPress}>
      {label}
    </Button>
  );
}

function Without({ onPress }: { onPress: () => void }): ReactNode {
  return (
    <IconButton label="Remove" onClick={onPress}>
      <X aria-hidden className="size-4" />
    </IconButton>
  );
}
