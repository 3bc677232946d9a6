/** A sale that is only thought of: its gain under each method, and what to know before it. */
import { useMutation } from "@tanstack/react-query";
import { useEffect, useState, type FormEvent, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problems";
import { AssetField, useFindAsset } from "@/components/AssetField";
import { Button } from "@/components/Button";
import { Change } from "@/components/Change";
import { Coin, Quantity } from "@/components/Coin";
import { AmountField, ChoiceField } from "@/components/Field";
import { Figure, Panel } from "@/components/Panel";
import { Empty, Failed } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time } from "@/components/Time";
import { useWallets, WalletName } from "@/components/Wallet";
import { isDecimal, signOf } from "@/format/decimal";
import { useOwnMoney } from "@/hooks/preferences";
import { Missing } from "./Missing";
import { NamedLots } from "./NamedLots";
import { PossibleLots } from "./PossibleLots";
import { TERMS, WAYS, type Way } from "./words";

type Found = Schemas["WhatIfView"];
type Outcome = Schemas["OutcomeView"];
type Body = Schemas["WhatIfBody"];

function given(text: string): string | null {
  return text.trim() === "" ? null : text.trim();
}

export function WhatIf({ jurisdiction, method }: { jurisdiction: string; method: Way | null }): ReactNode {
  const find = useFindAsset();
  const wallets = useWallets();
  const [coin, setCoin] = useState("bitcoin");
  const [quantity, setQuantity] = useState("");
  const [price, setPrice] = useState("");
  const [fees, setFees] = useState("");
  const [wallet, setWallet] = useState("");
  const [found, setFound] = useState<{ body: Body; answer: Found } | null>(null);
  const attempt = useMutation({
    mutationFn: (body: Body) => answer(api.POST("/api/v1/tax/what-if", { body })),
  });
  // Of an attempt that was reset nothing is heard any more; what was found stays while lots are tried.
  const attemptWith = (body: Body): void =>
    attempt.mutate(body, {
      onSuccess: (answer) => setFound({ body, answer }),
      onError: () => setFound(null),
    });
  const { reset } = attempt;
  // What was found holds for the rules it was asked with.
  useEffect(() => {
    reset();
    setFound(null);
  }, [jurisdiction, method, reset]);
  const faults = attempt.error === null ? [] : asProblem(attempt.error).faults;
  const faultOf = (name: string) => faults.find(({ pointer }) => pointer === `#/${name}`)?.message;
  const amounts = [price, fees].every((text) => text.trim() === "" || isDecimal(text.trim()));
  const ready = isDecimal(quantity.trim()) && amounts && coin.trim() !== "";
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setFound(null);
    attemptWith({
      jurisdiction,
      coin_id: find(coin) ?? coin.trim(),
      quantity: quantity.trim(),
      price: given(price),
      fees: given(fees) ?? "0",
      wallet_id: given(wallet),
      method,
      picks: [],
    });
  };
  return (
    <div className="flex flex-col gap-3">
      <Panel title="What if I sold" note="Nothing is recorded">
        <form onSubmit={submit} className="flex flex-col gap-3 p-3">
          <div className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-5">
            <AssetField
              label="Asset"
              value={coin}
              fault={faultOf("coin_id")}
              onChange={(_, typed) => setCoin(typed)}
            />
            <AmountField
              label="Quantity"
              required
              value={quantity}
              fault={faultOf("quantity")}
              onChange={(event) => setQuantity(event.target.value)}
            />
            <AmountField
              label="Price of one"
              placeholder="the latest"
              value={price}
              fault={faultOf("price")}
              onChange={(event) => setPrice(event.target.value)}
            />
            <AmountField
              label="Fees"
              placeholder="0"
              value={fees}
              fault={faultOf("fees")}
              onChange={(event) => setFees(event.target.value)}
            />
            <div className="max-md:col-span-2">
              <ChoiceField
                label="From"
                value={wallet}
                fault={faultOf("wallet_id")}
                onChange={(event) => setWallet(event.target.value)}
                choices={[
                  { value: "", label: "the wallet that holds most" },
                  ...wallets.map(({ id, name }) => ({ value: id, label: name })),
                ]}
              />
            </div>
          </div>
          {attempt.error !== null && <Failed error={attempt.error} compact />}
          <Button
            type="submit"
            look="primary"
            className="self-start"
            busy={attempt.isPending}
            disabled={!ready}
          >
            Try it out
          </Button>
        </form>
      </Panel>
      {found === null ? (
        <Panel title="What would come of it">
          <Empty title="Say what would be sold">
            The gain is shown under each method that you may choose, with what to know before the sale.
          </Empty>
        </Panel>
      ) : (
        <Outcomes
          found={found.answer}
          busy={attempt.isPending}
          onName={(picks) => attemptWith({ ...found.body, wallet_id: found.answer.wallet_id, picks })}
        />
      )}
    </div>
  );
}

