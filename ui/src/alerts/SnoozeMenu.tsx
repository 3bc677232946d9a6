import { useMutation, useQueryClient } from "@tanstack/react-query";
import { AlarmClockOff } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { answer, api } from "@/api/client";
import { IconButton } from "@/components/Button";
import { useToasts } from "@/hooks/toasts";
import { type Alert, saidCondition } from "./subjects";

const SPANS: readonly (readonly [number, string])[] = [
  [900, "15 minutes"],
  [3600, "1 hour"],
  [14_400, "4 hours"],
  [86_400, "1 day"],
  [604_800, "1 week"],
];

/** Silence for a while; what fires meanwhile is not told. */
export function SnoozeMenu({ alert }: { alert: Alert }): ReactNode {
  const client = useQueryClient();
  const toasts = useToasts();
  const snooze = useMutation({
    mutationFn: (seconds: number) =>
      answer(
        api.POST("/api/v1/alerts/{alert_id}/snooze", {
          params: { path: { alert_id: alert.id } },
          body: { seconds },
        }),
      ),
    onError: toasts.fail,
    onSettled: () => client.invalidateQueries({ queryKey: ["alerts"] }),
  });
  const choices: readonly (readonly [number, string])[] =
    alert.snoozed_until === null ? SPANS : [...SPANS, [0, "end the silence"]];
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <IconButton
          small
          label={`Snooze: ${alert.subject.of} ${saidCondition(alert)}`}
          busy={snooze.isPending}
        >
          <AlarmClockOff aria-hidden className="size-4" />
        </IconButton>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          className="panel z-50 min-w-32 p-1 text-[13px] shadow-lg"
        >
          <DropdownMenu.Label className="px-2 py-1 text-[12px] text-ink-3">Snooze for</DropdownMenu.Label>
          {choices.map(([seconds, label]) => (
            <DropdownMenu.Item
              key={seconds}
              onSelect={() => snooze.mutate(seconds)}
              className="cursor-pointer rounded px-2 py-1.5 outline-none data-highlighted:bg-raised"
            >
              {label}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
