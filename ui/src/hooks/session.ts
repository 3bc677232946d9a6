/** Who is signed in, and what the service says of itself. Filled by the shell. */
import { createContext, useContext } from "react";
import type { Schemas } from "@/api/client";

export type Me = Schemas["MeView"];

export interface Session {
  /** null: a stranger; undefined: not known yet. */
  readonly me: Me | null | undefined;
  readonly demo: boolean;
  /** Ask again who is signed in: after signing in or out. */
  refresh(): Promise<void>;
}

export const SessionContext = createContext<Session>({
  me: undefined,
  demo: false,
  refresh: () => Promise.resolve(),
});

export function useSession(): Session {
  return useContext(SessionContext);
}

/** The person signed in; only below a screen that the shell shows to nobody else. */
export function useMe(): Me {
  const { me } = useSession();
  if (!me) throw new Error("this part is for somebody who is signed in");
  return me;
}

export function mayOversee(me: Me | null | undefined): boolean {
  return me?.role === "operator" || me?.role === "regulator";
}
