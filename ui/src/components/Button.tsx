import type { ButtonHTMLAttributes, ReactNode } from "react";

type Look = "primary" | "plain" | "quiet" | "danger" | "buy" | "sell";

const LOOKS: Record<Look, string> = {
  primary: "bg-accent text-accent-ink border-accent hover:opacity-90",
  plain: "bg-raised text-ink border-line hover:border-ink-3",
  quiet: "bg-transparent text-ink-2 border-transparent hover:bg-raised hover:text-ink",
  danger: "bg-danger-soft text-danger border-danger hover:inset-ring",
  buy: "bg-up-soft text-up border-up hover:inset-ring",
  sell: "bg-down-soft text-down border-down hover:inset-ring",
};

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  /** At work: cannot be pressed again, and says so to screen readers. */
  busy?: boolean;
  small?: boolean;
  icon?: ReactNode;
}

export function Button({
  look = "plain",
  busy = false,
  small = false,
  icon,
  ...rest
}: ButtonProps): ReactNode {
  const { className = "", children, disabled, type = "button", onKeyDown, ...attributes } = rest;
  const size = small ? "px-2 py-0.5 text-[12px] min-h-6" : "px-3 py-1 text-[13px] min-h-8";
  return (
    <button
      type={type}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      className={`inline-flex items-center justify-center gap-1.5 rounded border font-medium whitespace-nowrap disabled:opacity-50 ${size} ${LOOKS[look]} ${className}`}
      {...attributes}
      onKeyDown={(event) => {
        // Enter that is held down would press again and again.
        if (event.key === "Enter" && event.repeat) event.preventDefault();
        onKeyDown?.(event);
      }}
    >
      {icon}
      {children}
    </button>
  );
}

/** A button that is only a picture: its label is for everybody who does not see it. */
export function IconButton({
  label,
  children,
  ...rest
}: Omit<ButtonProps, "icon"> & { label: string }): ReactNode {
  return (
    <Button
      look="quiet"
      aria-label={label}
      title={label}
      {...rest}
      className={`px-1.5! ${rest.className ?? ""}`}
    >
      {children}
    </Button>
  );
}
