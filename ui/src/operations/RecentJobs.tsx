/** What goes on in the background and what went on, with how it ended. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { JobState, JobSteps, nameOfJob } from "@/components/JobProgress";
import { PagesOf, usePages } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Time, ZoneNote } from "@/components/Time";
import { isOver } from "@/hooks/jobs";
import { ChoiceFilter, Filters, useChoice } from "./filters";
import { spoken } from "./words";

type Job = Schemas["JobView"];

const STATES: readonly Job["state"][] = ["queued", "running", "done", "failed", "cancelled"];

export function RecentJobs(): ReactNode {
  const state = useChoice("state", STATES);
  const query = usePages(
    ["jobs", "list", state],
    (cursor) =>
      answer<Schemas["Page_JobView_"]>(
        api.GET("/api/v1/jobs", {
          params: { query: { limit: 50, ...(state && { state }), ...(cursor && { cursor }) } },
        }) as never,
      ),
    { everyMs: 5_000 },
  );
  return (
    <Panel title="Jobs" note={<ZoneNote />}>
      <Filters label="Filter jobs">
        <ChoiceFilter name="state" label="State" among={STATES} />
      </Filters>
      <PagesOf
        query={query}
        empty={
          <Empty title={state === undefined ? "No job yet" : `No job is ${state}`}>
            What takes longer, such as an import or a tax report, goes on as a job and stands here for 30
            days.
          </Empty>
        }
      >
        {(rows) => (
          <ul>
            {rows.map((job) => (
              <JobRow key={job.id} job={job} />
            ))}
          </ul>
        )}
      </PagesOf>
    </Panel>
  );
}

function JobRow({ job }: { job: Job }): ReactNode {
  return (
    <li className="flex flex-col gap-1.5 border-b border-line px-3 py-2.5 text-[13px] last:border-b-0">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        {isOver(job) && <JobState job={job} />}
        <span className="font-medium">{nameOfJob(job.kind)}</span>
        <JobMatter args={job.args} />
        {!job.owned && <span className="text-[12px] text-ink-3">of the service</span>}
        {job.attempt > 1 && <span className="text-[12px] text-warn">attempt {job.attempt}</span>}
        <span className="ml-auto text-[12px] text-ink-3">
          <Span job={job} />
        </span>
      </div>
      <JobSteps job={job} />
      <Result job={job} />
    </li>
  );
}

/** Which report, where the kind alone does not say it. */
function JobMatter({ args }: { args: Job["args"] }): ReactNode {
  const { jurisdiction, year } = args;
  if (typeof jurisdiction !== "string" || typeof year !== "number") return null;
  return (
    <span className="text-ink-2">
      {jurisdiction.toUpperCase()} {year}
    </span>
  );
}

function Span({ job }: { job: Job }): ReactNode {
  if (job.finished_at !== null) {
    return (
      <>
        <Time at={job.started_at ?? job.created_at} to="second" /> to{" "}
        <Time at={job.finished_at} to="second" />
      </>
    );
  }
  return (
    <>
      since <Time at={job.started_at ?? job.created_at} to="second" />
      {job.estimated_end_at !== null && (
        <>
          , about until <Time at={job.estimated_end_at} to="second" />
        </>
      )}
    </>
  );
}

/** Where in this page it stands what a job has made; null where it stands in no screen. */
function placeOfResult(link: string): readonly [string, Record<string, string>] | null {
  const [, slice, rest] = /^\/api\/v1\/(imports|tax\/runs|markets)\/?([^?]*)/.exec(link) ?? [];
  const [first = "", second = ""] = (rest ?? "").split("/");
  if (slice === "imports" && first !== "") return ["/imports/$importId", { importId: first }];
  if (slice === "tax/runs" && first !== "") return ["/tax/runs/$runId", { runId: first }];
  if (slice !== "markets") return null;
  return second === "" ? ["/markets", {}] : ["/markets/$base/$quote", { base: first, quote: second }];
}

/** An id leads somewhere by the link beside it and says nothing to a reader. */
function isId(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{8}-[0-9a-f]{4}-/.test(value);
}

function Result({ job }: { job: Job }): ReactNode {
  if (job.result === null) return null;
  const { link, facts } = job.result;
  const place = link === null ? null : placeOfResult(link);
  const told = Object.entries(facts).filter(([, value]) => value !== null && value !== false && !isId(value));
  if (place === null && told.length === 0) return null;
  return (
    <p className="flex flex-wrap items-center gap-x-3 text-[12px] text-ink-2">
      {told.map(([name, value]) => (
        <span key={name}>
          {spoken(name)}: <span className="tabular-nums">{String(value)}</span>
        </span>
      ))}
      {place !== null && (
        <Link
          to={place[0] as never}
          params={place[1] as never}
          className="text-accent hover:underline"
          aria-label={`Open what came of it: ${nameOfJob(job.kind)}`}
        >
          Open
        </Link>
      )}
    </p>
  );
}
