/** Which transactions are listed; all of it is in the address. */
import { useMemo, type ReactNode } from "react";
import { AssetField } from "@/components/AssetField";
import { Button } from "@/components/Button";
import { CheckField, ChoiceField, Field } from "@/components/Field";
import { useWallets } from "@/components/Wallet";
import { useZone } from "@/hooks/preferences";
import { useSetSearch, useUrlState } from "@/hooks/url-state";
import { ALL_KINDS, GROUPS, isKind, KINDS, kindsOf } from "./kinds";
import { fromClock } from "./moments";
import type { Filter } from "./queries";

const DAY = /^\d{4}-\d\d-\d\d$/;

/** The day after, by the calendar. */
function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}

export function useFilter(): Filter {
  const zone = useZone();
  const [kind] = useUrlState("kind");
  const [coin] = useUrlState("coin");
  const [wallet] = useUrlState("wallet");
  const [from] = useUrlState("from");
  const [to] = useUrlState("to");
  return useMemo(() => {
    const kinds = isKind(kind) ? [kind] : kindsOf(kind);
    const begin = DAY.test(from) ? fromClock(from, zone) : null;
    // Days are the reader's, and the last one belongs to it; the service's `to` does not.
    const end = DAY.test(to) ? fromClock(dayAfter(to), zone) : null;
    return {
      ...(kinds.length === 0 ? {} : { kind: [...kinds] }),
      ...(coin === "" ? {} : { coin_id: coin }),
      ...(wallet === "" ? {} : { wallet_id: wallet }),
      ...(begin === null ? {} : { from: begin }),
      ...(end === null ? {} : { to: end }),
    };
  }, [kind, coin, wallet, from, to, zone]);
}

export function Filters(): ReactNode {
  const wallets = useWallets();
  const set = useSetSearch();
  const [kind, setKind] = useUrlState("kind");
  const [coin, setCoin] = useUrlState("coin");
  const [wallet, setWallet] = useUrlState("wallet");
  const [from, setFrom] = useUrlState("from");
  const [to, setTo] = useUrlState("to");
  const [voided, setVoided] = useUrlState("voided");
  const any = [kind, coin, wallet, from, to].some((value) => value !== "");
  return (
    <div className="grid grid-cols-2 items-end gap-2 border-b border-line p-3 sm:grid-cols-3 lg:grid-cols-[1fr_1fr_1fr_150px_150px_auto]">
      <ChoiceField
        label="Kind"
        value={kind}
        onChange={(event) => setKind(event.target.value)}
        choices={[
          { value: "", label: "All kinds" },
          ...GROUPS.flatMap(([id, name]) => [
            { value: id, label: `${name}: all` },
            ...kindsOf(id).map((each) => ({ value: each, label: `\u2003${KINDS[each].name}` })),
          ]),
          ...ALL_KINDS.filter((each) => each === "void").map((each) => ({ value: each, label: "Voids" })),
        ]}
      />
      <AssetField label="Coin" placeholder="Any coin" value={coin} onChange={setCoin} />
      <ChoiceField
        label="Wallet"
        value={wallet}
        onChange={(event) => setWallet(event.target.value)}
        choices={[
          { value: "", label: "All wallets" },
          ...wallets.map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
      <Field type="date" label="From" value={from} onChange={(event) => setFrom(event.target.value)} />
      <Field type="date" label="To, inclusive" value={to} onChange={(event) => setTo(event.target.value)} />
      <div className="flex min-h-8 items-center gap-2">
        <CheckField
          label="Voided ones"
          checked={voided === "shown"}
          onChange={(event) => setVoided(event.target.checked ? "shown" : "")}
        />
        {any && (
          <Button
            small
            look="quiet"
            onClick={() =>
              set({ kind: undefined, coin: undefined, wallet: undefined, from: undefined, to: undefined })
            }
          >
            Clear
          </Button>
        )}
      </div>
    </div>
  );
}
