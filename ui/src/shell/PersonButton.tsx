import { Link } from "@tanstack/react-router";
import { CircleUserRound, Info, KeyRound, ListChecks, LogOut, UserRound } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { useSignOut } from "@/access/session";
import { IconButton } from "@/components/Button";
import { useMe } from "@/hooks/session";
import { useToasts } from "@/hooks/toasts";
import { ThemeItems } from "./ThemeButton";

const ITEM =
  "flex w-full items-center gap-2 rounded px-2 py-1.5 outline-none select-none cursor-pointer data-highlighted:bg-raised";

/** Who is signed in, and the way out. */
export function PersonButton(): ReactNode {
  const me = useMe();
  const signOut = useSignOut();
  const toasts = useToasts();
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <IconButton label={`Signed in as ${me.email}`}>
          <CircleUserRound aria-hidden className="size-4" />
        </IconButton>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          className="panel z-50 w-60 p-1 text-[13px] shadow-lg"
        >
          <DropdownMenu.Label className="border-b border-line px-2 pt-1 pb-2">
            <span className="block truncate font-medium">{me.email}</span>
            <span className="text-[12px] text-ink-3">
              {me.role}, {me.tier}
            </span>
          </DropdownMenu.Label>
          <Leading to="/account" icon={<UserRound aria-hidden className="size-4 text-ink-3" />}>
            Account
          </Leading>
          <Leading
            to="/account"
            search={{ tab: "keys" }}
            icon={<KeyRound aria-hidden className="size-4 text-ink-3" />}
          >
            API keys
          </Leading>
          <Leading to="/jobs" icon={<ListChecks aria-hidden className="size-4 text-ink-3" />}>
            Jobs
          </Leading>
          <Leading to="/about" icon={<Info aria-hidden className="size-4 text-ink-3" />}>
            About
          </Leading>
          <DropdownMenu.Separator className="my-1 border-t border-line md:hidden" />
          <div className="md:hidden">
            <ThemeItems />
          </div>
          <DropdownMenu.Separator className="my-1 border-t border-line" />
          <DropdownMenu.Item
            className={ITEM}
            onSelect={() => signOut.mutate(undefined, { onError: toasts.fail })}
          >
            <LogOut aria-hidden className="size-4 text-ink-3" />
            Sign out
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function Leading({
  to,
  search = {},
  icon,
  children,
}: {
  to: string;
  search?: Record<string, string>;
  icon: ReactNode;
  children: ReactNode;
}): ReactNode {
  return (
    <DropdownMenu.Item asChild>
      <Link to={to as never} search={search as never} className={ITEM}>
        {icon}
        {children}
      </Link>
    </DropdownMenu.Item>
  );
}
