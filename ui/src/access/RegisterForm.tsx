import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { Field } from "@/components/Field";
import { Said, useWait } from "./Said";
import { faultOf, register } from "./session";

/** Characters; what the service asks for at least. */
export const SHORTEST_PASSWORD = 12;

/** What is wrong with a new password before the service is asked; undefined: nothing that is seen here. */
export function weakness(password: string, again: string): { password?: string; again?: string } {
  if ([...password].length < SHORTEST_PASSWORD) {
    return { password: `At least ${SHORTEST_PASSWORD} characters; a few words in a row are fine` };
  }
  return password === again ? {} : { again: "This is not the same password" };
}

export function RegisterForm({ onDone }: { onDone: () => void }): ReactNode {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const open = useMutation({ mutationFn: register, onSuccess: onDone });
  const problem = open.error === null ? null : asProblem(open.error);
  const wait = useWait(problem);
  const weak = weakness(password, again);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (weak.password === undefined && weak.again === undefined) open.mutate({ email, password });
  };
  const refused = problem?.code === "weak-password" ? problem.detail : faultOf(problem, "password");
  return (
    <form onSubmit={submit} className="flex flex-col gap-3" aria-label="Open an account">
      <Field
        label="E-mail address"
        type="email"
        name="email"
        autoComplete="username"
        required
        autoFocus
        value={email}
        fault={problem?.code === "email-taken" ? problem.title : faultOf(problem, "email")}
        onChange={(event) => setEmail(event.target.value)}
      />
      <Field
        label="Password"
        type="password"
        name="new-password"
        autoComplete="new-password"
        required
        value={password}
        fault={(tried ? weak.password : undefined) ?? refused}
        hint={`${SHORTEST_PASSWORD} to 128 characters of any kind`}
        onChange={(event) => setPassword(event.target.value)}
      />
      <Field
        label="The password again"
        type="password"
        name="new-password-again"
        autoComplete="new-password"
        required
        value={again}
        fault={tried ? weak.again : undefined}
        onChange={(event) => setAgain(event.target.value)}
      />
      {problem?.code !== "weak-password" && problem?.code !== "email-taken" && (
        <Said problem={problem} wait={wait} />
      )}
      <Button type="submit" look="primary" busy={open.isPending} disabled={wait > 0}>
        {wait > 0 ? `Wait ${wait} s` : "Open the account"}
      </Button>
    </form>
  );
}
