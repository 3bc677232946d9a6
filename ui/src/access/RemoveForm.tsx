import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { answer, api } from "@/api/client";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { Field } from "@/components/Field";
import { useFailWhenGone, useWhileHere } from "@/hooks/here";
import { useToasts } from "@/hooks/toasts";
import { Said, useWait } from "./Said";

export function RemoveForm({ onDone }: { onDone: () => void }): ReactNode {
  const client = useQueryClient();
  const toasts = useToasts();
  const close = useWhileHere(onDone);
  const failWhenGone = useFailWhenGone();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const remove = useMutation({
    mutationFn: () => answer(api.DELETE("/api/v1/auth/totp", { body: { password, code } })),
    onSuccess: () => {
      toasts.tell({ title: "The second factor is off", tone: "good" });
      void client.invalidateQueries({ queryKey: ["access"] });
      close();
    },
    onError: failWhenGone,
  });
  const problem = remove.error === null ? null : asProblem(remove.error);
  const wait = useWait(problem);
  const wrongPassword = problem?.code === "wrong-password" ? "This is not your password" : undefined;
  const wrongCode = problem?.code === "wrong-code" ? "This code is not right" : undefined;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    remove.mutate();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3 text-[13px]">
      <p>Signing in will ask for the password alone, and your recovery codes end.</p>
      <Field
        label="Your password"
        type="password"
        autoComplete="current-password"
        autoFocus
        required
        value={password}
        fault={wrongPassword}
        onChange={(event) => setPassword(event.target.value)}
      />
      <Field
        label="Code of your second factor"
        autoComplete="one-time-code"
        required
        value={code}
        fault={wrongCode}
        hint="Six digits of the app, or a recovery code"
        onChange={(event) => setCode(event.target.value.replaceAll(" ", ""))}
      />
      {wrongPassword === undefined && wrongCode === undefined && <Said problem={problem} wait={wait} />}
      <Button type="submit" look="danger" className="self-start" busy={remove.isPending} disabled={wait > 0}>
        {wait > 0 ? `Wait ${wait} s` : "Take it off"}
      </Button>
    </form>
  );
}
