import { Check, Monitor, Moon, Sun } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { IconButton } from "@/components/Button";
import { usePreferences, type Preferences } from "@/hooks/preferences";
import { useSession } from "@/hooks/session";

export const THEMES = [
  { value: "dark", name: "Dark", icon: Moon },
  { value: "light", name: "Light", icon: Sun },
  { value: "system", name: "As the system", icon: Monitor },
] as const;

const ITEM =
  "flex items-center gap-2 rounded px-2 py-1.5 outline-none select-none cursor-pointer data-highlighted:bg-raised";

/** Dark, light, or as the system has it. On a phone it is in the menu of the person instead. */
export function ThemeButton(): ReactNode {
  const { me } = useSession();
  const { theme } = usePreferences().preferences;
  const Icon = (THEMES.find((each) => each.value === theme) ?? THEMES[2]).icon;
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <IconButton label="Theme" className={me ? "max-md:hidden!" : ""}>
          <Icon aria-hidden className="size-4" />
        </IconButton>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          aria-label="Theme"
          className="panel z-50 min-w-40 p-1 text-[13px] shadow-lg"
        >
          <ThemeItems />
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

export function ThemeItems(): ReactNode {
  const { preferences, change } = usePreferences();
  return (
    <DropdownMenu.RadioGroup
      value={preferences.theme}
      onValueChange={(theme) => change({ theme: theme as Preferences["theme"] })}
    >
      {THEMES.map(({ value, name, icon: Icon }) => (
        <DropdownMenu.RadioItem key={value} value={value} className={ITEM}>
          <Icon aria-hidden className="size-4 text-ink-3" />
          {name}
          <DropdownMenu.ItemIndicator className="ml-auto">
            <Check aria-hidden className="size-4 text-accent" />
          </DropdownMenu.ItemIndicator>
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  );
}
