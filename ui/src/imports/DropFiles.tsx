/** Brings files: dropped here, or chosen. Each becomes an import of which nothing is recorded yet. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { FileUp } from "lucide-react";
import { useRef, useState, type DragEvent, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Button } from "@/components/Button";
import { Failed } from "@/components/States";

type Accepted = Schemas["ImportAccepted"];

async function bring(file: File): Promise<Accepted> {
  return answer(
    api.POST("/api/v1/imports", {
      params: { query: { name: file.name } },
      headers: { "content-type": "application/octet-stream" },
      // The file goes as it is; its type in the schema is that of any bytes.
      body: file as unknown as string,
      bodySerializer: (body: unknown) => body as Blob,
    }),
  );
}

export function DropFiles({ onBrought }: { onBrought: (importId: string) => void }): ReactNode {
  const client = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const [sent, setSent] = useState(0);
  const send = useMutation({
    mutationFn: async (files: readonly File[]) => {
      setSent(0);
      const brought: Accepted[] = [];
      for (const file of files) {
        brought.push(await bring(file));
        setSent(brought.length);
      }
      return brought;
    },
    onSettled: () => void client.invalidateQueries({ queryKey: ["imports"] }),
  });
  // Called only while this is on the screen: who went on to something else is not fetched back.
  const onSuccess = (brought: readonly Accepted[]): void => {
    const [only] = brought;
    if (brought.length === 1 && only !== undefined) onBrought(only.import_id);
  };
  const take = (files: FileList | null): void => {
    const given = Array.from(files ?? []);
    if (given.length > 0) send.mutate(given, { onSuccess });
    if (input.current !== null) input.current.value = "";
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
  };
  return (
    <section aria-label="Bring a file" className="flex flex-col gap-2">
      <div
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
        className={`flex flex-wrap items-center gap-x-4 gap-y-3 rounded-md border border-dashed p-4 ${over ? "border-accent bg-accent-soft" : "border-ink-3 bg-panel"}`}
      >
        <FileUp aria-hidden className="size-6 shrink-0 text-accent" />
        <div className="min-w-0 flex-1 basis-64">
          <p className="font-medium">Drop an export of an exchange or a wallet here</p>
          <p className="text-[13px] text-ink-2">
            CSV or Excel, as you downloaded it: format, encoding, numbers and dates are found by themselves.
            You see what becomes of every row before anything is recorded, and can undo all of it later.
          </p>
        </div>
        <input
          ref={input}
          type="file"
          multiple
          aria-label="Files to import"
          accept=".csv,.tsv,.txt,.xlsx,.xlsm"
          className="sr-only"
          tabIndex={-1}
          onChange={(event) => take(event.target.files)}
        />
        <Button look="primary" busy={send.isPending} onClick={() => input.current?.click()}>
          {send.isPending ? `Sending (${sent} sent)` : "Choose files"}
        </Button>
      </div>
      {send.error !== null && <Failed error={send.error} compact />}
    </section>
  );
}
