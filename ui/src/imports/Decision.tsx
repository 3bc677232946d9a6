/** What can be done with an import now: record it, undo it, throw it away; and what came of that. */
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Confirm } from "@/components/Confirm";
import { JobProgress } from "@/components/JobProgress";
import { Failed } from "@/components/States";
import { useToasts } from "@/hooks/toasts";
import { useStep } from "./use-import";
import { isBusy, isOpen, STATES, type ImportView } from "./words";

const LINK = "text-accent underline decoration-dotted underline-offset-4";

export function Decision({ view }: { view: ImportView }): ReactNode {
  const client = useQueryClient();
  const step = useStep(view.id);
  const [text, tone] = STATES[view.state];
  // Books have changed: whatever is shown of holdings, issues and the ledger is from before.
  const again = (): void => void client.invalidateQueries();
  return (
    <section aria-label="State of the import" className="panel flex flex-col gap-3 p-3 text-[13px]">
      <div className="flex flex-wrap items-center gap-3">
        <Badge tone={tone}>{text}</Badge>
        <div className="min-w-0 flex-1 basis-64">
          <Said view={view} />
        </div>
        <Buttons key={view.id} view={view} step={step} />
      </div>
      {isBusy(view.state) && <JobProgress key={view.job_id} id={view.job_id} onDone={again} />}
      {view.problem !== null && view.state !== "questions" && (
        <div role="alert" className="rounded border border-danger bg-danger-soft p-2">
          <p className="font-medium text-danger">{view.problem.title}</p>
          <p>{view.problem.detail}</p>
          {view.problem.errors.map((each, place) => (
            <p key={place} className="text-ink-2">
              {each.message}
            </p>
          ))}
          <p className="text-[12px] text-ink-3">{view.problem.code}</p>
        </div>
      )}
      {step.error !== null && <Failed error={step.error} compact />}
    </section>
  );
}

function Said({ view }: { view: ImportView }): ReactNode {
  const fresh = view.counts["new"] ?? 0;
  const willBe = fresh + view.accepted - view.skipped;
  const problems = view.counts["error"] ?? 0;
  const attention = (view.counts["needs-attention"] ?? 0) - view.accepted;
  switch (view.state) {
    case "reading":
      return "The file is being read. Nothing has been recorded.";
    case "questions":
      return "Nothing has been recorded. Answer the questions below, then it is read again.";
    case "refused":
      return "The file cannot be read as it is. Nothing has been recorded.";
    case "preview":
      return (
        <>
          <strong>{willBe}</strong> would be recorded
          {attention > 0 && `, ${attention} still ${attention === 1 ? "needs" : "need"} attention`}
          {problems > 0 && `, ${problems} with problems stay out`}. Nothing has been recorded yet.
        </>
      );
    case "committing":
      return "Being recorded: all of it, or nothing.";
    case "undoing":
      return "Being taken out of force again.";
    case "committed":
      return (
        <>
          <strong>{view.recorded}</strong> recorded
          {view.repeated > 0 && `, ${view.repeated} were there already`}. See them in{" "}
          <Link to={"/transactions" as never} className={LINK}>
            Transactions
          </Link>
          , and what may be wrong in{" "}
          <Link to={"/data-quality" as never} className={LINK}>
            Data quality
          </Link>
          .
        </>
      );
    case "undone":
      return "Everything it had recorded is out of force again. Bring the file again to record it anew.";
    case "discarded":
      return "Thrown away; nothing was recorded.";
  }
}

function Buttons({ view, step }: { view: ImportView; step: ReturnType<typeof useStep> }): ReactNode {
  const [asking, setAsking] = useState<"undo" | "discard" | null>(null);
  const navigate = useNavigate();
  const toasts = useToasts();
  const willBe = (view.counts["new"] ?? 0) + view.accepted - view.skipped;
  const done = (): void => {
    setAsking(null);
    if (asking !== "discard") return;
    toasts.tell({ title: `${view.name} was discarded` });
    void navigate({ to: "/imports" as never });
  };
  return (
    <div className="flex flex-wrap gap-2">
      {view.state === "preview" && (
        <Button
          look="primary"
          busy={step.isPending}
          disabled={willBe <= 0}
          onClick={() => step.mutate("commit")}
        >
          Record {Math.max(0, willBe)}
        </Button>
      )}
      {(isOpen(view.state) || view.state === "reading") && (
        <Button onClick={() => setAsking("discard")}>Discard</Button>
      )}
      {view.state === "committed" && <Button onClick={() => setAsking("undo")}>Undo this import</Button>}
      <Confirm
        open={asking !== null}
        onClose={() => setAsking(null)}
        title={asking === "undo" ? "Undo this import?" : "Discard this file?"}
        label={asking === "undo" ? `Take ${view.recorded} out of force` : "Discard"}
        danger
        busy={step.isPending}
        error={step.error}
        onConfirm={() => asking !== null && step.mutate(asking, { onSuccess: done })}
      >
        {asking === "undo" ? (
          <p>
            Every transaction that it recorded is taken out of force, exactly, and wallets that it made go
            with them if nothing else is in them. The audit log keeps both. You can bring the file again.
          </p>
        ) : (
          <p>The file and what you said of it are thrown away. Nothing of it was recorded.</p>
        )}
      </Confirm>
    </div>
  );
}
