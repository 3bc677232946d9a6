/** Filters whose values are in the address. */
import type { ReactNode } from "react";
import { X } from "lucide-react";
import { Button } from "@/components/Button";
import { ChoiceField, Field } from "@/components/Field";
import { useSetSearch, useUrlState } from "@/hooks/url-state";
import { shortId, spoken } from "./words";

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** What is in the address as `name`, if the service would understand it. */
export function useChoice<T extends string>(name: string, among: readonly T[]): T | undefined {
  const [text] = useUrlState(name);
  return among.find((each) => each === text);
}

/** An id of a person out of the address. */
export function useIdOf(name: string): string | undefined {
  const [text] = useUrlState(name);
  return ID.test(text) ? text : undefined;
}

export function ChoiceFilter({
  name,
  label,
  among,
  say = spoken,
}: {
  name: string;
  label: string;
  among: readonly string[];
  say?: (value: string) => string;
}): ReactNode {
  const [text, set] = useUrlState(name);
  return (
    <div className="w-36 max-sm:w-[calc(50%-6px)]">
      <ChoiceField
        label={label}
        value={among.includes(text) ? text : ""}
        onChange={(event) => set(event.target.value)}
        choices={[{ value: "", label: "All" }, ...among.map((value) => ({ value, label: say(value) }))]}
      />
    </div>
  );
}

/** A day at which the list begins or ends, in UTC as the service keeps times. */
export function DayFilter({ name, label }: { name: string; label: string }): ReactNode {
  const [text, set] = useUrlState(name);
  return (
    <div className="w-36 max-sm:w-[calc(50%-6px)]">
      <Field label={label} type="date" value={text} onChange={(event) => set(event.target.value)} />
    </div>
  );
}

/** The first moment of a day of the address; `next`: of the day after it. */
export function useMomentOf(name: string, next = false): string | undefined {
  const [text] = useUrlState(name);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const at = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(at) ? undefined : new Date(at + (next ? 86_400_000 : 0)).toISOString();
}

/** One person, chosen elsewhere by a link; can be taken back. */
export function PersonFilter(): ReactNode {
  const id = useIdOf("user_id");
  const set = useSetSearch();
  if (id === undefined) return null;
  return (
    <Button
      title={id}
      onClick={() => set({ user_id: undefined })}
      icon={<X aria-hidden className="size-3.5" />}
    >
      Only person {shortId(id)}
    </Button>
  );
}

export function Filters({ children, label }: { children: ReactNode; label: string }): ReactNode {
  return (
    <div
      role="search"
      aria-label={label}
      className="flex flex-wrap items-end gap-x-3 gap-y-2 border-b border-line px-3 py-2 [&>label]:min-h-8"
    >
      {children}
    </div>
  );
}
