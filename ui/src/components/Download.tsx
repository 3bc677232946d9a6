import { Download as Icon } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { fetchList, MOST_PAGES, PAGE, type FileFormat, type ListFile } from "@/api/files";
import { placeOf } from "@/api/place";
import { useToasts } from "@/hooks/toasts";
import { Button } from "./Button";

export type { FileFormat } from "@/api/files";

const NAMES: Record<FileFormat, string> = { csv: "CSV", xlsx: "Excel", parquet: "Parquet", arrow: "Arrow" };

type Value = string | number | boolean | null | undefined | readonly string[];
export type Query = Readonly<Record<string, Value>>;

interface Wish {
  readonly path: string;
  readonly query: Query;
  readonly format: FileFormat;
}

/** The list as it is filtered now, as a file: made by the service, whole, not what this page happens to have. */
export function Download({
  path,
  query = {},
  formats = ["csv", "xlsx", "parquet"],
  also,
}: {
  /** e.g. `api/v1/transactions` */
  path: string;
  query?: Query;
  formats?: readonly FileFormat[];
  /** A CSV that the service makes of everything, whatever is filtered. */
  also?: { readonly label: string; readonly path: string };
}): ReactNode {
  const { page, start, stop } = useDownload();
  const item = (label: string, onSelect: () => void): ReactNode => (
    <DropdownMenu.Item
      key={label}
      onSelect={onSelect}
      className="block cursor-pointer rounded px-2 py-1.5 outline-none data-highlighted:bg-raised"
    >
      {label}
    </DropdownMenu.Item>
  );
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <Button small aria-busy={page > 0 || undefined} icon={<Icon aria-hidden className="size-3.5" />}>
          {page === 0 ? "Download" : page === 1 ? "Downloading…" : `Downloading, page ${page}…`}
        </Button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          className="panel z-50 min-w-32 p-1 text-[13px] shadow-lg"
        >
          {page > 0 && item("Stop", stop)}
          {page === 0 && formats.map((format) => item(NAMES[format], () => start({ path, query, format })))}
          {page === 0 &&
            also !== undefined &&
            item(also.label, () => start({ path: also.path, query: {}, format: "csv" }))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** `page`: which one is being fetched, 0 for none. Leaving the screen stops it. */
function useDownload(): { page: number; start: (wish: Wish) => void; stop: () => void } {
  const [page, setPage] = useState(0);
  const running = useRef<AbortController | null>(null);
  const toasts = useToasts();
  const stop = (): void => running.current?.abort();
  useEffect(() => () => running.current?.abort(), []);
  const start = (wish: Wish): void => {
    const control = new AbortController();
    running.current = control;
    fetchList((cursor) => addressOf(wish, cursor), wish.format, { signal: control.signal, onPage: setPage })
      .then((file) => {
        save(file);
        if (file.more) toasts.tell(partSaid(file, wish.format));
      })
      .catch((error: unknown) => {
        if (!control.signal.aborted) toasts.fail(error);
      })
      .finally(() => setPage(0));
  };
  return { page, start, stop };
}

export function addressOf({ path, query, format }: Wish, cursor: string | null): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === "") continue;
    for (const each of Array.isArray(value) ? value : [value]) parameters.append(name, String(each));
  }
  parameters.set("format", format);
  parameters.set("limit", String(PAGE));
  if (cursor !== null) parameters.set("cursor", cursor);
  return `${placeOf(path)}?${parameters.toString()}`;
}

const MOST_CSV = (MOST_PAGES * PAGE).toLocaleString("en");

/** Never without a word: part of a list looks like a whole one. */
function partSaid({ name, pages }: ListFile, format: FileFormat): { title: string; detail: string } {
  const entries = (pages * PAGE).toLocaleString("en");
  return {
    title: `${name} is not the whole list`,
    detail:
      format === "csv"
        ? `It has the first ${entries} entries, the most that a file holds. A filter makes the list shorter.`
        : `It has the first ${entries} entries of more. A filter makes the list shorter; as CSV it can have ${MOST_CSV}.`,
  };
}

function save({ name, content }: ListFile): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser reads it after this turn; nobody says when it is done.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
