/** What came of a job: a link to where it is shown. */
import { Link } from "@tanstack/react-router";
import { ArrowRight } from "lucide-react";
import type { ReactNode } from "react";
import type { JobView } from "@/api/jobs";
import { placeOf } from "@/api/place";

const PAGES = [
  [/^\/api\/v1\/imports\/([\w-]+)(?:\/|$)/, "/imports/$importId", "importId", "Open the import"],
  [/^\/api\/v1\/tax\/runs\/([\w-]+)(?:\/|$)/, "/tax/runs/$runId", "runId", "Open the report"],
  [/^\/api\/v1\/markets\/([\w-]+\/[\w-]+)(?:\/|$)/, "/markets/$base/$quote", "pair", "Open the chart"],
] as const;

/** Null where a job has no result that can be opened. */
export function JobResult({ job, onOpen }: { job: JobView; onOpen?: () => void }): ReactNode {
  const link = job.result?.link ?? null;
  if (link === null) return null;
  const look = "inline-flex items-center gap-1 text-[12px] text-accent hover:underline";
  for (const [shape, to, name, text] of PAGES) {
    const id = shape.exec(link)?.[1];
    if (id === undefined) continue;
    const [base, quote] = id.split("/");
    const params = name === "pair" ? { base, quote } : { [name]: id };
    return (
      <Link to={to as never} params={params as never} {...(onOpen && { onClick: onOpen })} className={look}>
        {text}
        <ArrowRight aria-hidden className="size-3.5" />
      </Link>
    );
  }
  if (!link.startsWith("/api/")) return null;
  return (
    <a href={placeOf(link)} className={look}>
      Open the result
    </a>
  );
}
