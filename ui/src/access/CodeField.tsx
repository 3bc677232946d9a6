/** Some changes want a code of the second factor that is not older than ten minutes: asked for when the service asks. */
import { useEffect, useState, type ReactNode } from "react";
import { asProblem } from "@/api/problems";
import { Field } from "@/components/Field";

export interface FreshCode {
  /** Put into the body; empty before it was asked for. */
  readonly body: { code?: string };
  /** The refusal was about the code, and is said at its field. */
  readonly asked: boolean;
  readonly field: ReactNode;
}

const OF_CODE = new Set(["fresh-code-needed", "wrong-code", "second-factor-wrong", "second-factor-used"]);

export function useFreshCode(error: unknown): FreshCode {
  const [code, setCode] = useState("");
  const [wanted, setWanted] = useState(false);
  const problem = error === null ? null : asProblem(error);
  const asked = problem !== null && OF_CODE.has(problem.code);
  useEffect(() => {
    if (asked) setWanted(true);
  }, [asked]);
  const wrong = asked && problem.code !== "fresh-code-needed" ? problem.title : undefined;
  const field = wanted ? (
    <Field
      label="Code of your second factor"
      autoFocus
      autoComplete="one-time-code"
      inputMode="numeric"
      required
      value={code}
      fault={wrong}
      hint="This change wants a fresh one: six digits of your app, or a recovery code"
      onChange={(event) => setCode(event.target.value.replaceAll(" ", ""))}
    />
  ) : null;
  return { body: wanted && code !== "" ? { code } : {}, asked, field };
}
