/** Any transaction, leg by leg: for what no form fits. */
import { Plus, Trash2 } from "lucide-react";
import { useRef, useState, type FormEvent, type ReactNode } from "react";
import { newKey } from "@/api/client";
import { asProblem, type Problem } from "@/api/problems";
import { AssetField } from "@/components/AssetField";
import { Button, IconButton } from "@/components/Button";
import { useSymbol } from "@/components/Coin";
import { AmountField, ChoiceField, Field } from "@/components/Field";
import { Failed } from "@/components/States";
import { ZoneNote } from "@/components/Time";
import { isDecimal, signOf } from "@/format/decimal";
import { useFailWhenGone } from "@/hooks/here";
import { useZone } from "@/hooks/preferences";
import { OUTSIDE, type Body, type LegBody } from "./entry";
import { ALL_KINDS, KINDS, type Kind } from "./kinds";
import { fromClock, toClock } from "./moments";
import { WalletField } from "./WalletField";

interface Row {
  readonly id: number;
  readonly coin: string;
  readonly quantity: string;
  readonly role: NonNullable<LegBody["role"]>;
  readonly wallet: string;
  readonly value: string;
}

const ROLES = [
  { value: "principal", label: "moved" },
  { value: "fee", label: "fee" },
  { value: "withheld_fee", label: "fee, withheld" },
] as const;

function rowOf(leg: LegBody, id: number): Row {
  return {
    id,
    coin: leg.coin_id,
    quantity: leg.quantity,
    role: leg.role ?? "principal",
    wallet: leg.outside ? OUTSIDE : (leg.wallet_id ?? ""),
    value: leg.value ?? "",
  };
}

function legOf(row: Row): LegBody {
  return {
    coin_id: row.coin,
    quantity: row.quantity,
    role: row.role,
    outside: row.wallet === OUTSIDE,
    ...(row.wallet === OUTSIDE || row.wallet === "" ? {} : { wallet_id: row.wallet }),
    ...(row.value === "" ? {} : { value: row.value }),
  };
}

function faultOf(row: Row): string | null {
  if (row.coin === "") return "a coin";
  if (!isDecimal(row.quantity) || signOf(row.quantity) === 0) return "a quantity: below 0 is what went out";
  if (row.value !== "" && !isDecimal(row.value)) return "a worth, or nothing";
  return null;
}

