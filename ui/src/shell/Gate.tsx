import { Navigate, useRouter } from "@tanstack/react-router";
import { Fragment, useState, type ReactNode } from "react";
import { Empty, Loading } from "@/components/States";
import { mayOversee, useSession } from "@/hooks/session";

/** Whom a screen is for. What is behind it the service guards; this only spares people a wall of refusals. */
export type Audience = "anyone" | "person" | "overseer";

export function Gate({ audience, children }: { audience: Audience; children: ReactNode }): ReactNode {
  const { me } = useSession();
  const router = useRouter();
  // Where one was when the session ended: while the sign-in screen is being fetched the address is its own already.
  const [here, setHere] = useState<string | null>(null);
  if (me === null && here === null) setHere(router.state.location.href);
  if (me && here !== null) setHere(null);
  if (audience === "anyone") return children;
  if (me === undefined) return <Loading rows={8} label="Finding out who is signed in" />;
  if (me === null)
    return <Navigate to={"/sign-in" as never} search={{ next: here ?? undefined } as never} replace />;
  if (audience === "overseer" && !mayOversee(me)) {
    return <Empty title="This part is for operators">Your account has the role “{me.role}”.</Empty>;
  }
  // Somebody else begins with nothing of what the one before had typed or been told.
  return <Fragment key={me.id}>{children}</Fragment>;
}
