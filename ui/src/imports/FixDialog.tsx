/** A request that would settle a doubt: what it would do is shown, what only a person knows is asked. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { answer, api, newKey } from "@/api/client";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { Coin, Quantity, useSymbol } from "@/components/Coin";
import { Dialog } from "@/components/Dialog";
import { AmountField, ChoiceField, Field } from "@/components/Field";
import { Failed } from "@/components/States";
import { WalletName, useWallets } from "@/components/Wallet";
import { isDecimal } from "@/format/decimal";
import { useFailWhenGone, useWhileHere } from "@/hooks/here";
import { useToasts } from "@/hooks/toasts";
import { readAt, writeAt, type Fix, type Issue } from "./doubts";

type Send = (path: string, given: unknown) => Parameters<typeof answer>[0];

/** The service wrote the request itself: its path is of its own, so its types are not known here. */
function send(fix: Fix, body: unknown, key: string): Promise<unknown> {
  const method = (fix.method === "PUT" ? api.PUT : api.POST) as unknown as Send;
  const headers = fix.method === "POST" ? { "idempotency-key": key } : {};
  return answer(method(fix.path, { headers, ...(body === null ? {} : { body }) }));
}

export function FixDialog({
  issue,
  fix,
  title,
  onClose,
}: {
  issue: Issue;
  fix: Fix;
  title: string;
  onClose: () => void;
}): ReactNode {
  const client = useQueryClient();
  const toasts = useToasts();
  const close = useWhileHere(onClose);
  const failWhenGone = useFailWhenGone();
  const [key] = useState(newKey);
  const [said, setSaid] = useState<Readonly<Record<string, string>>>(() =>
    Object.fromEntries(fix.asks.map((pointer) => [pointer, String(readAt(fix.body, pointer) ?? "")])),
  );
  const settle = useMutation({
    mutationFn: () => {
      const body = fix.asks.reduce<unknown>(
        (before, pointer) => writeAt(before, pointer, said[pointer]?.trim()),
        fix.body,
      );
      return send(fix, body, key);
    },
    onSuccess: async () => {
      // The books have changed: nothing that was counted from them is true any more.
      await client.invalidateQueries();
      close();
      toasts.tell({ title: `Done: ${title}`, tone: "good" });
    },
    onError: failWhenGone,
  });
  const faults = settle.error === null ? [] : asProblem(settle.error).faults;
  const ready = fix.asks.every((pointer) => {
    const text = said[pointer]?.trim() ?? "";
    return pointer.endsWith("/value") || pointer.endsWith("/price") ? isDecimal(text) : text !== "";
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    settle.mutate();
  };
  return (
    <Dialog open onClose={onClose} title={title}>
      <form onSubmit={submit} className="flex flex-col gap-3 text-[13px]">
        <p>{issue.cause}</p>
        <What fix={fix} />
        {fix.asks.map((pointer) => (
          <Ask
            key={pointer}
            pointer={pointer}
            fix={fix}
            value={said[pointer] ?? ""}
            fault={faults.find((each) => each.pointer === pointer)?.message}
            onChange={(value) => setSaid({ ...said, [pointer]: value })}
          />
        ))}
        {settle.error !== null && <Failed error={settle.error} compact />}
        <Button
          type="submit"
          look={fix.path.endsWith("/void") ? "danger" : "primary"}
          className="self-end"
          busy={settle.isPending}
          disabled={!ready}
        >
          {title}
        </Button>
      </form>
    </Dialog>
  );
}

interface Leg {
  readonly coin_id: string;
  readonly quantity: string;
  readonly wallet_id: string | null;
}

/** What would be recorded. */
function What({ fix }: { fix: Fix }): ReactNode {
  const legs = (readAt(fix.body, "#/legs") ?? []) as readonly Leg[];
  if (fix.path.endsWith("/void")) {
    return (
      <p className="text-ink-2">The transaction is taken out of force; it stays in the ledger, marked.</p>
    );
  }
  if (fix.path.endsWith("/confirm")) {
    return <p className="text-ink-2">Both are replaced by one transfer; what did not arrive is its fee.</p>;
  }
  if (fix.path.endsWith("/reject")) return <p className="text-ink-2">These two are never proposed again.</p>;
  if (legs.length === 0) return null;
  return (
    <ul className="rounded border border-line bg-raised px-3 py-2">
      {legs.map((leg, place) => (
        <li key={place}>
          <Quantity value={leg.quantity} signed most={18} /> <Coin id={leg.coin_id} />{" "}
          {leg.wallet_id !== null && (
            <span className="text-ink-2">
              in <WalletName id={leg.wallet_id} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Ask({
  pointer,
  fix,
  value,
  fault,
  onChange,
}: {
  pointer: string;
  fix: Fix;
  value: string;
  fault: string | undefined;
  onChange: (value: string) => void;
}): ReactNode {
  const wallets = useWallets();
  const symbolOf = useSymbol();
  const currency = String(readAt(fix.body, "#/currency") ?? "usd").toUpperCase();
  const name = pointer.split("/").at(-1);
  const change = (event: { target: { value: string } }): void => onChange(event.target.value);
  if (name === "wallet_id") {
    const known = wallets.map(({ id, name: label }) => ({ value: id, label }));
    return (
      <ChoiceField
        label="The wallet it came from"
        value={value}
        fault={fault}
        onChange={change}
        choices={[{ value: "", label: "choose" }, ...known]}
      />
    );
  }
  if (name === "occurred_at") {
    return (
      <Field
        label="When, in UTC"
        value={value}
        fault={fault}
        onChange={change}
        hint="Not later than when it lacked"
        placeholder="2024-01-31T12:00:00Z"
      />
    );
  }
  if (name === "price") {
    const day = String(readAt(fix.body, "#/day") ?? "");
    const coin = symbolOf(String(readAt(fix.body, "#/coin_id") ?? ""));
    return (
      <AmountField
        label={`What 1 ${coin} was worth on ${day}`}
        unit={currency}
        value={value}
        fault={fault}
        onChange={change}
      />
    );
  }
  const hint = "All of it together; what stands here is a guess from the price of the day, or 0";
  return (
    <AmountField
      label="What it had cost"
      unit={currency}
      value={value}
      fault={fault}
      hint={hint}
      onChange={change}
    />
  );
}
