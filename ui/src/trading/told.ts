/** What is sent by a form that may be gone, or be about something else, when the answer comes. */
import type { UseMutationResult } from "@tanstack/react-query";
import { asProblem } from "@/api/problems";
import { useToasts } from "@/hooks/toasts";
import { sayProblem } from "./refusals";

/**
 * Sends. `onDone` is for the form that sent it: not called once that was closed, or typing has reset it. A refusal that
 * the form cannot show any more is told as a message; `what` says there what was refused.
 */
export function useTold<T, V>({
  mutateAsync,
}: UseMutationResult<T, Error, V>): (sent: V, what: string, onDone: () => void) => void {
  const toasts = useToasts();
  return (sent, what, onDone) => {
    let shown = false;
    const onError = (): void => {
      shown = true;
    };
    mutateAsync(sent, { onSuccess: onDone, onError }).catch((error: unknown) => {
      if (!shown)
        toasts.tell({ tone: "bad", title: `Not done: ${what}`, detail: sayProblem(asProblem(error)) });
    });
  };
}
