/** The parts that a derivation is told with. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

/** a × b = c, each with what it is. */
export function Sum({
  parts,
}: {
  parts: readonly (readonly [label: string, value: ReactNode])[];
}): ReactNode {
  return (
    <dl className="rounded border border-line text-[13px]">
      {parts.map(([label, value], index) => (
        <div
          key={label}
          className={`flex items-baseline justify-between gap-3 px-3 py-1.5 ${index > 0 ? "border-t border-line" : ""} ${index === parts.length - 1 ? "bg-raised font-medium" : ""}`}
        >
          <dt className="text-ink-2">{label}</dt>
          <dd className="text-right break-words tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Part({ title, children }: { title: string; children: ReactNode }): ReactNode {
  return (
    <section className="mt-4 text-[13px] first:mt-0">
      <h3 className="mb-1.5 text-[12px] font-medium text-ink-2">{title}</h3>
      {children}
    </section>
  );
}

export function ToTransactions({
  search,
  children,
}: {
  search: Readonly<Record<string, string>>;
  children: ReactNode;
}): ReactNode {
  return (
    <Link
      to={"/transactions" as never}
      search={search as never}
      className="text-accent underline underline-offset-2"
    >
      {children}
    </Link>
  );
}