export function LegsForm({
  initial,
  action,
  onSave,
  onCancel,
}: {
  initial: Body;
  action: string;
  onSave: (body: Body, key: string) => Promise<void>;
  onCancel: () => void;
}): ReactNode {
  const zone = useZone();
  const clockBefore = initial.occurred_at ? toClock(initial.occurred_at, zone) : "";
  const next = useRef(initial.legs.length);
  const [kind, setKind] = useState<Kind>(initial.kind as Kind);
  const [rows, setRows] = useState<readonly Row[]>(() => initial.legs.map(rowOf));
  // Until it is touched it follows the zone: what nobody typed must not be read in another one.
  const [clockTyped, setClock] = useState<string | null>(null);
  const clock = clockTyped ?? clockBefore;
  const [note, setNote] = useState(initial.note ?? "");
  const [tried, setTried] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const failWhenGone = useFailWhenGone();
  // The same content sent again is the same request; other content is another one.
  const sent = useRef({ text: "", key: "" });
  const change = (id: number, changes: Partial<Row>): void =>
    setRows((all) => all.map((row) => (row.id === id ? { ...row, ...changes } : row)));
  const moment = clock === clockBefore ? (initial.occurred_at ?? null) : fromClock(clock, zone);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setTried(true);
    if (rows.length === 0 || rows.some((row) => faultOf(row) !== null) || moment === null) return;
    setBusy(true);
    setProblem(null);
    const { external_id: _, ...kept } = initial;
    try {
      const body: Body = { ...kept, kind, note: note.trim(), occurred_at: moment, legs: rows.map(legOf) };
      const text = JSON.stringify(body);
      if (sent.current.text !== text) sent.current = { text, key: newKey() };
      await onSave({ ...body, source: "manual" }, sent.current.key);
    } catch (error) {
      failWhenGone(error);
      const said = asProblem(error);
      if (!said.passing) sent.current = { text: "", key: "" };
      setProblem(said);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form noValidate onSubmit={(event) => void submit(event)} className="flex flex-col gap-3">
      <div className="grid grid-cols-1 gap-3 sm:grid-cols-3">
        <ChoiceField
          label="Kind"
          value={kind}
          onChange={(event) => setKind(event.target.value as Kind)}
          choices={ALL_KINDS.filter((each) => each !== "void").map((each) => ({
            value: each,
            label: KINDS[each].name,
          }))}
        />
        <Field
          type="datetime-local"
          step={1}
          label="When"
          value={clock}
          onChange={(event) => setClock(event.target.value)}
          fault={tried && moment === null ? "a date and a time" : null}
          hint={<ZoneNote prefix="In" />}
        />
        <Field label="Note" maxLength={1000} value={note} onChange={(event) => setNote(event.target.value)} />
      </div>
      <ol className="flex flex-col gap-2">
        {rows.map((row, index) => (
          <Leg
            key={row.id}
            row={row}
            place={index + 1}
            currency={initial.currency ?? "usd"}
            fault={tried ? faultOf(row) : null}
            onChange={(changes) => change(row.id, changes)}
            onRemove={() => setRows((all) => all.filter((each) => each.id !== row.id))}
          />
        ))}
      </ol>
      {problem !== null && <Failed error={problem} compact />}
      <div className="flex justify-end gap-2">
        <Button
          className="mr-auto"
          icon={<Plus aria-hidden className="size-3.5" />}
          onClick={() =>
            setRows((all) => [
              ...all,
              { id: next.current++, coin: "", quantity: "", role: "principal", wallet: "", value: "" },
            ])
          }
        >
          Add a leg
        </Button>
        <Button look="quiet" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" look="primary" busy={busy}>
          {action}
        </Button>
      </div>
    </form>
  );
}

function Leg({
  row,
  place,
  currency,
  fault,
  onChange,
  onRemove,
}: {
  row: Row;
  place: number;
  currency: string;
  fault: string | null;
  onChange: (changes: Partial<Row>) => void;
  onRemove: () => void;
}): ReactNode {
  const symbolOf = useSymbol();
  return (
    <li className="rounded border border-line p-2">
      <div className="grid grid-cols-2 items-start gap-2 sm:grid-cols-[1fr_1fr_1fr_1fr_1fr_auto]">
        <AssetField
          label={`Leg ${place}`}
          placeholder="BTC"
          value={row.coin}
          onChange={(coin) => onChange({ coin })}
        />
        <AmountField
          label="Quantity, − went out"
          value={row.quantity}
          onChange={(event) => onChange({ quantity: event.target.value.trim() })}
        />
        <ChoiceField
          label="Is"
          value={row.role}
          onChange={(event) => onChange({ role: event.target.value as Row["role"] })}
          choices={ROLES}
        />
        <WalletField
          label="Wallet"
          outside="Outside"
          value={row.wallet}
          onChange={(wallet) => onChange({ wallet })}
        />
        <AmountField
          label={`Worth, ${symbolOf(currency)}`}
          value={row.value}
          onChange={(event) => onChange({ value: event.target.value.trim() })}
        />
        <IconButton label={`Remove leg ${place}`} className="mt-5" onClick={onRemove}>
          <Trash2 aria-hidden className="size-4" />
        </IconButton>
      </div>
      {fault !== null && (
        <p role="alert" className="mt-1 text-[12px] text-danger">
          Needed: {fault}.
        </p>
      )}
    </li>
  );
}
