/** Computes a report: by what was elected, or by something else for this run alone. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent, type ReactNode } from "react";
import { answer, api } from "@/api/client";
import { Button } from "@/components/Button";
import { ChoiceField } from "@/components/Field";
import { JobProgress } from "@/components/JobProgress";
import { Panel } from "@/components/Panel";
import { Failed } from "@/components/States";
import type { JobView } from "@/hooks/jobs";
import { useToasts } from "@/hooks/toasts";
import { useElections } from "./queries";
import { NO_ADVICE, POLICIES, WAYS, type Policy, type Way } from "./words";

export function StartRun({ jurisdiction, year }: { jurisdiction: string; year: number }): ReactNode {
  const client = useQueryClient();
  const navigate = useNavigate();
  const toasts = useToasts();
  const { data: elections } = useElections(jurisdiction);
  const [method, setMethod] = useState("");
  const [shortfalls, setShortfalls] = useState("");
  const start = useMutation({
    mutationFn: () =>
      answer(
        api.POST("/api/v1/tax/runs", {
          body: {
            jurisdiction,
            year,
            method: method === "" ? null : (method as Way),
            shortfalls: shortfalls === "" ? null : (shortfalls as Policy),
          },
        }),
      ),
  });
  const done = (job: JobView): void => {
    void client.invalidateQueries({ queryKey: ["tax"] });
    const run = job.result?.facts["run_id"];
    if (job.state !== "done" || typeof run !== "string") return;
    if (job.result?.facts["repeated"] === true) {
      toasts.tell({
        title: "Nothing has changed since",
        detail: "This is the report that was there already.",
      });
    }
    void navigate({ to: "/tax/runs/$runId" as never, params: { runId: run } as never });
  };
  const ways = (elections?.may_choose ?? []).map((way) => ({ value: way, label: WAYS[way] }));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    start.mutate();
  };
  return (
    <Panel title={`Report of ${year}`} note={NO_ADVICE}>
      <form onSubmit={submit} className="flex flex-col gap-3 p-3">
        <div className="grid gap-3 sm:grid-cols-2">
          <ChoiceField
            label="Method"
            value={method}
            onChange={(event) => setMethod(event.target.value)}
            choices={[{ value: "", label: "as elected, else as the law says" }, ...ways]}
          />
          <ChoiceField
            label="Sold without a known purchase"
            value={shortfalls}
            onChange={(event) => setShortfalls(event.target.value)}
            choices={[
              { value: "", label: "as elected" },
              ...Object.entries(POLICIES).map(([value, label]) => ({ value, label })),
            ]}
          />
        </div>
        {start.error !== null && <Failed error={start.error} compact />}
        {start.data !== undefined && <JobProgress id={start.data.job_id} onDone={done} />}
        <Button type="submit" look="primary" className="self-start" busy={start.isPending}>
          Compute the report
        </Button>
      </form>
    </Panel>
  );
}
