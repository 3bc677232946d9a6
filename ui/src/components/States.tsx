/**
 * The four states of everything that is fetched. They look different and mean different things: not there yet, there
 * is nothing, it failed, it is old.
 */
import { CircleAlert, CloudOff, Inbox, RotateCw } from "lucide-react";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { asProblem, type Problem } from "@/api/problems";
import { Button } from "./Button";

/** Grey rows where the answer will stand. */
export function Loading({ rows = 6, label = "Loading" }: { rows?: number; label?: string }): ReactNode {
  return (
    <div role="status" aria-label={label} className="flex flex-col gap-2 p-4" data-state="loading">
      {Array.from({ length: rows }, (_, row) => (
        <div
          key={row}
          className="h-5 animate-pulse rounded bg-raised"
          style={{ width: `${92 - ((row * 17) % 40)}%` }}
        />
      ))}
    </div>
  );
}

/** Nothing is there; says what would make something be there. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}): ReactNode {
  return (
    <div className="flex flex-col items-center gap-2 px-4 py-10 text-center" data-state="empty">
      <Inbox aria-hidden className="size-6 text-ink-3" />
      <p className="font-medium">{title}</p>
      {children !== undefined && <div className="max-w-prose text-[13px] text-ink-2">{children}</div>}
      {action}
    </div>
  );
}

const FIXES: Readonly<Record<string, string>> = {
  "no-connection": "Check that the service is running; the page tries again by itself when it is back.",
  "database-unavailable": "The service has lost its database and is getting it back. Try again in a moment.",
  overloaded: "Too much is asked at the moment. Try again in a second.",
  "rate-limited": "You asked more often than your limit allows. Wait, then try again.",
};

export function fixOf(problem: Problem): string | null {
  if (problem.retryAfterS !== null) return `Try again in ${problem.retryAfterS} s.`;
  return FIXES[problem.code] ?? null;
}

/** It failed: what, why, what to do about it. */
export function Failed({
  error,
  onRetry,
  compact = false,
}: {
  error: unknown;
  onRetry?: () => void;
  compact?: boolean;
}): ReactNode {
  const problem = asProblem(error);
  const fix = fixOf(problem);
  return (
    <div
      role="alert"
      data-state="failed"
      className={`flex items-start gap-3 rounded border border-danger bg-danger-soft text-[13px] ${compact ? "p-2" : "m-4 p-4"}`}
    >
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-danger" />
      <div className="flex min-w-0 flex-col gap-1">
        <p className="font-medium text-danger">{problem.title}</p>
        {problem.detail && <p className="break-words">{problem.detail}</p>}
        {fix !== null && <p className="text-ink-2">{fix}</p>}
        <p className="text-[12px] text-ink-3">
          {problem.code}
          {problem.requestId !== null && ` · request ${problem.requestId}`}
        </p>
        {onRetry !== undefined && (
          <Button
            small
            className="self-start"
            icon={<RotateCw aria-hidden className="size-3" />}
            onClick={onRetry}
          >
            Try again
          </Button>
        )}
      </div>
    </div>
  );
}

/** What is below is from before. */
export function Stale({ children }: { children: ReactNode }): ReactNode {
  return (
    <p
      role="status"
      data-state="stale"
      className="inline-flex items-center gap-1.5 rounded bg-warn-soft px-2 py-0.5 text-[12px] text-warn"
    >
      <CloudOff aria-hidden className="size-3.5" />
      {children}
    </p>
  );
}

/**
 * An answer in the state it is in. When asking again failed, the old answer stays, and is said to be old.
 */
export function Answered<T>({
  query,
  children,
  empty,
  rows,
}: {
  query: Pick<UseQueryResult<T>, "data" | "error" | "refetch" | "isFetching">;
  children: (data: T) => ReactNode;
  /** What to show when `isEmpty`. */
  empty?: { when: (data: T) => boolean; show: ReactNode };
  rows?: number;
}): ReactNode {
  const { data, error } = query;
  const retry = (): void => void query.refetch();
  if (data === undefined) {
    return error === null ? (
      <Loading {...(rows === undefined ? {} : { rows })} />
    ) : (
      <Failed error={error} onRetry={retry} />
    );
  }
  return (
    <>
      {error !== null && (
        <div className="flex flex-wrap items-center gap-2 px-4 py-2">
          <Stale>Asking again failed ({asProblem(error).code}): this is from before</Stale>
          <Button small onClick={retry}>
            Try again
          </Button>
        </div>
      )}
      <div className={error === null ? "contents" : "stale"}>
        {empty !== undefined && empty.when(data) ? empty.show : children(data)}
      </div>
    </>
  );
}
