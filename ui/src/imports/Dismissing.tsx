/** That nothing is wrong in a doubt, with the reason; and taking that back. */
import { useMutation, useQueryClient, type UseMutationResult } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { answer, api } from "@/api/client";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Field } from "@/components/Field";
import { Failed } from "@/components/States";
import { useFailWhenGone, useWhileHere } from "@/hooks/here";
import { useToasts } from "@/hooks/toasts";
import { KINDS, type Issue } from "./doubts";

const KEY = { queryKey: ["data-quality"] };

export function useReopen(): UseMutationResult<unknown, Error, string> {
  const client = useQueryClient();
  const toasts = useToasts();
  return useMutation<unknown, Error, string>({
    mutationFn: (id) =>
      answer(api.POST("/api/v1/data-quality/{issue_id}/reopen", { params: { path: { issue_id: id } } })),
    onSuccess: () => client.invalidateQueries(KEY),
    onError: toasts.fail,
  });
}

export function DismissDialog({
  issue,
  reasons,
  onClose,
}: {
  issue: Issue;
  /** What is often the reason for this kind. */
  reasons: readonly string[];
  onClose: () => void;
}): ReactNode {
  const client = useQueryClient();
  const toasts = useToasts();
  const reopen = useReopen();
  const close = useWhileHere(onClose);
  const failWhenGone = useFailWhenGone();
  const [note, setNote] = useState("");
  const dismiss = useMutation({
    mutationFn: () =>
      answer(
        api.POST("/api/v1/data-quality/{issue_id}/dismiss", {
          params: { path: { issue_id: issue.id } },
          body: { note: note.trim() },
        }),
      ),
    onSuccess: async () => {
      await client.invalidateQueries(KEY);
      close();
      toasts.tell({
        title: `${KINDS[issue.kind][0]} dismissed`,
        detail: note,
        action: { label: "Undo", run: () => reopen.mutate(issue.id) },
      });
    },
    onError: failWhenGone,
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Dismiss this doubt"
      description="It stays away for as long as its cause is the same. If more lacks later, it is open again."
    >
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          dismiss.mutate();
        }}
      >
        <p className="text-[13px]">{issue.cause}</p>
        {reasons.length > 0 && (
          <div className="flex flex-wrap gap-2">
            {reasons.map((reason) => (
              <Button key={reason} small aria-pressed={note === reason} onClick={() => setNote(reason)}>
                {reason}
              </Button>
            ))}
          </div>
        )}
        <Field
          label="Why nothing is wrong"
          required
          maxLength={1000}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
        {dismiss.error !== null && <Failed error={dismiss.error} compact />}
        <Button
          type="submit"
          look="primary"
          className="self-end"
          busy={dismiss.isPending}
          disabled={note.trim() === ""}
        >
          Dismiss
        </Button>
      </form>
    </Dialog>
  );
}
