/** A number that opens where it comes from. What is open is in the address as `why`. */
import type { ReactNode } from "react";
import { useSetSearch } from "@/hooks/url-state";

export function useWhy(): (why: string) => void {
  const set = useSetSearch();
  return (why) => set({ why });
}

export function Why({ of, label, children }: { of: string; label: string; children: ReactNode }): ReactNode {
  const open = useWhy();
  return (
    <button
      type="button"
      onClick={() => open(of)}
      title={`Where does ${label} come from?`}
      className="underline decoration-ink-3/50 decoration-dotted underline-offset-4 hover:decoration-accent"
    >
      {children}
    </button>
  );
}
