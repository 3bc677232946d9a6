/** Every row of the file with its verdict; the verdicts filter. */
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Button } from "@/components/Button";
import { Download } from "@/components/Download";
import { PagesOf, usePages } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty, Failed } from "@/components/States";
import { ZoneNote } from "@/components/Time";
import { useUrlState } from "@/hooks/url-state";
import { useAnswer } from "./use-import";
import { Row } from "./Row";
import { isKnown, ORDER, STANDINGS, type ImportRow, type ImportView, type Standing } from "./words";

const PAGE = 100;
const KEPT = "Rows that were recorded are in the ledger now; those that came to nothing stay readable here.";

export function Rows({ view }: { view: ImportView }): ReactNode {
  const [chosen, choose] = useUrlState("verdict");
  const standing = ORDER.find((each) => each === chosen);
  const query = usePages<Schemas["Page_ImportRowView_"]>(
    ["imports", "rows", view.id, view.job_id, standing ?? ""],
    (cursor) =>
      answer(
        api.GET("/api/v1/imports/{import_id}/rows", {
          params: {
            path: { import_id: view.id },
            query: { limit: PAGE, cursor: cursor ?? null, standing: standing ?? null },
          },
        }),
        // Other formats than JSON are only for downloads.
      ) as Promise<Schemas["Page_ImportRowView_"]>,
    { enabled: view.rows !== null },
  );
  const send = useAnswer(view.id);
  const path = `api/v1/imports/${view.id}/rows`;
  return (
    <Panel title="Rows" note={<ZoneNote />} actions={<Download path={path} query={{ standing }} />}>
      <Verdicts view={view} chosen={standing} onChoose={choose} />
      {standing !== undefined && <p className="px-3 pt-2 text-[12px] text-ink-2">{STANDINGS[standing][2]}</p>}
      {view.state === "committed" && standing === undefined && (
        <p className="px-3 pt-2 text-[12px] text-ink-2">{KEPT}</p>
      )}
      {send.error !== null && <Failed error={send.error} />}
      <PagesOf query={query} empty={<NoRows view={view} standing={standing} />}>
        {(rows) => (
          <>
            <AcceptShown
              rows={rows}
              view={view}
              busy={send.isPending}
              onLines={(accept) => send.mutate({ accept })}
            />
            <ul aria-label="Rows of the file" className="divide-y divide-line">
              {rows.map((row) => (
                <Row
                  key={row.position}
                  row={row}
                  decidable={view.state === "preview"}
                  busy={send.isPending}
                  onChoose={(choice) => send.mutate(choicesWith(view, row, choice))}
                />
              ))}
            </ul>
          </>
        )}
      </PagesOf>
    </Panel>
  );
}

/** Both lists are whole: what was said of other rows stays. */
function choicesWith(view: ImportView, row: ImportRow, choice: ImportRow["choice"]) {
  const others = (lines: readonly number[]): number[] => lines.filter((line) => !row.lines.includes(line));
  const { skip, accept } = view.answers;
  return {
    skip: choice === "skip" ? [...others(skip), ...row.lines] : others(skip),
    accept: choice === "accept" ? [...others(accept), ...row.lines] : others(accept),
  };
}

function Verdicts({
  view,
  chosen,
  onChoose,
}: {
  view: ImportView;
  chosen: Standing | undefined;
  onChoose: (standing: string) => void;
}): ReactNode {
  const all = Object.values(view.counts).reduce((before, count) => before + count, 0);
  const look = (active: boolean): string =>
    `rounded border px-2 py-1 text-[12px] tabular-nums whitespace-nowrap ${active ? "border-accent bg-accent-soft text-accent" : "border-line text-ink-2 hover:border-ink-3"}`;
  return (
    <div
      role="group"
      aria-label="Show rows by verdict"
      className="flex flex-wrap gap-1.5 border-b border-line p-3"
    >
      <button
        type="button"
        aria-pressed={chosen === undefined}
        className={look(chosen === undefined)}
        onClick={() => onChoose("")}
      >
        All {all}
      </button>
      {ORDER.map((standing) => (
        <button
          key={standing}
          type="button"
          title={STANDINGS[standing][2]}
          aria-pressed={chosen === standing}
          className={look(chosen === standing)}
          onClick={() => onChoose(standing)}
        >
          {STANDINGS[standing][0]} {view.counts[standing] ?? 0}
        </button>
      ))}
    </div>
  );
}

function NoRows({ view, standing }: { view: ImportView; standing: Standing | undefined }): ReactNode {
  if (view.state === "committed" && standing !== undefined) {
    return <Empty title="None are kept">{KEPT}</Empty>;
  }
  return (
    <Empty title="No rows here">
      {standing === undefined ? "The file has none." : "No row has this verdict."}
    </Empty>
  );
}

function AcceptShown({
  rows,
  view,
  busy,
  onLines,
}: {
  rows: readonly ImportRow[];
  view: ImportView;
  busy: boolean;
  onLines: (lines: number[]) => void;
}): ReactNode {
  const open = rows.filter(
    (row) => row.standing === "needs-attention" && row.choice === null && isKnown(row),
  );
  if (view.state !== "preview" || open.length < 2) return null;
  return (
    <div className="flex flex-wrap items-center gap-3 border-b border-line bg-warn-soft px-3 py-2 text-[13px]">
      <span>{open.length} rows below need attention and can be recorded as they are.</span>
      <Button
        small
        busy={busy}
        onClick={() => onLines([...view.answers.accept, ...open.flatMap(({ lines }) => lines)])}
      >
        Accept these {open.length}
      </Button>
    </div>
  );
}
