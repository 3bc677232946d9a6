/** Jobs, for components. After a 202 keep its `job_id` and give it to `useJob`, or to `<JobProgress>`. */
import { useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { isOver, watchJob, type JobView } from "@/api/jobs";
import { useSession } from "./session";

export type { JobView } from "@/api/jobs";
export { isOver } from "@/api/jobs";

const ACTIVE_MS = 5_000;
const QUIET_MS = 30_000;
const SHOWN = 30;

/** The job as it is now, followed to its end; null follows nothing. */
export function useJob(id: string | null): { job: JobView | undefined; error: unknown } {
  const client = useQueryClient();
  const [seen, setSeen] = useState<{ id: string; job?: JobView; error: unknown } | null>(null);
  useEffect(() => {
    if (id === null) return;
    void client.invalidateQueries({ queryKey: ["jobs"] });
    return watchJob(id, {
      onJob: (job) => {
        setSeen({ id, job, error: null });
        if (isOver(job)) void client.invalidateQueries({ queryKey: ["jobs"] });
      },
      onError: (error) => setSeen((before) => ({ ...(before?.id === id ? before : { id }), error })),
    });
  }, [id, client]);
  if (seen === null || seen.id !== id) return { job: undefined, error: null };
  return { job: seen.job, error: seen.error };
}

/** The newest jobs, asked for more often while one of them goes on. */
export function useJobs(): UseQueryResult<Schemas["Page_JobView_"]> {
  const { me } = useSession();
  return useQuery({
    queryKey: ["jobs", "newest"],
    queryFn: () => answer(api.GET("/api/v1/jobs", { params: { query: { limit: SHOWN } } })),
    enabled: Boolean(me),
    refetchInterval: ({ state }) =>
      state.data?.data.some((job) => !isOver(job)) === true ? ACTIVE_MS : QUIET_MS,
  });
}
