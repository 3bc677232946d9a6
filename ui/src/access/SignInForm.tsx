import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { Field } from "@/components/Field";
import { Said, useWait } from "./Said";
import { faultOf, signIn } from "./session";

const OF_CODE: Readonly<Record<string, string>> = {
  "second-factor-wrong": "This code is not right. Take the one that your app shows now.",
  "second-factor-used": "This code was used already. Wait for the next one.",
};

/** Address and password; then, where the account has a second factor, its code. */
export function SignInForm({ onDone }: { onDone: () => void }): ReactNode {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [asked, setAsked] = useState(false);
  const codeField = useRef<HTMLDivElement>(null);
  const enter = useMutation({ mutationFn: signIn, onSuccess: onDone });
  const problem = enter.error === null ? null : asProblem(enter.error);
  const wait = useWait(problem);
  const needed = problem?.code === "second-factor-needed";
  const codeFault = problem === null ? undefined : OF_CODE[problem.code];
  useEffect(() => {
    if (needed) setAsked(true);
  }, [needed]);
  useEffect(() => {
    if (asked) codeField.current?.querySelector("input")?.focus();
  }, [asked]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    enter.mutate({ email, password, ...(asked ? { code: code.replaceAll(" ", "") } : {}) });
  };
  const restart = (): void => {
    setAsked(false);
    setCode("");
    enter.reset();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3" aria-label="Sign in">
      <Field
        label="E-mail address"
        type="email"
        name="email"
        autoComplete="username"
        required
        autoFocus
        readOnly={asked}
        value={email}
        fault={faultOf(problem, "email")}
        onChange={(event) => setEmail(event.target.value)}
      />
      <Field
        label="Password"
        type="password"
        name="password"
        autoComplete="current-password"
        required
        readOnly={asked}
        value={password}
        fault={faultOf(problem, "password")}
        onChange={(event) => setPassword(event.target.value)}
      />
      {asked && (
        <div ref={codeField}>
          <Field
            label="Code of your second factor"
            name="code"
            autoComplete="one-time-code"
            inputMode="numeric"
            required
            value={code}
            fault={codeFault ?? faultOf(problem, "code")}
            hint="Six digits of your authenticator app, or one of your recovery codes"
            onChange={(event) => setCode(event.target.value)}
          />
        </div>
      )}
      {!needed && codeFault === undefined && <Said problem={problem} wait={wait} />}
      <Button type="submit" look="primary" busy={enter.isPending} disabled={wait > 0}>
        {wait > 0 ? `Wait ${wait} s` : "Sign in"}
      </Button>
      {asked && (
        <Button look="quiet" onClick={restart}>
          As somebody else
        </Button>
      )}
    </form>
  );
}
