import { useNavigate } from "@tanstack/react-router";
import { useEffect, type ReactNode } from "react";
import { RegisterForm } from "@/access/RegisterForm";
import { useService } from "@/access/service";
import { readNext, useForget } from "@/access/session";
import { SignInForm } from "@/access/SignInForm";
import { Loading } from "@/components/States";
import { Tabs } from "@/components/Tabs";
import { useSession } from "@/hooks/session";
import { useUrlState } from "@/hooks/url-state";

export function SignIn(): ReactNode {
  const { me, refresh } = useSession();
  const [next] = useUrlState("next");
  const navigate = useNavigate();
  const forget = useForget();
  const { data: service } = useService();
  const signedIn = Boolean(me);
  // Whoever is signed in, by this form or on another page of the browser, goes on to where they wanted to.
  useEffect(() => {
    if (!signedIn) return;
    const { to, search, hash } = readNext(next === "" ? undefined : next);
    void navigate({ to: to as never, search: search as never, hash, replace: true });
  }, [signedIn, next, navigate]);
  const enter = (): void => {
    forget();
    void refresh();
  };
  if (me === undefined || me) return <Loading rows={4} label="Finding out who is signed in" />;
  const form = (
    <div className="p-4">
      <SignInForm onDone={enter} />
    </div>
  );
  return (
    <div className="mx-auto flex w-full max-w-sm flex-col gap-4 px-3 py-8 md:py-16">
      <title>Sign in · Plimsoll</title>
      <h1 className="text-[18px] font-semibold tracking-tight">Sign in to Plimsoll</h1>
      {next !== "" && <p className="text-[13px] text-ink-2">Sign in, and you go on where you were.</p>}
      <section className="panel">
        {service?.registration_open === true ? (
          <Tabs
            name="with"
            label="Sign in or open an account"
            tabs={[
              { id: "account", label: "Sign in", content: form },
              {
                id: "new",
                label: "Open an account",
                content: (
                  <div className="p-4">
                    <RegisterForm onDone={enter} />
                  </div>
                ),
              },
            ]}
          />
        ) : (
          form
        )}
      </section>
      {service?.registration_open === false && (
        <p className="text-[12px] text-ink-3">
          Nobody can open an account here just now: whoever runs this service has closed registration.
        </p>
      )}
    </div>
  );
}
