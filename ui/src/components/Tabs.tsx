import { Tabs as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { useUrlState } from "@/hooks/url-state";

export interface Tab {
  readonly id: string;
  readonly label: ReactNode;
  readonly content: ReactNode;
}

/** Tabs whose choice is in the address as `name`. */
export function Tabs({
  name,
  tabs,
  label,
}: {
  name: string;
  tabs: readonly Tab[];
  label: string;
}): ReactNode {
  const first = tabs[0]?.id ?? "";
  const [chosen, choose] = useUrlState(name, first);
  const value = tabs.some((tab) => tab.id === chosen) ? chosen : first;
  return (
    <Radix.Root value={value} onValueChange={choose} className="flex min-w-0 flex-col">
      <Radix.List aria-label={label} className="flex gap-1 overflow-x-auto border-b border-line px-2">
        {tabs.map((tab) => (
          <Radix.Trigger
            key={tab.id}
            value={tab.id}
            className="-mb-px border-b-2 border-transparent px-2.5 py-2 text-[13px] whitespace-nowrap text-ink-2 hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink"
          >
            {tab.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.id} value={tab.id} className="min-w-0">
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
