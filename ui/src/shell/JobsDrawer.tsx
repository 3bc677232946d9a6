/** The jobs of this person, newest first; those that run are followed. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { JobState, JobSteps, nameOfJob } from "@/components/JobProgress";
import { JobResult } from "@/components/JobResult";
import { Answered, Empty } from "@/components/States";
import { Time, ZoneNote } from "@/components/Time";
import { isOver, useJob, type JobView, type useJobs } from "@/hooks/jobs";

/** Each one that is followed keeps a connection open, and browsers have six to a host. */
const MOST_FOLLOWED = 2;

export function JobsDrawer({
  jobs,
  onClose,
}: {
  jobs: ReturnType<typeof useJobs>;
  onClose: () => void;
}): ReactNode {
  return (
    <div className="-m-4 flex flex-col">
      <Answered
        query={jobs}
        empty={{
          when: ({ data }) => data.length === 0,
          show: (
            <Empty title="No jobs so far">
              Imports, tax reports and fetching past candles go on in the background and are shown here.
            </Empty>
          ),
        }}
      >
        {({ data }) => {
          const followed = data.filter((job) => !isOver(job)).slice(0, MOST_FOLLOWED);
          return (
            <ul>
              {data.map((job) => (
                <Entry key={job.id} listed={job} follow={followed.includes(job)} onClose={onClose} />
              ))}
            </ul>
          );
        }}
      </Answered>
      <p className="flex items-center justify-between gap-2 px-4 py-2">
        <ZoneNote />
        <Link to={"/jobs" as never} onClick={onClose} className="text-[13px] text-accent hover:underline">
          All jobs
        </Link>
      </p>
    </div>
  );
}

function Entry({
  listed,
  follow,
  onClose,
}: {
  listed: JobView;
  follow: boolean;
  onClose: () => void;
}): ReactNode {
  const { job = listed } = useJob(follow ? listed.id : null);
  return (
    <li className="flex flex-col gap-1.5 border-b border-line px-4 py-2.5">
      <div className="flex items-center gap-2 text-[13px]">
        <span className="font-medium">{nameOfJob(job.kind)}</span>
        {!job.owned && <span className="text-[12px] text-ink-3">of the system</span>}
        <span className="ml-auto text-[12px] text-ink-3">
          <Time at={job.finished_at ?? job.created_at} />
        </span>
        {isOver(job) && <JobState job={job} />}
      </div>
      <JobSteps job={job} />
      <JobResult job={job} onOpen={onClose} />
    </li>
  );
}
