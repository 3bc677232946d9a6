/** One position for each perpetual, or a long and a short one: of the whole account, and only while nothing stands. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { answer, api } from "@/api/client";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { useToasts } from "@/hooks/toasts";
import { sayProblem } from "./refusals";

const MODES = [
  { hedge: false, name: "One-way", what: "One position for each perpetual." },
  { hedge: true, name: "Hedge", what: "A long and a short position for each perpetual." },
] as const;

export function PositionMode({ hedge }: { hedge: boolean }): ReactNode {
  const client = useQueryClient();
  const toasts = useToasts();
  const setting = useMutation({
    mutationFn: (wanted: boolean) =>
      answer(api.PUT("/api/v1/account/position-mode", { body: { hedge: wanted } })),
    onSuccess: async (set) => {
      toasts.tell({ tone: "good", title: `Positions: ${set.hedge ? "hedge" : "one-way"} mode` });
      await client.invalidateQueries({ queryKey: ["trading"] });
    },
  });
  const now = MODES.find((mode) => mode.hedge === hedge);
  return (
    <div
      role="group"
      aria-label="Position mode"
      className="flex flex-wrap items-center gap-1.5 border-t border-line px-3 py-2 text-[12px]"
    >
      <span aria-hidden className="text-ink-2">
        Positions
      </span>
      {MODES.map((mode) => (
        <Button
          key={mode.name}
          small
          look={mode.hedge === hedge ? "primary" : "plain"}
          aria-pressed={mode.hedge === hedge}
          busy={setting.isPending && setting.variables === mode.hedge}
          onClick={() => (mode.hedge === hedge ? setting.reset() : setting.mutate(mode.hedge))}
        >
          {mode.name}
        </Button>
      ))}
      {setting.error === null ? (
        <span className="text-ink-3">{now?.what}</span>
      ) : (
        <span role="alert" className="text-danger">
          {sayProblem(asProblem(setting.error))}
        </span>
      )}
    </div>
  );
}
