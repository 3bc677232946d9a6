/** The buttons of the corner: one's own amounts, theme, work, news and account. */
import { Eye, EyeOff } from "lucide-react";
import type { ReactNode } from "react";
import { IconButton } from "@/components/Button";
import { usePreferences } from "@/hooks/preferences";
import { useSession } from "@/hooks/session";
import { JobsButton } from "./JobsButton";
import { NotificationsButton } from "./NotificationsButton";
import { PersonButton } from "./PersonButton";
import { ThemeButton } from "./ThemeButton";

export function Corner(): ReactNode {
  const { me } = useSession();
  if (!me) return <ThemeButton />;
  return (
    <>
      <PrivacyButton />
      <ThemeButton />
      <JobsButton />
      <NotificationsButton />
      <PersonButton />
    </>
  );
}

function PrivacyButton(): ReactNode {
  const { preferences, change } = usePreferences();
  const Icon = preferences.privacy ? EyeOff : Eye;
  return (
    <IconButton
      label={preferences.privacy ? "Show amounts" : "Hide amounts"}
      aria-pressed={preferences.privacy}
      onClick={() => change({ privacy: !preferences.privacy })}
    >
      <Icon aria-hidden className="size-4" />
    </IconButton>
  );
}
