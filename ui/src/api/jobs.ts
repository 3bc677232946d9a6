/**
 * Work that goes on after the answer: a route answers 202 with the id of a job. The service tells each step of it as
 * server-sent events; however many parts of the page look at one job, there is one stream.
 */
import { answer, api, type Schemas } from "./client";
import { placeOf } from "./place";

export type JobView = Schemas["JobView"];

export interface JobWatcher {
  onJob(job: JobView): void;
  onError(error: unknown): void;
}

interface Watched {
  readonly watchers: Set<JobWatcher>;
  last: JobView | undefined;
  end(): void;
}

const ASK_AGAIN_MS = 5_000;
const watched = new Map<string, Watched>();

export function isOver(job: JobView): boolean {
  return job.state === "done" || job.state === "failed" || job.state === "cancelled";
}

/** Follows a job to its end; the returned function stops. */
export function watchJob(id: string, watcher: JobWatcher): () => void {
  const held = watched.get(id) ?? follow(id);
  held.watchers.add(watcher);
  if (held.last !== undefined) watcher.onJob(held.last);
  return () => {
    held.watchers.delete(watcher);
    if (held.watchers.size > 0) return;
    held.end();
    if (watched.get(id) === held) watched.delete(id);
  };
}

function follow(id: string): Watched {
  const stream = new EventSource(placeOf(`api/v1/jobs/${id}/events`));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const held: Watched = {
    watchers: new Set(),
    last: undefined,
    end: () => {
      stream.close();
      clearTimeout(timer);
    },
  };
  watched.set(id, held);
  const tell = (job: JobView): void => {
    held.last = job;
    if (isOver(job)) held.end();
    for (const watcher of [...held.watchers]) watcher.onJob(job);
  };
  const hear = (event: MessageEvent<string>): void => tell(JSON.parse(event.data) as JobView);
  stream.addEventListener("progress", hear);
  stream.addEventListener("end", hear);
  // A stream that was cut off the browser opens again by itself; one that was refused stays closed and says nothing
  // of why. Asking tells the reason, and serves where a proxy lets no streams through.
  const ask = (): void => {
    void answer(api.GET("/api/v1/jobs/{job_id}", { params: { path: { job_id: id } } })).then(
      (job) => {
        if (!watchedStill()) return;
        tell(job);
        if (!isOver(job)) timer = setTimeout(ask, ASK_AGAIN_MS);
      },
      (error: unknown) => {
        if (!watchedStill()) return;
        for (const watcher of [...held.watchers]) watcher.onError(error);
        timer = setTimeout(ask, ASK_AGAIN_MS);
      },
    );
  };
  const watchedStill = (): boolean => watched.get(id) === held;
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED && watchedStill()) ask();
  });
  return held;
}

/** The job asked to end; it does between two of its steps. */
export function cancelJob(id: string): Promise<JobView> {
  return answer(api.DELETE("/api/v1/jobs/{job_id}", { params: { path: { job_id: id } } }));
}
