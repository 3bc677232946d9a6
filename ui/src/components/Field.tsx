import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes } from "react";

interface Around {
  label: string;
  /** What is wrong with what was entered; said next to the field. */
  fault?: string | null | undefined;
  hint?: ReactNode;
  /** Shown inside, at the end: a unit, a button. */
  unit?: ReactNode;
  hideLabel?: boolean;
}

const BOX =
  "w-full min-w-0 rounded border bg-panel px-2 py-1 min-h-8 text-[13px] text-ink placeholder:text-ink-3 disabled:opacity-60";

function Frame({
  id,
  label,
  fault,
  hint,
  unit,
  hideLabel,
  children,
}: Around & { id: string; children: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className={hideLabel ? "sr-only" : "text-[12px] text-ink-2"}>
        {label}
      </label>
      <div className="relative flex items-center">
        {children}
        {unit !== undefined && <span className="absolute right-2 text-[12px] text-ink-3">{unit}</span>}
      </div>
      {fault ? (
        <p id={`${id}-fault`} role="alert" className="text-[12px] text-danger">
          {fault}
        </p>
      ) : (
        hint !== undefined && (
          <p id={`${id}-hint`} className="text-[12px] text-ink-3">
            {hint}
          </p>
        )
      )}
    </div>
  );
}

function described(id: string, fault: unknown, hint: unknown): string | undefined {
  return fault ? `${id}-fault` : hint !== undefined ? `${id}-hint` : undefined;
}

export type FieldProps = Around & InputHTMLAttributes<HTMLInputElement>;

export function Field({ label, fault, hint, unit, hideLabel = false, ...rest }: FieldProps): ReactNode {
  const made = useId();
  const id = rest.id ?? made;
  return (
    <Frame id={id} {...{ label, fault, hint, unit, hideLabel }}>
      <input
        autoComplete="off"
        {...rest}
        id={id}
        aria-invalid={fault ? true : undefined}
        aria-describedby={described(id, fault, hint)}
        className={`${BOX} ${fault ? "border-danger" : "border-line"} ${unit !== undefined ? "pr-14" : ""} ${rest.className ?? ""}`}
      />
    </Frame>
  );
}

/** For amounts: digits and a point, kept as the text that was typed. */
export function AmountField(props: FieldProps): ReactNode {
  return (
    <Field
      inputMode="decimal"
      spellCheck={false}
      {...props}
      className={`text-right tabular-nums ${props.className ?? ""}`}
    />
  );
}

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly disabled?: boolean;
}

export type ChoiceFieldProps = Omit<Around, "unit"> &
  SelectHTMLAttributes<HTMLSelectElement> & { choices: readonly Choice[] };

export function ChoiceField({
  label,
  fault,
  hint,
  hideLabel = false,
  choices,
  ...rest
}: ChoiceFieldProps): ReactNode {
  const made = useId();
  const id = rest.id ?? made;
  return (
    <Frame id={id} {...{ label, fault, hint, hideLabel }}>
      <select
        {...rest}
        id={id}
        aria-invalid={fault ? true : undefined}
        aria-describedby={described(id, fault, hint)}
        className={`${BOX} ${fault ? "border-danger" : "border-line"} ${rest.className ?? ""}`}
      >
        {choices.map(({ value, label: name, disabled }) => (
          <option key={value} value={value} disabled={disabled}>
            {name}
          </option>
        ))}
      </select>
    </Frame>
  );
}

export function CheckField({
  label,
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { label: ReactNode }): ReactNode {
  return (
    <label className="inline-flex min-h-6 items-center gap-2 text-[13px] text-ink-2">
      <input type="checkbox" {...rest} className="size-4 accent-(--accent)" />
      {label}
    </label>
  );
}
