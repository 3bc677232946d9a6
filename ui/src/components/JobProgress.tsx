/** A job while it goes on and how it ended: progress, phase, cause of a failure, and a button that ends it. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, type ReactNode } from "react";
import { cancelJob, isOver, type JobView } from "@/api/jobs";
import { useJob } from "@/hooks/jobs";
import { useToasts } from "@/hooks/toasts";
import { Badge, type Tone } from "./Badge";
import { Button } from "./Button";
import { Failed } from "./States";

const STATES: Record<JobView["state"], readonly [string, Tone]> = {
  queued: ["waiting", "neutral"],
  running: ["running", "accent"],
  done: ["done", "good"],
  failed: ["failed", "bad"],
  cancelled: ["cancelled", "warn"],
};

export function JobState({ job }: { job: JobView }): ReactNode {
  const ending = job.cancel_asked && !isOver(job);
  const [text, tone] = ending ? (["ending", "warn"] as const) : STATES[job.state];
  return <Badge tone={tone}>{text}</Badge>;
}

/** Follows the job with this id; `onDone` is called once, however it ended. */
export function JobProgress({ id, onDone }: { id: string; onDone?: (job: JobView) => void }): ReactNode {
  const { job, error } = useJob(id);
  const told = useRef<string | null>(null);
  const latest = useRef(onDone);
  useEffect(() => {
    latest.current = onDone;
  });
  useEffect(() => {
    if (job === undefined || !isOver(job) || told.current === id) return;
    told.current = id;
    latest.current?.(job);
  }, [job, id]);
  if (job === undefined) {
    return error === null ? <Bar label="Starting" percent={null} /> : <Failed error={error} compact />;
  }
  return <JobSteps job={job} />;
}

/** The same for a job that is at hand already. */
export function JobSteps({ job }: { job: JobView }): ReactNode {
  const client = useQueryClient();
  const toasts = useToasts();
  const cancel = useMutation({
    mutationFn: () => cancelJob(job.id),
    onSuccess: () => void client.invalidateQueries({ queryKey: ["jobs"] }),
    onError: toasts.fail,
  });
  const counted = job.total === null ? String(job.done) : `${job.done} of ${job.total}`;
  return (
    <div className="flex flex-col gap-1.5 text-[13px]">
      {!isOver(job) && (
        <>
          <Bar label={job.phase || nameOfJob(job.kind)} percent={job.state === "queued" ? 0 : job.percent} />
          <div className="flex flex-wrap items-center gap-2 text-[12px] text-ink-2">
            <JobState job={job} />
            {job.phase !== "" && <span className="min-w-0 truncate">{job.phase}</span>}
            {(job.done > 0 || job.total !== null) && <span className="tabular-nums">{counted}</span>}
            <Button
              small
              className="ml-auto"
              busy={cancel.isPending}
              disabled={job.cancel_asked}
              onClick={() => cancel.mutate()}
            >
              Cancel
            </Button>
          </div>
        </>
      )}
      {job.problem !== null && (
        <p className="text-[12px] break-words text-danger">
          {job.problem.detail || "The job failed."} <span className="text-ink-3">({job.problem.code})</span>
        </p>
      )}
      {job.retry_at !== null && !isOver(job) && (
        <p className="text-[12px] text-warn">It failed and is tried again by itself.</p>
      )}
    </div>
  );
}

function Bar({ label, percent }: { label: string; percent: number | null }): ReactNode {
  const known = percent !== null;
  return (
    <div
      role="progressbar"
      aria-label={label}
      {...(known ? { "aria-valuenow": percent, "aria-valuemin": 0, "aria-valuemax": 100 } : {})}
      className="h-1.5 overflow-hidden rounded bg-raised"
    >
      <div
        className={`h-full rounded bg-accent ${known ? "transition-[width]" : "animate-pulse opacity-60"}`}
        style={{ width: known ? `${percent}%` : "40%" }}
      />
    </div>
  );
}

const NAMES: Readonly<Record<string, string>> = {
  "candles.backfill": "Fetch candles of the past",
  "candles.import": "Import candle archives",
  "imports.read": "Read a file",
  "imports.commit": "Take over an import",
  "imports.undo": "Undo an import",
  "tax.run": "Tax report",
  "tax.verify": "Verify a tax report",
};

export function nameOfJob(kind: string): string {
  return NAMES[kind] ?? kind;
}
