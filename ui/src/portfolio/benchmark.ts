/** What returns are shown beside. None, if nobody chooses; a demo shows that there is something to choose. */
import { useSession } from "@/hooks/session";
import { useUrlState } from "@/hooks/url-state";

/** In the address, which leaves out what is empty. */
const NONE = "none";

export function useBenchmark(): [string, (coin: string) => void] {
  const { demo } = useSession();
  const [chosen, choose] = useUrlState("benchmark", demo ? "bitcoin" : NONE);
  return [chosen === NONE ? "" : chosen, (coin) => choose(coin === "" ? NONE : coin)];
}
