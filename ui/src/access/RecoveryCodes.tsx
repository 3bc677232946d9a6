import type { ReactNode } from "react";
import { Button } from "@/components/Button";
import { Secret } from "./Secret";

export function RecoveryCodes({
  codes,
  onDone,
}: {
  codes: readonly string[];
  onDone: () => void;
}): ReactNode {
  return (
    <div className="flex flex-col gap-3 text-[13px]">
      <p className="rounded border border-warn bg-warn-soft p-2 text-warn">
        Keep these where your phone is not. Each works once in place of a code of the app. They are shown
        once.
      </p>
      <Secret label="Recovery codes" text={codes.join("\n")} />
      <Button look="primary" className="self-start" onClick={onDone}>
        I have kept them
      </Button>
    </div>
  );
}
