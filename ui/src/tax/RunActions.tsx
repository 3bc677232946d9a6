/** Whether the stored input still gives this report, and forgetting the report. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ShieldCheck } from "lucide-react";
import { useState, type ReactNode } from "react";
import { answer, api } from "@/api/client";
import { Button } from "@/components/Button";
import { Confirm } from "@/components/Confirm";
import { JobProgress } from "@/components/JobProgress";
import { Failed } from "@/components/States";
import { useWhileHere } from "@/hooks/here";
import type { JobView } from "@/hooks/jobs";
import { useToasts } from "@/hooks/toasts";
import type { RunDetail } from "./words";

export function useVerify(id: string) {
  return useMutation({
    mutationFn: () =>
      answer(api.POST("/api/v1/tax/runs/{run_id}/verify", { params: { path: { run_id: id } } })),
  });
}

export function RunActions({
  run,
  verify,
}: {
  run: RunDetail;
  verify: ReturnType<typeof useVerify>;
}): ReactNode {
  const client = useQueryClient();
  const navigate = useNavigate();
  const toasts = useToasts();
  const [asking, setAsking] = useState(false);
  const leave = useWhileHere(() => void navigate({ to: "/tax" as never }));
  const discard = useMutation({
    mutationFn: () =>
      answer(api.DELETE("/api/v1/tax/runs/{run_id}", { params: { path: { run_id: run.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["tax", "runs"] });
      toasts.tell({ title: "The report was deleted" });
      leave();
    },
  });
  return (
    <>
      <Button
        icon={<ShieldCheck aria-hidden className="size-4" />}
        busy={verify.isPending}
        title="Computes the stored input again and compares"
        onClick={() => verify.mutate()}
      >
        Verify
      </Button>
      <Button onClick={() => setAsking(true)}>Delete</Button>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title="Delete this report?"
        label="Delete the report"
        danger
        busy={discard.isPending}
        error={discard.error}
        onConfirm={() => discard.mutate()}
      >
        <p>
          The report and its files are forgotten as a whole. Your books stay as they are, and the audit log
          keeps that it was there.
        </p>
      </Confirm>
    </>
  );
}

/** What came of a verification. */
export function Verified({ verify }: { verify: ReturnType<typeof useVerify> }): ReactNode {
  const [job, setJob] = useState<JobView | null>(null);
  if (verify.error !== null) return <Failed error={verify.error} compact />;
  if (verify.data === undefined) return null;
  const { job_id: id } = verify.data;
  if (job === null || job.id !== id || job.state !== "done") {
    return (
      <div className="panel p-3">
        <JobProgress key={id} id={id} onDone={setJob} />
      </div>
    );
  }
  const facts = job.result?.facts ?? {};
  const rules =
    facts["ruleset_then"] === facts["ruleset_now"]
      ? `rules ${facts["ruleset_now"]}`
      : `rules then ${facts["ruleset_then"]}, now ${facts["ruleset_now"]}`;
  return facts["equal"] === true ? (
    <p role="status" className="panel border-up! bg-up-soft! p-3 text-[13px] text-up">
      Verified: the stored input, computed again, gives this very report ({rules}).
    </p>
  ) : (
    <p role="status" className="panel border-danger! bg-danger-soft! p-3 text-[13px] text-danger">
      It differs: {facts["rows_that_differ"] ?? 0} rows
      {facts["figures_that_differ"] && `, figures ${facts["figures_that_differ"]}`} ({rules}).
    </p>
  );
}
