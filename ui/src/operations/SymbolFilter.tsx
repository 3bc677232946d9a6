import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { ChoiceFilter } from "./filters";

/** One of the symbols that are traded. */
export function SymbolFilter(): ReactNode {
  const { data } = useQuery({
    queryKey: ["operations", "instruments"],
    queryFn: () =>
      answer<Schemas["Page_InstrumentView_"]>(
        api.GET("/api/v1/instruments", { params: { query: { limit: 1000 } } }) as never,
      ),
    staleTime: 60_000,
  });
  const symbols = data?.data.map((each) => each.symbol) ?? [];
  return <ChoiceFilter name="symbol" label="Symbol" among={symbols} say={(symbol) => symbol} />;
}
