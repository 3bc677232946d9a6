import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { CheckField, Field } from "@/components/Field";
import { useFailWhenGone } from "@/hooks/here";
import { useMe, useSession } from "@/hooks/session";
import { useFreshCode } from "./CodeField";
import { Said, useWait } from "./Said";
import { faultOf, useForget } from "./session";

export function EraseForm({
  onErased,
  onClose,
}: {
  onErased: (erased: Schemas["ErasureView"]) => void;
  onClose: () => void;
}): ReactNode {
  const me = useMe();
  const [password, setPassword] = useState("");
  const [reason, setReason] = useState("");
  const [sure, setSure] = useState(false);
  const failWhenGone = useFailWhenGone();
  const erase = useMutation({
    mutationFn: (code: { code?: string }) =>
      answer(api.DELETE("/api/v1/me", { body: { password, reason: reason.trim(), ...code } })),
    onSuccess: onErased,
    onError: failWhenGone,
  });
  const fresh = useFreshCode(erase.error);
  const problem = erase.error === null || fresh.asked ? null : asProblem(erase.error);
  const wait = useWait(problem);
  const wrong = problem?.code === "wrong-password" ? "This is not your password" : undefined;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    erase.mutate(fresh.body);
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3 text-[13px]">
      <p>
        Everything of <strong>{me.email}</strong> is removed for good. Download your data first if you may
        need it.
      </p>
      <Field
        label="Why you go"
        required
        autoFocus
        maxLength={500}
        value={reason}
        fault={faultOf(problem, "reason")}
        hint="For the audit log"
        onChange={(event) => setReason(event.target.value)}
      />
      <Field
        label="Your password"
        type="password"
        autoComplete="current-password"
        required
        value={password}
        fault={wrong ?? faultOf(problem, "password")}
        onChange={(event) => setPassword(event.target.value)}
      />
      {fresh.field}
      <CheckField
        label="I know that this cannot be undone"
        checked={sure}
        onChange={(event) => setSure(event.target.checked)}
      />
      {wrong === undefined && <Said problem={problem} wait={wait} />}
      <div className="flex gap-2">
        <Button type="submit" look="danger" busy={erase.isPending} disabled={!sure || wait > 0}>
          {wait > 0 ? `Wait ${wait} s` : "Erase my account"}
        </Button>
        <Button onClick={onClose}>Keep it</Button>
      </div>
    </form>
  );
}

/** Away from an account that is no more: there is nobody signed in. */
export function useLeave(): () => void {
  const client = useQueryClient();
  const { refresh } = useSession();
  const forget = useForget();
  return () => {
    client.setQueryData(["me"], null);
    forget();
    void refresh();
  };
}

/** What is gone and what stays. */
export function Erased({
  erased: { kept, removed },
  onLeave,
}: {
  erased: Schemas["ErasureView"];
  onLeave: () => void;
}): ReactNode {
  const rows = Object.values(removed).reduce((sum, count) => sum + count, 0);
  return (
    <div className="flex flex-col gap-3 text-[13px]">
      <p>
        Your account is erased: {rows} rows in {Object.keys(removed).length} tables are gone.
      </p>
      {kept.length > 0 && (
        <>
          <p className="text-ink-2">What stays, and why:</p>
          <ul className="flex list-disc flex-col gap-1 pl-5 text-ink-2">
            {kept.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </>
      )}
      <Button look="primary" className="self-start" onClick={onLeave}>
        Good-bye
      </Button>
    </div>
  );
}
