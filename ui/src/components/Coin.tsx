/** What the ledger calls by its id, as people call it: BTC, Bitcoin. */
import { useQuery } from "@tanstack/react-query";
import { useCallback, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { formatQuantity, HIDDEN, MISSING } from "@/format/amounts";
import { useManner } from "@/hooks/preferences";

export type Asset = Schemas["AssetView"];

async function fetchAssets(): Promise<ReadonlyMap<string, Asset>> {
  const assets = new Map<string, Asset>();
  let cursor: string | null = null;
  do {
    const page: Schemas["Page_AssetView_"] = await answer(
      api.GET("/api/v1/assets", { params: { query: { limit: 1000, cursor } } }),
    );
    for (const asset of page.data) assets.set(asset.id, asset);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return assets;
}

/** Every asset that the service knows, by its id; empty until it is there. */
export function useAssets(): ReadonlyMap<string, Asset> {
  const { data } = useQuery({ queryKey: ["assets"], queryFn: fetchAssets, staleTime: 600_000 });
  return data ?? NONE;
}

const NONE: ReadonlyMap<string, Asset> = new Map();

/** The symbol of an asset in capitals; of an unknown one, its id. */
export function useSymbol(): (coinId: string) => string {
  const assets = useAssets();
  return useCallback((coinId) => assets.get(coinId)?.symbol.toUpperCase() ?? coinId, [assets]);
}

export function Coin({ id, full = false }: { id: string; full?: boolean }): ReactNode {
  const asset = useAssets().get(id);
  const symbol = asset?.symbol.toUpperCase() ?? id;
  const name = asset?.name ?? id;
  return (
    <span className="whitespace-nowrap" title={name}>
      <span className="font-medium">{symbol}</span>
      {full && name !== symbol && <span className="text-ink-3"> {name}</span>}
    </span>
  );
}

/** A quantity of one's own: hidden in privacy mode. */
export function Quantity({
  value,
  signed = false,
  most = 8,
}: {
  value: string | null | undefined;
  signed?: boolean;
  most?: number;
}): ReactNode {
  const { locale, privacy } = useManner();
  if (value === null || value === undefined) return <span className="text-ink-3">{MISSING}</span>;
  if (privacy) return <span>{HIDDEN}</span>;
  const shown = formatQuantity(value, locale, most);
  return (
    <span className="tabular-nums" title={value}>
      {signed && !value.startsWith("-") ? `+${shown}` : shown}
    </span>
  );
}
