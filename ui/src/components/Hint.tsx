import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";

/** A word with its definition, shown when it is pointed at or has the focus. */
export function Hint({ text, children }: { text: ReactNode; children: ReactNode }): ReactNode {
  return (
    <Tooltip.Provider delayDuration={200}>
      <Tooltip.Root>
        <Tooltip.Trigger asChild>
          <button
            type="button"
            className="cursor-help underline decoration-ink-3 decoration-dotted underline-offset-3"
          >
            {children}
          </button>
        </Tooltip.Trigger>
        <Tooltip.Portal>
          <Tooltip.Content
            sideOffset={6}
            collisionPadding={8}
            className="panel z-50 max-w-80 px-3 py-2 text-left text-[12px] leading-normal whitespace-normal text-ink shadow-lg"
          >
            {text}
          </Tooltip.Content>
        </Tooltip.Portal>
      </Tooltip.Root>
    </Tooltip.Provider>
  );
}
