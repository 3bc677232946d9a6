import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { answer, api } from "@/api/client";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { Field } from "@/components/Field";
import { useFailWhenGone } from "@/hooks/here";
import { useMe } from "@/hooks/session";
import { QrPicture } from "./QrPicture";
import { Said, useWait } from "./Said";
import { Secret } from "./Secret";

/** The password, then the secret for the app as a QR code and as text, then a code that shows it works: that makes recovery codes. */
export function EnrolForm({ onMade }: { onMade: (codes: readonly string[]) => void }): ReactNode {
  const me = useMe();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const begin = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/auth/totp", { body: { password } })),
  });
  const failWhenGone = useFailWhenGone();
  const confirm = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/auth/totp/confirm", { body: { code } })),
    onSuccess: ({ recovery_codes }) => onMade(recovery_codes),
    onError: failWhenGone,
  });
  const failed = confirm.error ?? begin.error;
  const problem = failed === null ? null : asProblem(failed);
  const wait = useWait(problem);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (begin.data === undefined) begin.mutate();
    else confirm.mutate();
  };
  const wrongPassword = problem?.code === "wrong-password" ? "This is not your password" : undefined;
  const wrongCode =
    problem?.code === "wrong-code" ? "This code is not right; take the one shown now" : undefined;
  return (
    <form onSubmit={submit} className="flex flex-col gap-3 text-[13px]">
      {begin.data === undefined ? (
        <>
          <input type="email" name="email" autoComplete="username" value={me.email} readOnly hidden />
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
        </>
      ) : (
        <>
          <p>
            In your authenticator app add an account: scan this, or type the secret.{" "}
            <a className="text-accent underline" href={begin.data.uri}>
              On the device with the app, open it directly.
            </a>
          </p>
          <div className="flex flex-col items-center gap-3 sm:flex-row sm:items-start">
            <QrPicture label="QR code of the secret" text={begin.data.uri} />
            <div className="w-full min-w-0 sm:w-auto sm:flex-1">
              <Secret
                label="Secret, in groups of four"
                text={begin.data.secret.replace(/(.{4})(?=.)/g, "$1 ")}
              />
            </div>
          </div>
          <Secret label="The same as an address for apps that take one" text={begin.data.uri} />
          <Field
            label="The code that the app shows now"
            autoFocus
            autoComplete="one-time-code"
            inputMode="numeric"
            required
            value={code}
            fault={wrongCode}
            hint="Your other sessions end: they were never asked for it."
            onChange={(event) => setCode(event.target.value.replaceAll(" ", ""))}
          />
        </>
      )}
      {wrongPassword === undefined && wrongCode === undefined && <Said problem={problem} wait={wait} />}
      <Button
        type="submit"
        look="primary"
        className="self-start"
        busy={begin.isPending || confirm.isPending}
        disabled={wait > 0}
      >
        {wait > 0 ? `Wait ${wait} s` : begin.data === undefined ? "Go on" : "Confirm"}
      </Button>
    </form>
  );
}
