import { useEffect, useState, type ReactNode } from "react";
import { Failed } from "@/components/States";
import { Problem } from "@/api/problems";

/** Seconds until it may be tried again, counted down; 0 where nothing has to be waited for. */
export function useWait(problem: Problem | null): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    const wait = Math.ceil(problem?.retryAfterS ?? 0);
    const until = Date.now() + wait * 1000;
    setLeft(wait);
    if (wait === 0) return;
    const timer = setInterval(() => {
      const s = Math.max(0, Math.ceil((until - Date.now()) / 1000));
      setLeft(s);
      if (s === 0) clearInterval(timer);
    }, 250);
    return () => clearInterval(timer);
  }, [problem]);
  return left;
}

/** Why it was refused, for what no field is to blame for. */
export function Said({ problem, wait }: { problem: Problem | null; wait: number }): ReactNode {
  if (problem === null || problem.faults.length > 0) return null;
  if (problem.retryAfterS === null) return <Failed error={problem} compact />;
  // The seconds are those that are left, not those that were said at first.
  const { title, code, detail } = problem;
  const now = wait > 0 ? `${detail ? `${detail}: ` : ""}try again in ${wait} s` : "You can try again now.";
  return <Failed error={new Problem({ title, code, detail: now })} compact />;
}
