import { Check, Copy } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Button } from "@/components/Button";
import { useToasts } from "@/hooks/toasts";

/** Something secret in full, to be copied; shown once. */
export function Secret({ label, text }: { label: string; text: string }): ReactNode {
  const [copied, setCopied] = useState(false);
  const toasts = useToasts();
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // Browsers keep the clipboard from pages that were not fetched over TLS.
      toasts.tell({ tone: "bad", title: "Not copied", detail: "Select the text and copy it by hand." });
    }
  };
  return (
    <div className="flex flex-col gap-1">
      <span className="text-[12px] text-ink-2">{label}</span>
      <div className="flex items-start gap-2">
        <code
          tabIndex={0}
          aria-label={label}
          className="min-w-0 flex-1 rounded border border-line bg-page px-2 py-1.5 text-[12.5px] break-all whitespace-pre-wrap select-all"
        >
          {text}
        </code>
        <Button
          icon={
            copied ? <Check aria-hidden className="size-3.5" /> : <Copy aria-hidden className="size-3.5" />
          }
          onClick={() => void copy()}
        >
          {copied ? "Copied" : "Copy"}
        </Button>
      </div>
    </div>
  );
}
