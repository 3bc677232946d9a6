/** API keys: what is asked of the service. */
import { useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { answer, api, type Schemas } from "@/api/client";

export type Key = Schemas["KeyView"];
export type NewKey = Schemas["NewKeyView"];
export type Scope = Schemas["Scope"];
export type UsageWindow = Schemas["UsageWindow"];

export const SCOPES: Readonly<Record<Scope, string>> = {
  read: "see everything of mine",
  trade: "place and cancel orders, change holdings and alerts",
  import: "import and correct transactions",
  oversee: "see what operators see",
  admin: "do what operators do",
};

export function useKeys(): UseQueryResult<Schemas["Page_KeyView_"]> {
  return useQuery({
    queryKey: ["access", "keys"],
    queryFn: () => answer(api.GET("/api/v1/auth/keys")),
  });
}

export function useUsage(id: string, window: UsageWindow): UseQueryResult<Schemas["UsageView"]> {
  return useQuery({
    queryKey: ["access", "keys", id, "usage", window],
    queryFn: () =>
      answer(
        api.GET("/api/v1/auth/keys/{key_id}/usage", { params: { path: { key_id: id }, query: { window } } }),
      ),
  });
}

export function makeKey(body: Schemas["NewKey"]): Promise<NewKey> {
  return answer(api.POST("/api/v1/auth/keys", { body }));
}

export function rotateKey(id: string, body: Schemas["Rotation"]): Promise<NewKey> {
  return answer(api.POST("/api/v1/auth/keys/{key_id}/rotate", { params: { path: { key_id: id } }, body }));
}

export async function revokeKey(id: string): Promise<void> {
  await answer(api.DELETE("/api/v1/auth/keys/{key_id}", { params: { path: { key_id: id } } }));
}

export function useKeysChanged(): () => void {
  const client = useQueryClient();
  return () => void client.invalidateQueries({ queryKey: ["access", "keys"] });
}
