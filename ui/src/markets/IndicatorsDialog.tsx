import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { AmountField, ChoiceField } from "@/components/Field";
import { Answered } from "@/components/States";
import { catalogue, splitNames, type Definition } from "./indicators";

export interface IndicatorsDialogProps {
  open: boolean;
  onClose: () => void;
  /** As in the address: `rsi(14),macd(12,26,9)`. */
  names: string;
  onChange: (names: string) => void;
}

/** What the service can compute, with its formula and its parameters. */
export function IndicatorsDialog({ open, onClose, names, onChange }: IndicatorsDialogProps): ReactNode {
  const query = useQuery({ ...catalogue, enabled: open });
  const chosen = splitNames(names);
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="Indicators"
      description="Computed by the service from the same candles."
    >
      {chosen.length > 0 && (
        <ul className="mb-4 flex flex-wrap gap-1.5">
          {chosen.map((name) => (
            <li key={name}>
              <Button small onClick={() => onChange(chosen.filter((each) => each !== name).join(","))}>
                {name}
                <X aria-label="remove" className="size-3" />
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Answered query={query} rows={3}>
        {(data) => (
          <AddIndicator
            definitions={data.indicators}
            onAdd={(name) => !chosen.includes(name) && onChange([...chosen, name].join(","))}
          />
        )}
      </Answered>
    </Dialog>
  );
}

interface AddIndicatorProps {
  definitions: readonly Definition[];
  onAdd: (name: string) => void;
}

function AddIndicator({ definitions, onAdd }: AddIndicatorProps): ReactNode {
  const [name, setName] = useState("ema");
  const [given, setGiven] = useState<Record<string, string>>({});
  const definition = definitions.find((each) => each.name === name) ?? definitions[0];
  if (definition === undefined) return null;
  const values = definition.parameters.map((parameter) => given[parameter.name] ?? String(parameter.default));
  const faults = definition.parameters.map((parameter, index) => faultOf(parameter, values[index] ?? ""));
  const request = values.length === 0 ? definition.name : `${definition.name}(${values.join(",")})`;
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (faults.every((fault) => fault === null)) onAdd(request);
      }}
    >
      <ChoiceField
        label="Indicator"
        value={definition.name}
        onChange={(event) => {
          setName(event.target.value);
          setGiven({});
        }}
        choices={definitions.map((each) => ({ value: each.name, label: each.title }))}
      />
      <p className="text-[12px] text-ink-2">{definition.formula}</p>
      {definition.parameters.length > 0 && (
        <div className="grid grid-cols-2 gap-3 sm:grid-cols-3">
          {definition.parameters.map((parameter, index) => (
            <AmountField
              key={parameter.name}
              label={parameter.name}
              value={values[index] ?? ""}
              fault={faults[index]}
              onChange={(event) => setGiven({ ...given, [parameter.name]: event.target.value })}
            />
          ))}
        </div>
      )}
      <Button
        type="submit"
        look="primary"
        className="self-start"
        disabled={faults.some((fault) => fault !== null)}
      >
        Add {request}
      </Button>
    </form>
  );
}

function faultOf(parameter: Definition["parameters"][number], text: string): string | null {
  const value = Number(text);
  const { minimum, maximum, whole } = parameter;
  if (text.trim() === "" || !Number.isFinite(value) || value < minimum || value > maximum) {
    return `From ${minimum} to ${maximum}`;
  }
  return whole && !Number.isInteger(value) ? "A whole number" : null;
}
