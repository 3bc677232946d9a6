/**
 * A list as a file. Lists are handed out page by page, and as files their pages are long: of CSV all pages make one
 * file, of the other formats the first page is one, and its name says so where the list goes on. Whatever is not the
 * file that was asked for is thrown as a Problem.
 */
import { answer } from "./client";
import { Problem } from "./problems";

/** Entries of a list that one page can have as a file. */
export const PAGE = 10_000;
/** More pages are not put together: a browser has to hold all of them at once. */
export const MOST_PAGES = 20;

const MEDIA_TYPES = {
  csv: "text/csv",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  parquet: "application/vnd.apache.parquet",
  arrow: "application/vnd.apache.arrow.stream",
} as const;

export type FileFormat = keyof typeof MEDIA_TYPES;

export interface ListFile {
  readonly name: string;
  readonly content: Blob;
  readonly pages: number;
  /** The list goes on after what is in the file. */
  readonly more: boolean;
}

export interface Asking {
  readonly signal: AbortSignal;
  /** Before each page, counted from 1. */
  onPage(page: number): void;
}

/** `addressOf`: of the page after the cursor, null for the first. */
export async function fetchList(
  addressOf: (cursor: string | null) => string,
  format: FileFormat,
  { signal, onPage }: Asking,
): Promise<ListFile> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let name = `list.${format}`;
  let header: string | null = null;
  let cursor: string | null = null;
  do {
    onPage(parts.length + 1);
    const { bytes, response }: Part = await patiently(
      () => fetchPart(addressOf(cursor), format, signal),
      signal,
    );
    cursor = nextCursor(response);
    if (parts.length === 0) name = nameOf(response) ?? name;
    if (format !== "csv") return listFile(name, format, [bytes], cursor !== null);
    const end = bytes.indexOf(NEWLINE) + 1;
    const columns = new TextDecoder().decode(bytes.subarray(0, end));
    if (header !== null && columns !== header) {
      throw new Problem({
        code: "columns-changed",
        title: "The service answers with other columns now",
        detail: "It was replaced by another version meanwhile; download again.",
      });
    }
    parts.push(header === null ? bytes : bytes.subarray(end));
    header = columns;
  } while (cursor !== null && parts.length < MOST_PAGES);
  return listFile(name, format, parts, cursor !== null);
}

/** Part of a list looks like a whole one, long after the page has said that it is not. */
function listFile(
  name: string,
  format: FileFormat,
  parts: Uint8Array<ArrayBuffer>[],
  more: boolean,
): ListFile {
  const pages = parts.length;
  return {
    name: more ? name.replace(/(\.\w+)?$/, `-first-${pages * PAGE}$1`) : name,
    content: new Blob(parts, { type: MEDIA_TYPES[format] }),
    pages,
    more,
  };
}

const NEWLINE = 10;

interface Part {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly response: Response;
}

async function fetchPart(address: string, format: FileFormat, signal: AbortSignal): Promise<Part> {
  const ask = async (): Promise<{ data?: Part; error?: unknown; response: Response }> => {
    const response = await fetch(address, { credentials: "same-origin", signal });
    if (!response.ok) return { error: await response.json().catch(() => null), response };
    return { data: { bytes: new Uint8Array(await response.arrayBuffer()), response }, response };
  };
  const part = await answer(ask());
  const kind = part.response.headers.get("content-type") ?? "";
  if (!kind.startsWith(MEDIA_TYPES[format])) {
    // What stands between, a proxy or its sign-in, can answer as well.
    throw new Problem({ code: "no-file", title: "What came is not the file", detail: kind });
  }
  return part;
}

const MOST_WAITS = 5;
const LONGEST_WAIT_S = 60;

/** Long lists are more questions than a minute may have: then it is waited as long as the service says. */
async function patiently(ask: () => Promise<Part>, signal: AbortSignal): Promise<Part> {
  for (let waits = 0; ; waits += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 429 || waits === MOST_WAITS) throw error;
      await pause(Math.min(error.retryAfterS ?? 1, LONGEST_WAIT_S) * 1_000, signal);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(new DOMException("stopped", "AbortError"));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

/** The service leads on with `link: <…?cursor=…>; rel="next"`. */
function nextCursor(response: Response): string | null {
  const target = /<([^>]*)>;\s*rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
  return target === undefined ? null : new URL(target, response.url || "http://x").searchParams.get("cursor");
}

function nameOf(response: Response): string | undefined {
  return /filename="([^"/\\]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1];
}
