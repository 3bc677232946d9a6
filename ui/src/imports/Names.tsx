/** Codes that nobody has said the meaning of, and wallets that the file names: mapped together, read once. */
import { useState, type FormEvent, type ReactNode } from "react";
import { AssetField, useFindAsset } from "@/components/AssetField";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Field } from "@/components/Field";
import { Panel } from "@/components/Panel";
import { Failed } from "@/components/States";
import { useWallets } from "@/components/Wallet";
import { useAnswer } from "./use-import";
import type { ImportView } from "./words";

type Texts = Readonly<Record<string, string>>;

function rowsOf(count: number): string {
  return count === 1 ? "1 row" : `${count} rows`;
}

export function Names({ view }: { view: ImportView }): ReactNode {
  const named = view.wallets.filter((wallet) => wallet.named !== "");
  const said = Object.keys(view.answers.assets);
  const codes = [
    ...view.unknown_assets,
    ...said
      .filter((code) => !view.unknown_assets.some((unknown) => unknown.code === code))
      .map((code) => ({ code, rows: null })),
  ];
  const [assets, setAssets] = useState<Texts>({});
  const [wallets, setWallets] = useState<Texts>({});
  const send = useAnswer(view.id);
  const find = useFindAsset();
  const known = useWallets();
  if (codes.length === 0 && named.length === 0) return null;
  const wrong = Object.entries(assets).filter(([, text]) => text !== "" && find(text) === undefined);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const meant = Object.entries(assets).map(([code, text]) => [code, find(text) ?? null]);
    const places = Object.entries(wallets).map(([name, text]) => {
      const there = known.find((wallet) => wallet.name === text.trim());
      return [name, there?.id ?? (text.trim() === "" ? null : text.trim())];
    });
    send.mutate({ assets: Object.fromEntries(meant), wallets: Object.fromEntries(places) });
  };
  const changed = Object.keys(assets).length + Object.keys(wallets).length > 0;
  return (
    <Panel title="Names in the file" note="Each is asked for once, for all of its rows">
      <form onSubmit={submit} className="flex flex-col gap-3 p-3">
        <div className="grid gap-3 sm:grid-cols-2 lg:grid-cols-4">
          {codes.map(({ code, rows }) => (
            <AssetField
              key={code}
              label={`${code} is ${rows === null ? "(you said)" : `(unknown, ${rowsOf(rows)})`}`}
              placeholder="symbol, name or id"
              value={assets[code] ?? view.answers.assets[code] ?? ""}
              fault={wrong.some(([each]) => each === code) ? "no asset is called so" : null}
              onChange={(_, typed) => setAssets({ ...assets, [code]: typed })}
            />
          ))}
          {named.map(({ named: name, rows, wallet, wallet_id }) => (
            <Field
              key={name}
              label={`Wallet “${name}” (${rowsOf(rows)}) goes to`}
              list="wallets-there-are"
              value={wallets[name] ?? wallet ?? known.find(({ id }) => id === wallet_id)?.name ?? name}
              hint={wallet_id === null ? <Badge tone="accent">made when recorded</Badge> : "is there already"}
              onChange={(event) => setWallets({ ...wallets, [name]: event.target.value })}
            />
          ))}
        </div>
        <datalist id="wallets-there-are">
          {known.map(({ id, name }) => (
            <option key={id} value={name} />
          ))}
        </datalist>
        {send.error !== null && <Failed error={send.error} compact />}
        <Button
          type="submit"
          className="self-start"
          busy={send.isPending}
          disabled={!changed || wrong.length > 0}
        >
          Apply and read again
        </Button>
      </form>
    </Panel>
  );
}
