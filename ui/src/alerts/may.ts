import { useMe } from "@/hooks/session";

/** Alerts and channels are changed with the scope `trade`, which regulators do not have. */
export function useMayWrite(): boolean {
  return useMe().scopes.includes("trade");
}
