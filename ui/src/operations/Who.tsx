import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useMe } from "@/hooks/session";
import { shortId } from "./words";

/** A person as operators know them: an id, or oneself; leads to what is kept of them. */
export function Who({ id, none = "—" }: { id: string | null; none?: string }): ReactNode {
  const me = useMe();
  if (id === null) return <span className="text-ink-3">{none}</span>;
  return (
    <Link
      to={"/operator/people" as never}
      search={{ user_id: id } as never}
      title={id}
      className="font-mono text-[12px] whitespace-nowrap underline decoration-ink-3 decoration-dotted underline-offset-4 hover:decoration-accent"
      onClick={(event) => event.stopPropagation()}
    >
      {id === me.id ? "you" : shortId(id)}
    </Link>
  );
}

/** Whether buttons that change something are shown: a regulator reads all and changes nothing. */
export function useMayChange(): boolean {
  return useMe().role === "operator";
}
