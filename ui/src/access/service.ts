import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { answer, api, type Schemas } from "@/api/client";

/** What this service is: version, where prices come from, whether anybody may register. */
export function useService(): UseQueryResult<Schemas["MetaView"]> {
  return useQuery({
    queryKey: ["meta"],
    queryFn: () => answer(api.GET("/api/v1/meta")),
    staleTime: Infinity,
  });
}
