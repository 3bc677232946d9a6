import { afterEach, describe, expect, test, vi } from "vitest";
import { fetchList, MOST_PAGES, PAGE, type ListFile } from "@/api/files";
import { Problem } from "@/api/problems";

const CSV = {
  "content-type": "text/csv; charset=utf-8",
  "content-disposition": 'inline; filename="rows.csv"',
};

function page(text: string, next: string | null, headers: Record<string, string> = CSV): Response {
  const link = next === null ? {} : { link: `</api/v1/rows?cursor=${next}&format=csv>; rel="next"` };
  return new Response(text, { headers: { ...headers, ...link } });
}

/** Answers by cursor; what is asked is kept. */
function service(answers: (cursor: string | null, nth: number) => Response): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", (address: string) => {
    asked.push(address);
    return Promise.resolve(answers(new URL(address, "http://x").searchParams.get("cursor"), asked.length));
  });
  return asked;
}

function download(
  format: "csv" | "xlsx" | "parquet" = "csv",
  control = new AbortController(),
): Promise<ListFile> {
  const addressOf = (cursor: string | null): string => (cursor === null ? "/rows" : `/rows?cursor=${cursor}`);
  return fetchList(addressOf, format, { signal: control.signal, onPage: () => undefined });
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("a list as a file", () => {
  test("all pages of a CSV are one, under one header", async () => {
    service((cursor) => (cursor === null ? page("a,b\n1,2\n", "two") : page('a,b\n3,"x\ny"\n', null)));
    const file = await download();
    expect(await file.content.text()).toBe('a,b\n1,2\n3,"x\ny"\n');
    expect([file.name, file.pages, file.more]).toEqual(["rows.csv", 2, false]);
  });

  test("the first page of another format says that there is more", async () => {
    const kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    const asked = service(() => page("PK", "two", { "content-type": kind }));
    const file = await download("xlsx");
    expect([file.name, file.more, asked.length]).toEqual([`list-first-${PAGE}.xlsx`, true, 1]);
  });

  test("a whole list of another format keeps its name", async () => {
    const kind = "application/vnd.apache.parquet";
    service(() =>
      page("PAR1", null, {
        ...CSV,
        "content-type": kind,
        "content-disposition": 'inline; filename="rows.parquet"',
      }),
    );
    const file = await download("parquet");
    expect([file.name, file.more]).toEqual(["rows.parquet", false]);
  });

  test("a list without end is cut, and that is said, also in the name", async () => {
    const asked = service((_, nth) => page("a\n1\n", String(nth)));
    const file = await download();
    expect([asked.length, file.more]).toEqual([MOST_PAGES, true]);
    expect(file.name).toBe(`rows-first-${MOST_PAGES * PAGE}.csv`);
  });

  test("a refusal in the middle is no file", async () => {
    const said = { code: "bad-cursor", title: "The cursor is not valid" };
    service((cursor) => (cursor === null ? page("a\n1\n", "two") : Response.json(said, { status: 422 })));
    await expect(download()).rejects.toMatchObject({ code: "bad-cursor", status: 422 });
  });

  test("neither is a page that something in between answers with", async () => {
    service(() => page("<html>", null, { "content-type": "text/html" }));
    await expect(download()).rejects.toBeInstanceOf(Problem);
  });

  test("nor are pages with other columns", async () => {
    service((cursor) => (cursor === null ? page("a\n1\n", "two") : page("b\n2\n", null)));
    await expect(download()).rejects.toMatchObject({ code: "columns-changed" });
  });

  test("who asks too often waits as long as the service says", async () => {
    vi.useFakeTimers();
    const busy = (): Response => Response.json({}, { status: 429, headers: { "retry-after": "7" } });
    const asked = service((_, nth) => (nth === 1 ? busy() : page("a\n1\n", null)));
    const file = download();
    await vi.advanceTimersByTimeAsync(6_900);
    expect(asked.length).toBe(1);
    await vi.advanceTimersByTimeAsync(200);
    expect((await file).pages).toBe(1);
  });

  test("waiting can be stopped", async () => {
    service(() => Response.json({}, { status: 429, headers: { "retry-after": "60" } }));
    const control = new AbortController();
    const file = download("csv", control);
    setTimeout(() => control.abort(), 20);
    await expect(file).rejects.toMatchObject({ name: "AbortError" });
  });
});