function Outcomes({
  found,
  busy,
  onName,
}: {
  found: Found;
  busy: boolean;
  onName: (picks: Body["picks"]) => void;
}): ReactNode {
  const money = useOwnMoney();
  const [shown, show] = useState<Way | null>(null);
  const { currency } = found;
  const chosen = found.outcomes.find(({ method }) => method === shown) ?? found.outcomes[0];
  const columns: readonly Column<Outcome>[] = [
    { id: "method", header: "Method", cell: ({ method }) => WAYS[method] },
    { id: "cost", header: "Cost", num: true, cell: ({ cost }) => money(cost, currency) },
    {
      id: "gain",
      header: "Gain",
      num: true,
      cell: ({ gain }) => <Change value={gain} as="money" currency={currency} own />,
    },
    { id: "terms", header: "Of that", cell: ({ by_term }) => <Terms terms={by_term} currency={currency} /> },
    {
      id: "missing",
      header: "Unknown purchase",
      num: true,
      title: "Units of which nobody knows the purchase: they cost 0 here",
      cell: ({ missing }) => (signOf(missing) === 0 ? "—" : <Quantity value={missing} />),
    },
    {
      id: "warnings",
      header: "To know",
      num: true,
      title: "What to know before such a sale",
      cell: ({ warnings }) => (warnings.length === 0 ? "—" : warnings.length),
    },
    {
      id: "lots",
      header: "Lots",
      cell: ({ method }) => (
        <Button small aria-pressed={chosen?.method === method} onClick={() => show(method)}>
          {chosen?.method === method ? "shown below" : "show"}
        </Button>
      ),
    },
  ];
  return (
    <>
      <Panel title="What would come of it">
        <Missing {...found} />
        <div className="flex flex-wrap border-b border-line">
          <Figure
            label="Sold"
            value={
              <>
                <Quantity value={found.quantity} /> <Coin id={found.coin_id} />
              </>
            }
            note={<WalletName id={found.wallet_id} />}
          />
          <Figure label="Proceeds" value={money(found.proceeds, currency)} note="after fees" />
          <Figure label="At" value={<Time at={found.at} />} />
        </div>
        <Table
          label="Gain by method"
          columns={columns}
          rows={found.outcomes}
          keyOf={({ method }) => method}
        />
      </Panel>
      {chosen !== undefined && <PossibleLots outcome={chosen} currency={currency} />}
      {found.disposal !== null && found.outcomes.some(({ method }) => method === "specific") && (
        <NamedLots
          choice={found.disposal}
          currency={currency}
          busy={busy}
          onName={(picks) => {
            show("specific");
            onName(picks);
          }}
        />
      )}
    </>
  );
}

function Terms({ terms, currency }: { terms: Outcome["by_term"]; currency: string }): ReactNode {
  return (
    <span className="flex flex-wrap gap-x-3">
      {Object.entries(terms).map(([term, amount]) => (
        <span key={term} className="whitespace-nowrap">
          <span className="text-ink-2">{TERMS[term as keyof typeof TERMS] ?? term}</span>{" "}
          <Change value={amount} as="money" currency={currency} own />
        </span>
      ))}
    </span>
  );
}
