import { Dialog as Radix } from "radix-ui";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { IconButton } from "./Button";

function focusItself(event: Event): void {
  event.preventDefault();
  (event.currentTarget as HTMLElement).focus();
}

/** In the middle of the page, or at its side as a drawer. Escape closes it, and the focus goes back to where it was. */
export function Dialog({
  open,
  onClose,
  title,
  children,
  side = false,
  wide = false,
  shownOnce = false,
  description,
}: {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: ReactNode;
  children: ReactNode;
  side?: boolean;
  wide?: boolean;
  /** What is in it cannot be seen again: the Enter that was meant for the form before it must not close it. */
  shownOnce?: boolean;
}): ReactNode {
  const place = side
    ? "right-0 top-0 h-dvh w-[min(480px,100vw)] border-l"
    : `left-1/2 top-[8vh] max-h-[84vh] -translate-x-1/2 rounded-md border ${wide ? "w-[min(960px,96vw)]" : "w-[min(520px,96vw)]"}`;
  return (
    <Radix.Root open={open} onOpenChange={(is) => !is && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/50" />
        <Radix.Content
          {...(description === undefined ? { "aria-describedby": undefined } : {})}
          {...(shownOnce ? { onOpenAutoFocus: focusItself } : {})}
          className={`fixed z-50 flex flex-col overflow-hidden border-line bg-panel shadow-xl ${place}`}
        >
          <header className="flex items-center gap-2 border-b border-line px-4 py-2">
            <Radix.Title className="text-[15px] font-semibold">{title}</Radix.Title>
            <Radix.Close asChild>
              <IconButton label="Close" className="ml-auto">
                <X aria-hidden className="size-4" />
              </IconButton>
            </Radix.Close>
          </header>
          {description !== undefined && (
            <Radix.Description className="px-4 pt-3 text-[13px] text-ink-2">{description}</Radix.Description>
          )}
          <div className="min-h-0 flex-1 overflow-y-auto p-4">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
