/** Signing in and out. What of a person is kept on this page ends with their session. */
import { useMutation, useQueryClient, type QueryClient, type UseMutationResult } from "@tanstack/react-query";
import { useCallback } from "react";
import { answer, api } from "@/api/client";
import { asProblem, type Problem } from "@/api/problems";
import { useSession } from "@/hooks/session";

export interface Credentials {
  readonly email: string;
  readonly password: string;
  /** Of the second factor. */
  readonly code?: string;
}

export async function signIn({ email, password, code }: Credentials): Promise<void> {
  const body = { email, password, cookie: true, ...(code ? { code } : {}) };
  await answer(api.POST("/api/v1/auth/login", { body }));
}

export async function register(credentials: Credentials): Promise<void> {
  const { email, password } = credentials;
  await answer(api.POST("/api/v1/auth/register", { body: { email, password } }));
  await signIn(credentials);
}

const isTheirs = ({ queryKey }: { readonly queryKey: readonly unknown[] }): boolean =>
  queryKey[0] !== "meta" && queryKey[0] !== "me";

/** Forgets what was fetched for whoever was here before, except what is the same for everybody. */
export function useForget(): () => void {
  const client = useQueryClient();
  return useCallback(() => client.removeQueries({ predicate: isTheirs }), [client]);
}

/** Somebody else is here, however the session before ended: what is still looked at is asked for anew. */
export function forgetPerson(client: QueryClient): void {
  client.removeQueries({ predicate: isTheirs, type: "inactive" });
  void client.resetQueries({ predicate: isTheirs });
  client.getMutationCache().clear();
}

export function useSignOut(): UseMutationResult<void, unknown, void> {
  const client = useQueryClient();
  const { refresh } = useSession();
  const forget = useForget();
  return useMutation({
    mutationFn: async () => {
      try {
        await answer(api.POST("/api/v1/auth/logout"));
      } catch (error) {
        // Over already is what was wanted.
        if (asProblem(error).status !== 401) throw error;
      }
    },
    onSuccess: async () => {
      client.setQueryData(["me"], null);
      forget();
      await refresh();
    },
  });
}

/** Stands for this page's own origin: whatever leads away from it is another site. */
const NOWHERE = "http://page.invalid";

/** Where to go after signing in: a path of this page and never another site. */
export function readNext(next: string | undefined): {
  to: string;
  search: Record<string, string>;
  hash: string;
} {
  const start = { to: "/markets", search: {}, hash: "" };
  if (next === undefined || !/^\/(?![/\\])/.test(next)) return start;
  try {
    const { origin, pathname, searchParams, hash } = new URL(next, NOWHERE);
    if (origin !== NOWHERE || pathname.startsWith("//") || pathname === "/sign-in") return start;
    return { to: pathname, search: Object.fromEntries(searchParams), hash: hash.replace(/^#/, "") };
  } catch {
    return start;
  }
}

/** What is wrong with one field of a body, e.g. `email`. */
export function faultOf(problem: Problem | null, field: string): string | undefined {
  const fault = problem?.faults.find(({ pointer }) => pointer === `#/${field}` || pointer === `/${field}`);
  return fault?.message;
}
