/** Where holdings live, by name. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";

export type WalletOfLedger = Schemas["plimsoll__ledger__schemas__ledger__WalletView"];

export function useWallets(): readonly WalletOfLedger[] {
  const { data } = useQuery({
    queryKey: ["ledger", "wallets"],
    queryFn: () => answer(api.GET("/api/v1/wallets", { params: { query: { limit: 1000 } } })),
    staleTime: 60_000,
  });
  return data?.data ?? [];
}

export function WalletName({ id }: { id: string | null }): ReactNode {
  const wallets = useWallets();
  if (id === null) return <span className="text-ink-3">outside</span>;
  return wallets.find((wallet) => wallet.id === id)?.name ?? id.slice(0, 8);
}
