import type { ReactNode } from "react";

/** A part of a screen with its own heading and actions. */
export function Panel({
  title,
  note,
  actions,
  children,
  className = "",
  level = 2,
}: {
  title: ReactNode;
  /** Beside the title, small: the window, the source, the definition. */
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
  level?: 2 | 3;
}): ReactNode {
  const Heading = `h${level}` as const;
  return (
    <section className={`panel flex min-w-0 flex-col ${className}`}>
      <header className="flex min-h-10 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-3 py-1.5">
        <Heading className="text-[13px] font-semibold">{title}</Heading>
        {note !== undefined && <div className="text-[12px] text-ink-3">{note}</div>}
        {actions !== undefined && (
          <div className="ml-auto flex flex-wrap items-center gap-1.5">{actions}</div>
        )}
      </header>
      <div className="min-w-0 flex-1">{children}</div>
    </section>
  );
}

/** The frame of a screen: one heading, what can be done, then its parts. */
export function Screen({
  title,
  note,
  actions,
  children,
}: {
  title: string;
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}): ReactNode {
  return (
    <div className="mx-auto flex w-full max-w-[1760px] min-w-0 flex-col gap-3 p-3 md:p-4">
      <title>{`${title} · Plimsoll`}</title>
      <header className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h1 className="text-[18px] font-semibold tracking-tight">{title}</h1>
        {note !== undefined && <div className="text-[12px] text-ink-3">{note}</div>}
        {actions !== undefined && <div className="ml-auto flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A figure with its name; `derivation` makes it a button that shows where it comes from. */
export function Figure({
  label,
  value,
  note,
  onExplain,
}: {
  label: string;
  value: ReactNode;
  note?: ReactNode;
  onExplain?: (() => void) | undefined;
}): ReactNode {
  const shown = <span className="text-[17px] font-semibold tabular-nums">{value}</span>;
  return (
    <div className="flex min-w-0 flex-col gap-0.5 px-3 py-2">
      <span className="text-[12px] text-ink-2">{label}</span>
      {onExplain === undefined ? (
        shown
      ) : (
        <button
          type="button"
          onClick={onExplain}
          title={`Where does ${label.toLowerCase()} come from?`}
          className="self-start text-left underline decoration-ink-3 decoration-dotted underline-offset-4 hover:decoration-accent"
        >
          {shown}
        </button>
      )}
      {note !== undefined && <span className="text-[12px] text-ink-3">{note}</span>}
    </div>
  );
}
