import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { answer, api } from "@/api/client";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { Field } from "@/components/Field";
import { Panel } from "@/components/Panel";
import { useMe, useSession } from "@/hooks/session";
import { useToasts } from "@/hooks/toasts";
import { useFreshCode } from "./CodeField";
import { weakness } from "./RegisterForm";
import { Said, useWait } from "./Said";
import { faultOf } from "./session";

const EMPTY = { current: "", next: "", again: "" };

export function PasswordPanel(): ReactNode {
  const me = useMe();
  const client = useQueryClient();
  const { refresh } = useSession();
  const toasts = useToasts();
  const [typed, setTyped] = useState(EMPTY);
  const [tried, setTried] = useState(false);
  const change = useMutation({
    mutationFn: (code: { code?: string }) => {
      const body = { current_password: typed.current, new_password: typed.next, ...code };
      return answer(api.POST("/api/v1/auth/password", { body }));
    },
    onSuccess: async () => {
      setTyped(EMPTY);
      setTried(false);
      toasts.tell({ title: "Password changed", detail: "All other sessions have ended.", tone: "good" });
      await client.invalidateQueries({ queryKey: ["access"] });
      await refresh();
    },
  });
  const fresh = useFreshCode(change.error);
  const problem = change.error === null || fresh.asked ? null : asProblem(change.error);
  const wait = useWait(problem);
  const weak = weakness(typed.next, typed.again);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (weak.password === undefined && weak.again === undefined) change.mutate(fresh.body);
  };
  const wrong = problem?.code === "wrong-password" ? "This is not your password" : undefined;
  const refused = problem?.code === "weak-password" ? problem.detail || problem.title : undefined;
  return (
    <Panel title="Password">
      <form onSubmit={submit} className="flex max-w-md flex-col gap-3 p-3 md:p-4">
        <input type="email" name="email" autoComplete="username" value={me.email} readOnly hidden />
        <Field
          label="Present password"
          type="password"
          autoComplete="current-password"
          required
          value={typed.current}
          fault={wrong ?? faultOf(problem, "current_password")}
          onChange={(event) => setTyped({ ...typed, current: event.target.value })}
        />
        <Field
          label="New password"
          type="password"
          autoComplete="new-password"
          required
          value={typed.next}
          fault={(tried ? weak.password : undefined) ?? refused ?? faultOf(problem, "new_password")}
          hint="12 to 128 characters of any kind"
          onChange={(event) => setTyped({ ...typed, next: event.target.value })}
        />
        <Field
          label="New password again"
          type="password"
          autoComplete="new-password"
          required
          value={typed.again}
          fault={tried ? weak.again : undefined}
          onChange={(event) => setTyped({ ...typed, again: event.target.value })}
        />
        {fresh.field}
        {wrong === undefined && refused === undefined && <Said problem={problem} wait={wait} />}
        <p className="text-[12px] text-ink-3">All your other sessions end; API keys stay.</p>
        <Button
          type="submit"
          look="primary"
          className="self-start"
          busy={change.isPending}
          disabled={wait > 0}
        >
          {wait > 0 ? `Wait ${wait} s` : "Change the password"}
        </Button>
      </form>
    </Panel>
  );
}
