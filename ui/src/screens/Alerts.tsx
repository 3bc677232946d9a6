import { useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState, type ReactNode } from "react";
import { AlertForm } from "@/alerts/AlertForm";
import { AlertList } from "@/alerts/AlertList";
import { Channels } from "@/alerts/Channels";
import { Deliveries } from "@/alerts/Deliveries";
import { draftOfAddress } from "@/alerts/drafts";
import { Events } from "@/alerts/Events";
import { useMayWrite } from "@/alerts/may";
import { Notifications } from "@/alerts/Notifications";
import type { Alert } from "@/alerts/subjects";
import { Button } from "@/components/Button";
import { Screen } from "@/components/Panel";
import { Tabs } from "@/components/Tabs";
import { useSetSearch, type Search } from "@/hooks/url-state";

export function Alerts(): ReactNode {
  const mayWrite = useMayWrite();
  const search: Search = useSearch({ strict: false });
  const setSearch = useSetSearch();
  const [form, setForm] = useState<Alert | "new" | null>(null);
  // A chart links here with what the form is to be filled with; the address keeps it until the form is closed.
  const asked = draftOfAddress(search);
  const close = (): void => {
    setForm(null);
    if (asked !== null)
      setSearch({ subject: undefined, of: undefined, threshold: undefined, comparison: undefined });
  };
  const makeNew = (): void => setForm("new");
  const open = mayWrite && (form !== null || asked !== null);
  const tab = (content: ReactNode): ReactNode => <div className="pt-3">{content}</div>;
  return (
    <Screen
      title="Alerts"
      actions={
        mayWrite && (
          <Button look="primary" icon={<Plus aria-hidden className="size-4" />} onClick={makeNew}>
            New alert
          </Button>
        )
      }
    >
      <Tabs
        name="tab"
        label="Parts of alerts"
        tabs={[
          { id: "alerts", label: "Alerts", content: tab(<AlertList onNew={makeNew} onEdit={setForm} />) },
          { id: "events", label: "Events", content: tab(<Events />) },
          { id: "notifications", label: "Notifications", content: tab(<Notifications />) },
          { id: "channels", label: "Channels", content: tab(<Channels />) },
          { id: "deliveries", label: "Deliveries", content: tab(<Deliveries />) },
        ]}
      />
      {open && (
        <AlertForm
          key={form === null || form === "new" ? "new" : form.id}
          {...(form !== null && form !== "new" ? { alert: form } : {})}
          {...(asked === null ? {} : { start: asked })}
          onClose={close}
        />
      )}
    </Screen>
  );
}
