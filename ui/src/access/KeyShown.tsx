import type { ReactNode } from "react";
import { Button } from "@/components/Button";
import type { NewKey } from "./keys";
import { Secret } from "./Secret";

/** The one time that a key is seen. */
export function KeyShown({ made, onClose }: { made: NewKey; onClose: () => void }): ReactNode {
  const signed = made.kind === "signed";
  return (
    <div className="flex flex-col gap-3 text-[13px]">
      <p className="rounded border border-warn bg-warn-soft p-2 text-warn">
        This is shown once. Copy it now: nothing and nobody can show it again.
      </p>
      {signed && <Secret label="Id of the key (x-plimsoll-key)" text={made.id.replaceAll("-", "")} />}
      <Secret
        label={signed ? "Signing secret" : "API key"}
        text={(signed ? made.signing_secret : made.api_key) ?? ""}
      />
      <p className="text-ink-2">
        {signed ? (
          <>
            Each request carries <code>x-plimsoll-key</code>, <code>x-plimsoll-timestamp</code> and{" "}
            <code>x-plimsoll-signature</code>.
          </>
        ) : (
          <>
            Send it as <code>Authorization: Bearer …</code>
          </>
        )}
      </p>
      <Button look="primary" className="self-start" onClick={onClose}>
        I have kept it
      </Button>
    </div>
  );
}
