import { Bell } from "lucide-react";
import { Popover } from "radix-ui";
import { lazy, Suspense, useState, type ReactNode } from "react";
import { IconButton } from "@/components/Button";
import { Loading } from "@/components/States";
import { useUnseen } from "@/hooks/notifications";
import { useShortcut } from "@/hooks/shortcuts";
import { Count } from "./JobsButton";

const Newest = lazy(() => import("./Newest").then(({ Newest: it }) => ({ default: it })));

/** What alerts have told, with how much of it is unseen. */
export function NotificationsButton(): ReactNode {
  const [open, setOpen] = useState(false);
  const unseen = useUnseen();
  useShortcut("shift+n", "Notifications", () => setOpen(true), "Everywhere");
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <IconButton
          label={unseen === 0 ? "Notifications" : `Notifications, ${unseen} unseen`}
          className="relative"
        >
          <Bell aria-hidden className="size-4" />
          {unseen > 0 && <Count value={unseen} />}
        </IconButton>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={6}
          collisionPadding={8}
          aria-label="Notifications"
          className="panel z-50 flex max-h-[min(560px,80vh)] w-[min(400px,calc(100vw-16px))] flex-col shadow-xl"
        >
          <Suspense fallback={<Loading rows={4} />}>
            <Newest open={open} unseen={unseen} onClose={() => setOpen(false)} />
          </Suspense>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
