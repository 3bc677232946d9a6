import { useQueryClient } from "@tanstack/react-query";
import { useFailWhenGone, useWhileHere } from "@/hooks/here";
import { useToasts } from "@/hooks/toasts";

interface Said {
  onSuccess(): Promise<void>;
  onError(error: unknown): void;
}

/** What follows when something was said to the tax: whoever reads it asks anew, and the dialog closes. */
export function useSaid(onClose: () => void): Said {
  const client = useQueryClient();
  const toasts = useToasts();
  const close = useWhileHere(onClose);
  const onError = useFailWhenGone();
  const onSuccess = async (): Promise<void> => {
    toasts.tell({ title: "Said", detail: "Compute a report to see what it changes.", tone: "good" });
    await client.invalidateQueries({ queryKey: ["tax"] });
    close();
  };
  return { onSuccess, onError };
}
