/** What is asked of the tax routes. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { answer, api, type Schemas } from "@/api/client";
import type { Jurisdiction, RunDetail, Way } from "./words";

/** Whose rules there are, with their methods and years. */
export function useJurisdictions(): UseQueryResult<readonly Jurisdiction[]> {
  return useQuery({
    queryKey: ["tax", "jurisdictions"],
    queryFn: async () => (await answer(api.GET("/api/v1/tax/jurisdictions"))).data,
    // Only another version of the service has others; the last year moves on once a year.
    staleTime: 3_600_000,
  });
}

/** What a country is called; its code for as long as nobody has said. */
export function useCountryName(): (code: string) => string {
  const { data } = useJurisdictions();
  return (code) => data?.find((each) => each.code === code)?.title ?? code.toUpperCase();
}

export function useElections(jurisdiction: string): UseQueryResult<Schemas["ElectionsView"]> {
  return useQuery({
    queryKey: ["tax", "elections", jurisdiction],
    queryFn: () =>
      answer(api.GET("/api/v1/tax/elections/{jurisdiction}", { params: { path: { jurisdiction } } })),
  });
}

export function useRun(id: string): UseQueryResult<RunDetail> {
  return useQuery({
    queryKey: ["tax", "run", id],
    queryFn: () => answer(api.GET("/api/v1/tax/runs/{run_id}", { params: { path: { run_id: id } } })),
    // A run never changes.
    staleTime: Infinity,
  });
}

/** The newest report of a year, whatever its method. */
export function useNewestRun(jurisdiction: string, year: number) {
  return useQuery({
    queryKey: ["tax", "runs", "newest", jurisdiction, year],
    queryFn: () =>
      answer(api.GET("/api/v1/tax/runs", { params: { query: { jurisdiction, year, limit: 1 } } })),
  });
}

export function useHarvest(jurisdiction: string, method: Way | null, days: number) {
  return useQuery({
    queryKey: ["tax", "harvest", jurisdiction, method, days],
    queryFn: () =>
      answer(
        api.GET("/api/v1/tax/harvest", { params: { query: { jurisdiction, method, within_days: days } } }),
      ),
  });
}

export type OpenDoubts = Readonly<Record<string, number>>;

/** How many doubts of each kind are open: what they are about may be missing in a report. */
export function useDoubts(): UseQueryResult<OpenDoubts> {
  return useQuery({
    queryKey: ["data-quality", "open"],
    queryFn: async () => {
      const page = (await answer(
        api.GET("/api/v1/data-quality", { params: { query: { state: "open", limit: 1 } } }),
      )) as Schemas["IssuePage"];
      return Object.fromEntries(
        Object.entries(page.counts).map(([kind, counts]) => [kind, counts["open"] ?? 0]),
      );
    },
  });
}

/** Everything in a list that has pages; there are as many as somebody said by hand. */
async function wholeOf<T>(
  fetch: (cursor: string | null) => Promise<{ data: T[]; next_cursor: string | null }>,
): Promise<readonly T[]> {
  const rows: T[] = [];
  let cursor: string | null = null;
  do {
    const page: { data: T[]; next_cursor: string | null } = await fetch(cursor);
    rows.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return rows;
}

/** What counts otherwise than its kind does. */
export function useTreatments(): UseQueryResult<readonly Schemas["TreatmentView"][]> {
  return useQuery({
    queryKey: ["tax", "treatments"],
    queryFn: () =>
      wholeOf((cursor) =>
        answer(api.GET("/api/v1/tax/treatments", { params: { query: { limit: 1000, cursor } } })),
      ),
  });
}

export function useGifts(): UseQueryResult<readonly Schemas["GiftView"][]> {
  return useQuery({
    queryKey: ["tax", "gifts"],
    queryFn: () =>
      wholeOf((cursor) =>
        answer(api.GET("/api/v1/tax/gifts", { params: { query: { limit: 1000, cursor } } })),
      ),
  });
}
