import { LogOut } from "lucide-react";
import type { ReactNode } from "react";
import { DataPanel } from "@/access/DataPanel";
import { KeysPanel } from "@/access/KeysPanel";
import { PasswordPanel } from "@/access/PasswordPanel";
import { PreferencesPanel } from "@/access/PreferencesPanel";
import { SecondFactorPanel } from "@/access/SecondFactorPanel";
import { useSignOut } from "@/access/session";
import { SessionsPanel } from "@/access/SessionsPanel";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Screen } from "@/components/Panel";
import { Tabs } from "@/components/Tabs";
import { useMe } from "@/hooks/session";
import { useToasts } from "@/hooks/toasts";

const below = (content: ReactNode): ReactNode => <div className="pt-3">{content}</div>;

const TABS = [
  { id: "preferences", label: "Preferences", content: below(<PreferencesPanel />) },
  { id: "keys", label: "API keys", content: below(<KeysPanel />) },
  { id: "sessions", label: "Sessions", content: below(<SessionsPanel />) },
  {
    id: "security",
    label: "Security",
    content: below(
      <div className="grid items-start gap-3 lg:grid-cols-2">
        <PasswordPanel />
        <SecondFactorPanel />
      </div>,
    ),
  },
  { id: "data", label: "My data", content: below(<DataPanel />) },
];

export function Account(): ReactNode {
  const me = useMe();
  const signOut = useSignOut();
  const toasts = useToasts();
  return (
    <Screen
      title="Account"
      note={
        <span className="inline-flex flex-wrap items-center gap-1.5">
          {me.email} <Badge>{me.role}</Badge> <Badge>{me.tier}</Badge>
        </span>
      }
      actions={
        <Button
          icon={<LogOut aria-hidden className="size-3.5" />}
          busy={signOut.isPending}
          onClick={() => signOut.mutate(undefined, { onError: toasts.fail })}
        >
          Sign out
        </Button>
      }
    >
      <Tabs name="tab" label="Account" tabs={TABS} />
    </Screen>
  );
}
