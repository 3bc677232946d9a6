import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { ChoiceField, type Choice } from "@/components/Field";
import { Failed } from "@/components/States";
import { useFailWhenGone, useWhileHere } from "@/hooks/here";
import { useFreshCode } from "./CodeField";
import { rotateKey, useKeysChanged, type Key, type NewKey } from "./keys";

/** Seconds. */
const OVERLAPS: readonly Choice[] = [
  { value: "0", label: "ends at once" },
  { value: "3600", label: "goes on for an hour" },
  { value: "86400", label: "goes on for a day" },
  { value: "604800", label: "goes on for a week" },
];

export function RotateForm({
  of,
  onMade,
  onClose,
}: {
  of: Key;
  onMade: (key: NewKey) => void;
  onClose: () => void;
}): ReactNode {
  const changed = useKeysChanged();
  const close = useWhileHere(onClose);
  const failWhenGone = useFailWhenGone();
  const [overlap, setOverlap] = useState("3600");
  const rotate = useMutation({
    mutationFn: (code: { code?: string }) => rotateKey(of.id, { overlap_s: Number(overlap), ...code }),
    onSuccess: (key) => {
      changed();
      close();
      onMade(key);
    },
    onError: failWhenGone,
  });
  const fresh = useFreshCode(rotate.error);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    rotate.mutate(fresh.body);
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <p className="text-[13px] text-ink-2">
        A successor with the same name, scopes, networks, kind and expiry. “{of.name}” itself then ends.
      </p>
      <ChoiceField
        label="The old key"
        choices={OVERLAPS}
        value={overlap}
        onChange={(event) => setOverlap(event.target.value)}
      />
      {fresh.field}
      {rotate.error !== null && !fresh.asked && <Failed error={asProblem(rotate.error)} compact />}
      <Button type="submit" look="primary" busy={rotate.isPending}>
        Rotate
      </Button>
    </form>
  );
}
