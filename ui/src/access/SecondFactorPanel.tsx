import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { answer, api } from "@/api/client";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Panel } from "@/components/Panel";
import { Answered, Failed } from "@/components/States";
import { Time } from "@/components/Time";
import { useFailWhenGone } from "@/hooks/here";
import { useFreshCode } from "./CodeField";
import { EnrolForm } from "./EnrolForm";
import { RecoveryCodes } from "./RecoveryCodes";
import { RemoveForm } from "./RemoveForm";

type Doing = "enrol" | "remove" | "renew";

const TITLES: Readonly<Record<Doing, string>> = {
  enrol: "Set up a second factor",
  remove: "Take the second factor off",
  renew: "New recovery codes",
};

export function SecondFactorPanel(): ReactNode {
  const client = useQueryClient();
  const [doing, setDoing] = useState<Doing | null>(null);
  const factor = useQuery({
    queryKey: ["access", "factor"],
    queryFn: () => answer(api.GET("/api/v1/auth/totp")),
  });
  // Kept here: they come even when the dialog was closed meanwhile, and those of before work no more.
  const [made, setMade] = useState<{ readonly by: Doing; readonly codes: readonly string[] } | null>(null);
  const title = made?.by ?? doing;
  const show = (by: Doing) => (codes: readonly string[]) => setMade({ by, codes });
  const close = (): void => {
    setDoing(null);
    setMade(null);
    void client.invalidateQueries({ queryKey: ["access"] });
  };
  return (
    <Panel title="Second factor">
      <Answered query={factor} rows={3}>
        {({ state, active_since, recovery_codes }) => (
          <div className="flex flex-col items-start gap-3 p-3 text-[13px] md:p-4">
            {state === "active" ? (
              <>
                <p className="flex flex-wrap items-center gap-2">
                  <Badge tone="good">on</Badge>
                  {active_since !== null && (
                    <span>
                      since <Time at={active_since} to="day" />
                    </span>
                  )}
                  <span className={recovery_codes < 3 ? "text-warn" : "text-ink-2"}>
                    {recovery_codes === 1 ? "1 recovery code" : `${recovery_codes} recovery codes`} left
                  </span>
                </p>
                <div className="flex flex-wrap gap-2">
                  <Button onClick={() => setDoing("renew")}>New recovery codes</Button>
                  <Button look="danger" onClick={() => setDoing("remove")}>
                    Take it off
                  </Button>
                </div>
              </>
            ) : (
              <>
                <p className="text-ink-2">
                  With one, signing in asks for a code of an app on your phone as well. Whoever learns your
                  password then cannot get in with it alone.
                </p>
                <Button look="primary" onClick={() => setDoing("enrol")}>
                  Set it up
                </Button>
              </>
            )}
          </div>
        )}
      </Answered>
      <Dialog
        open={title !== null}
        onClose={close}
        title={title === null ? "" : TITLES[title]}
        shownOnce={made !== null}
      >
        {made !== null ? (
          <RecoveryCodes codes={made.codes} onDone={close} />
        ) : (
          <>
            {doing === "enrol" && <EnrolForm onMade={show(doing)} />}
            {doing === "remove" && <RemoveForm onDone={close} />}
            {doing === "renew" && <Renewing onMade={show(doing)} />}
          </>
        )}
      </Dialog>
    </Panel>
  );
}

function Renewing({ onMade }: { onMade: (codes: readonly string[]) => void }): ReactNode {
  const failWhenGone = useFailWhenGone();
  const renew = useMutation({
    mutationFn: (code: { code?: string }) => answer(api.POST("/api/v1/auth/recovery-codes", { body: code })),
    onSuccess: ({ recovery_codes }) => onMade(recovery_codes),
    onError: failWhenGone,
  });
  const fresh = useFreshCode(renew.error);
  return (
    <form
      className="flex flex-col gap-3 text-[13px]"
      onSubmit={(event) => {
        event.preventDefault();
        renew.mutate(fresh.body);
      }}
    >
      <p>You get ten new ones. Those of before work no more.</p>
      {fresh.field}
      {renew.error !== null && !fresh.asked && <Failed error={renew.error} compact />}
      <Button type="submit" look="primary" className="self-start" busy={renew.isPending}>
        Make new codes
      </Button>
    </form>
  );
}
