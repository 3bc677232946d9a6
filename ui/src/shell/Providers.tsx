/** What every screen stands on: answers that are kept, who is signed in, how this person wants things shown. */
import {
  QueryClient,
  QueryClientProvider,
  queryOptions,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { forgetPerson } from "@/access/session";
import { answer, api, watchSignedOut, type Schemas } from "@/api/client";
import { wishFor } from "@/api/once";
import { Problem } from "@/api/problems";
import { Toasts } from "@/components/Toasts";
import { DEFAULTS, PreferencesContext, type Preferences } from "@/hooks/preferences";
import { SessionContext, type Me } from "@/hooks/session";
import { keepOpen, live } from "@/stream/browser";

const LONGEST_WAIT_MS = 4_000;
/** What failed for a reason that passes is asked again so often, where a screen does not say how often itself. */
const AGAIN_MS = 5_000;

/** How long the service wants not to be asked. What takes longer is said, with a button, and not waited for. */
function waitOf(error: unknown): number {
  return error instanceof Problem ? (error.retryAfterS ?? 0) * 1000 : 0;
}

export const queries = new QueryClient({
  defaultOptions: {
    // The browser knows of the internet, not of this service, which may be on the same machine. And what waits for the
    // line is sent when it is back, minutes after it was pressed: an order at another price.
    queries: {
      networkMode: "always",
      refetchOnReconnect: true,
      staleTime: 5_000,
      retry: (failures, error) =>
        failures < 2 && error instanceof Problem && error.passing && waitOf(error) <= LONGEST_WAIT_MS,
      retryDelay: (failures, error) => Math.max(500 * 2 ** failures, waitOf(error)),
      refetchOnWindowFocus: true,
      refetchInterval: ({ state: { error } }) =>
        error instanceof Problem && error.passing ? AGAIN_MS : false,
    },
    mutations: { networkMode: "always", retry: false },
  },
});

async function findMe(): Promise<Me | null> {
  // Asked first, for a browser writes every refusal into its console, also those that are expected.
  const meta = await answer(api.GET("/api/v1/meta"));
  queries.setQueryData(aboutService.queryKey, meta);
  if (!meta.signed_in) {
    if (!meta.demo) return null;
    await answer(api.POST("/api/v1/demo/session"));
    live.renew();
  }
  try {
    return await answer(api.GET("/api/v1/auth/me"));
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return null;
    throw error;
  }
}

const aboutService = queryOptions({
  queryKey: ["meta"],
  queryFn: () => answer(api.GET("/api/v1/meta")),
  staleTime: Infinity,
});
const aboutMe = queryOptions({ queryKey: ["me"], queryFn: findMe, staleTime: 60_000 });

export function Providers({ children }: { children: ReactNode }): ReactNode {
  return (
    <QueryClientProvider client={queries}>
      <Toasts>
        <SessionProvider>
          <PreferencesProvider>{children}</PreferencesProvider>
        </SessionProvider>
      </Toasts>
    </QueryClientProvider>
  );
}

function SessionProvider({ children }: { children: ReactNode }): ReactNode {
  const client = useQueryClient();
  const { data: meta } = useQuery(aboutService);
  const { data: me } = useQuery(aboutMe);
  const refresh = useCallback(() => client.invalidateQueries(), [client]);
  useEffect(
    () =>
      watchSignedOut(() => {
        // The question who is signed in is itself answered so: it must not be asked because of its own answer.
        if (!client.getQueryData(["me"]) || client.isFetching({ queryKey: ["me"] }) > 0) return;
        void client.invalidateQueries({ queryKey: ["me"] });
      }),
    [client],
  );
  useEffect(keepOpen, []);
  // What failed while the service was away need not wait for its turn.
  useEffect(
    () =>
      live.watch(() => {
        if (live.condition === "live")
          void client.refetchQueries({ type: "active", predicate: ({ state }) => state.status === "error" });
      }),
    [client],
  );
  const id = me === undefined ? undefined : (me?.id ?? null);
  const before = useRef(id);
  // A socket learns who is calling when it opens: somebody else needs a new one.
  useEffect(() => {
    if (before.current !== undefined && before.current !== id) {
      live.renew();
      if (before.current !== null) forgetPerson(client);
    }
    before.current = id;
    if (id) wishFor(id);
  }, [id, client]);
  const session = useMemo(() => ({ me, demo: meta?.demo === true, refresh }), [me, meta, refresh]);
  return <SessionContext value={session}>{children}</SessionContext>;
}

const KEPT = "plimsoll.preferences";

function remembered(): Preferences {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Partial<Preferences>) };
  } catch {
    return DEFAULTS;
  }
}

type Kept = Schemas["PreferencesView"];

const queryKey = ["preferences"];
const aboutPreferences = queryOptions({
  queryKey,
  queryFn: () => answer(api.GET("/api/v1/me/preferences")),
  staleTime: 60_000,
});

/** What is held, changed; false: nothing is. An answer that is still on its way would take it back. */
function put(client: QueryClient, changes: Partial<Kept>): boolean {
  const held = client.getQueryData<Kept>(queryKey);
  if (held === undefined) return false;
  void client.cancelQueries({ queryKey });
  client.setQueryData<Kept>(queryKey, { ...held, ...changes });
  return true;
}

/** As `put`, of what was changed before the service has told what is kept; false: nobody has signed in. */
async function putWhenKnown(client: QueryClient, changes: Partial<Kept>): Promise<boolean> {
  try {
    if (await client.ensureQueryData(aboutMe)) await client.ensureQueryData(aboutPreferences);
  } catch {
    return false; // said where it was asked first
  }
  return put(client, changes);
}

/** What is shown now, sent to the service. Of its answer only the version counts: since then more may have changed. */
async function save(client: QueryClient): Promise<void> {
  const shown = client.getQueryData<Kept>(queryKey);
  if (shown === undefined) return;
  // All of it but when: that is not for the page to say.
  const { changed_at: _, ...body } = shown;
  try {
    const now = await answer(api.PUT("/api/v1/me/preferences", { body }));
    put(client, { version: now.version, changed_at: now.changed_at });
  } catch {
    await client.invalidateQueries({ queryKey });
  }
}

function PreferencesProvider({ children }: { children: ReactNode }): ReactNode {
  const client = useQueryClient();
  const [own, setOwn] = useState(remembered);
  const sending = useRef(Promise.resolve());
  const { data: me } = useQuery(aboutMe);
  const { data: kept } = useQuery({ ...aboutPreferences, enabled: Boolean(me) });
  const change = useCallback(
    async (changes: Partial<Preferences>) => {
      setOwn((before) => ({ ...before, ...changes }));
      if (!put(client, changes) && !(await putWhenKnown(client, changes))) return;
      // One after the other: each carries the version that the one before has made.
      sending.current = sending.current.then(() => save(client));
    },
    [client],
  );
  const preferences = useMemo(
    () => (kept && kept.changed_at !== null ? { ...own, ...kept } : own),
    [own, kept],
  );
  useEffect(() => localStorage.setItem(KEPT, JSON.stringify(preferences)), [preferences]);
  useTheme(preferences.theme);
  const state = useMemo(() => ({ preferences, change }), [preferences, change]);
  return <PreferencesContext value={state}>{children}</PreferencesContext>;
}

function useTheme(theme: Preferences["theme"]): void {
  useEffect(() => {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const apply = (): void => {
      const dark = theme === "dark" || (theme !== "light" && system.matches);
      document.documentElement.dataset["theme"] = dark ? "dark" : "light";
    };
    apply();
    system.addEventListener("change", apply);
    return () => system.removeEventListener("change", apply);
  }, [theme]);
}
