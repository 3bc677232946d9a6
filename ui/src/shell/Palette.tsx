/** One field that leads everywhere: places, pairs, instruments, and what can be done. By keyboard alone. */
import { Dialog } from "radix-ui";
import { lazy, Suspense, useState, type ReactNode } from "react";
import { useShortcut } from "@/hooks/shortcuts";
import { Loading } from "@/components/States";

const Finder = lazy(() => import("./Finder").then(({ Finder: it }) => ({ default: it })));

export function usePalette(): { open: boolean; show(): void; hide(): void } {
  const [open, setOpen] = useState(false);
  const show = (): void => setOpen(true);
  useShortcut("/", "Search or go to", show, "Everywhere");
  useShortcut("mod+k", "Search or go to", show, "Everywhere");
  return { open, show, hide: () => setOpen(false) };
}

export function Palette({ open, onClose }: { open: boolean; onClose: () => void }): ReactNode {
  return (
    <Dialog.Root open={open} onOpenChange={(is) => !is && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-black/50" />
        <Dialog.Content
          aria-describedby={undefined}
          className="fixed top-[8vh] left-1/2 z-50 flex max-h-[76vh] w-[min(600px,calc(100vw-16px))] -translate-x-1/2 flex-col overflow-hidden rounded-md border border-line bg-panel shadow-xl"
        >
          <Dialog.Title className="sr-only">Search or go to</Dialog.Title>
          <Suspense fallback={<Loading rows={4} />}>
            <Finder onClose={onClose} />
          </Suspense>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
