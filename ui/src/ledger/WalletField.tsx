/** One of the wallets, none, or a new one. */
import { useState, type ReactNode } from "react";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { ChoiceField, Field } from "@/components/Field";
import { useWallets } from "@/components/Wallet";
import { OUTSIDE } from "./entry";
import { addWallet, useBooksChanged } from "./queries";

const NEW = "new";

export function WalletField({
  label,
  value,
  onChange,
  fault,
  outside,
}: {
  label: string;
  /** An id, `outside`, or empty for the main one. */
  value: string;
  onChange: (wallet: string) => void;
  fault?: string | undefined;
  /** What no wallet means here; without it that cannot be chosen. */
  outside?: string;
}): ReactNode {
  const wallets = useWallets();
  const [adding, setAdding] = useState(false);
  const main = wallets.find((wallet) => wallet.name === "main");
  if (adding) {
    return (
      <NewWallet
        onDone={(id) => {
          setAdding(false);
          if (id !== null) onChange(id);
        }}
      />
    );
  }
  return (
    <ChoiceField
      label={label}
      value={value === "" ? (main?.id ?? "") : value}
      fault={fault}
      onChange={(event) => (event.target.value === NEW ? setAdding(true) : onChange(event.target.value))}
      choices={[
        ...(outside === undefined ? [] : [{ value: OUTSIDE, label: outside }]),
        ...(main === undefined ? [{ value: "", label: "main" }] : []),
        ...wallets.map(({ id, name }) => ({ value: id, label: name })),
        { value: NEW, label: "New wallet…" },
      ]}
    />
  );
}

function NewWallet({ onDone }: { onDone: (id: string | null) => void }): ReactNode {
  const changed = useBooksChanged();
  const [name, setName] = useState("");
  const [fault, setFault] = useState<string>();
  const [busy, setBusy] = useState(false);
  const add = async (): Promise<void> => {
    setBusy(true);
    try {
      const { id } = await addWallet(name.trim());
      await changed();
      onDone(id);
    } catch (error) {
      setFault(asProblem(error).title);
      setBusy(false);
    }
  };
  return (
    <div className="flex items-end gap-1.5">
      <div className="min-w-0 flex-1">
        <Field
          label="Name of the new wallet"
          autoFocus
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            if (name.trim() !== "") void add();
          }}
          fault={fault}
        />
      </div>
      <Button busy={busy} disabled={name.trim() === ""} onClick={() => void add()}>
        Add
      </Button>
      <Button look="quiet" onClick={() => onDone(null)}>
        Cancel
      </Button>
    </div>
  );
}
