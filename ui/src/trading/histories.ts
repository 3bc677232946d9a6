/** What was: orders that have ended, fills, funding payments, liquidations. Asked again when the live channels tell of more. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { answer, api, type Schemas } from "@/api/client";

export type Fill = Schemas["OwnFillView"];
export type Payment = Schemas["PaymentView"];
export type Liquidation = Schemas["LiquidationView"];
export type PastOrder = Schemas["OrderView"];

const LIMIT = 100;

interface Asked {
  readonly limit: number;
  readonly symbol?: string;
}

/** The newest of one kind; without a symbol of all markets. */
function usePast<T>(
  kind: string,
  symbol: string | undefined,
  ask: (query: Asked) => Promise<unknown>,
  refetchInterval: number | false = false,
): UseQueryResult<readonly T[]> {
  return useQuery({
    queryKey: ["trading", kind, symbol ?? "all"],
    queryFn: async () => {
      const page = await ask(symbol === undefined ? { limit: LIMIT } : { limit: LIMIT, symbol });
      // Without a format a list is JSON; the other ones are files.
      return (page as { data: readonly T[] }).data;
    },
    refetchInterval,
  });
}

export function useFills(symbol?: string): UseQueryResult<readonly Fill[]> {
  return usePast("fills", symbol, (query) => answer(api.GET("/api/v1/fills", { params: { query } })));
}

export function usePayments(symbol?: string): UseQueryResult<readonly Payment[]> {
  const ask = (query: Asked) => answer(api.GET("/api/v1/funding", { params: { query } }));
  return usePast("funding", symbol, ask, 60_000);
}

export function useLiquidations(symbol?: string): UseQueryResult<readonly Liquidation[]> {
  return usePast("liquidations", symbol, (query) =>
    answer(api.GET("/api/v1/liquidations", { params: { query } })),
  );
}

export function usePastOrders(symbol?: string): UseQueryResult<readonly PastOrder[]> {
  return usePast("history", symbol, async (query) => {
    const all = await answer(api.GET("/api/v1/orders", { params: { query: { ...query, status: "all" } } }));
    const { data } = all as { data: readonly PastOrder[] };
    return { data: data.filter((order) => order.status !== "open" && order.status !== "waiting") };
  });
}
