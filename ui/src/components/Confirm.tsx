/** Asks once more before something is done that cannot simply be taken back. */
import type { ReactNode } from "react";
import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { Failed } from "./States";

export function Confirm({
  open,
  onClose,
  title,
  children,
  label,
  danger = false,
  busy,
  error,
  onConfirm,
}: {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  /** What the button does. */
  label: string;
  danger?: boolean;
  busy: boolean;
  error: unknown;
  onConfirm: () => void;
}): ReactNode {
  return (
    <Dialog open={open} onClose={onClose} title={title}>
      <div className="flex flex-col gap-3 text-[13px]">
        {children}
        {error !== null && error !== undefined && <Failed error={error} compact />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Keep it as it is</Button>
          <Button look={danger ? "danger" : "primary"} busy={busy} onClick={onConfirm}>
            {label}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
