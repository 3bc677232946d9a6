import { Download } from "lucide-react";
import { useState, type ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { placeOf } from "@/api/place";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Panel } from "@/components/Panel";
import { Erased, EraseForm, useLeave } from "./EraseForm";

export function DataPanel(): ReactNode {
  const [erasing, setErasing] = useState(false);
  // Kept here: it comes even when the dialog was closed meanwhile.
  const leave = useLeave();
  const [erased, setErased] = useState<Schemas["ErasureView"] | null>(null);
  return (
    <div className="flex flex-col gap-3">
      <Panel title="Download my data">
        <div className="flex flex-col items-start gap-3 p-3 text-[13px] md:p-4">
          <p className="max-w-prose text-ink-2">
            Everything that is kept of you, at one moment: a zip with a JSON file for each list. No password,
            key or secret is in it.
          </p>
          <a
            href={placeOf("api/v1/me/data")}
            download
            className="inline-flex min-h-8 items-center gap-1.5 rounded border border-line bg-raised px-3 text-[13px] font-medium hover:border-ink-3"
          >
            <Download aria-hidden className="size-3.5" />
            Download
          </a>
        </div>
      </Panel>
      <Panel title="Erase my account">
        <div className="flex flex-col items-start gap-3 p-3 text-[13px] md:p-4">
          <p className="max-w-prose text-ink-2">
            Account, ledger, imports, tax reports and alerts are removed. Paper positions are closed and
            orders cancelled first. It cannot be undone.
          </p>
          <Button look="danger" onClick={() => setErasing(true)}>
            Erase…
          </Button>
        </div>
      </Panel>
      <Dialog
        open={erasing || erased !== null}
        onClose={erased === null ? () => setErasing(false) : leave}
        title={erased === null ? "Erase my account" : "Your account is erased"}
      >
        {erased === null ? (
          <EraseForm onErased={setErased} onClose={() => setErasing(false)} />
        ) : (
          <Erased erased={erased} onLeave={leave} />
        )}
      </Dialog>
    </div>
  );
}
