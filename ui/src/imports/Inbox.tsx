/** The doubts about the ledger, the worst first, by kind and state. */
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { ChoiceField } from "@/components/Field";
import { Download } from "@/components/Download";
import { PagesOf, usePages } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { ZoneNote } from "@/components/Time";
import { useSetSearch, useUrlState } from "@/hooks/url-state";
import { KIND_ORDER, KINDS, type IssueKind } from "./doubts";
import { IssueCard } from "./IssueCard";

type Page = Schemas["IssuePage"];

const STATES = ["open", "dismissed"] as const;

export function Inbox(): ReactNode {
  const [chosenKind] = useUrlState("kind");
  const [chosenState, chooseState] = useUrlState("state", "open");
  const kind = KIND_ORDER.find((each) => each === chosenKind);
  const state = STATES.find((each) => each === chosenState);
  const filter = { kind: kind === undefined ? null : [kind], state: state ?? null };
  const query = usePages<Page>(
    ["data-quality", kind ?? "", state ?? ""],
    (cursor) =>
      answer(
        api.GET("/api/v1/data-quality", {
          params: { query: { ...filter, limit: 50, cursor: cursor ?? null } },
        }),
        // Other formats than JSON are only for downloads.
      ) as Promise<Page>,
  );
  const first = query.data?.pages[0];
  const left = kind === undefined ? undefined : first?.left_off[kind];
  return (
    <>
      <Kinds page={first} kind={kind} state={state} />
      <Panel
        title={kind === undefined ? "All kinds" : KINDS[kind][0]}
        note={<ZoneNote />}
        actions={
          <>
            <ChoiceField
              label="State"
              hideLabel
              value={chosenState}
              onChange={(event) => chooseState(event.target.value)}
              choices={[
                { value: "open", label: "open" },
                { value: "dismissed", label: "dismissed" },
                { value: "all", label: "open and dismissed" },
              ]}
            />
            <Download path="api/v1/data-quality" query={{ kind, state }} />
          </>
        }
      >
        {kind !== undefined && (
          <p className="border-b border-line px-3 py-2 text-[13px] text-ink-2">{KINDS[kind][1]}</p>
        )}
        <PagesOf query={query} empty={<Nothing state={state} kind={kind} />}>
          {(issues) => (
            <ul aria-label="Doubts about the ledger" className="divide-y divide-line">
              {issues.map((issue) => (
                <IssueCard key={issue.id} issue={issue} />
              ))}
            </ul>
          )}
        </PagesOf>
        {left !== undefined && left > 0 && (
          <p className="px-3 py-2 text-[12px] text-ink-3">
            {left} more of this kind will be listed once some of these are settled.
          </p>
        )}
      </Panel>
    </>
  );
}

function Nothing({ state, kind }: { state: string | undefined; kind: IssueKind | undefined }): ReactNode {
  if (state === "dismissed") return <Empty title="Nothing has been dismissed" />;
  return (
    <Empty title={kind === undefined ? "Nothing is in doubt" : "Nothing of this kind"}>
      Every record fits the others, as far as can be told. Import or record more, and what does not fit is
      listed here.
    </Empty>
  );
}

function Kinds({
  page,
  kind,
  state,
}: {
  page: Page | undefined;
  kind: IssueKind | undefined;
  state: (typeof STATES)[number] | undefined;
}): ReactNode {
  const set = useSetSearch();
  const countOf = (each: IssueKind): number => {
    const counts = page?.counts[each] ?? {};
    return state === undefined ? (counts["open"] ?? 0) + (counts["dismissed"] ?? 0) : (counts[state] ?? 0);
  };
  const all = KIND_ORDER.reduce((before, each) => before + countOf(each), 0);
  const look = (active: boolean): string =>
    `panel flex min-w-0 flex-col items-start px-3 py-2 text-left ${active ? "border-accent! bg-accent-soft!" : "hover:border-ink-3!"}`;
  return (
    <div role="group" aria-label="Kinds" className="grid grid-cols-2 gap-2 sm:grid-cols-4 xl:grid-cols-8">
      <button
        type="button"
        aria-pressed={kind === undefined}
        className={look(kind === undefined)}
        onClick={() => set({ kind: undefined })}
      >
        <span className="text-[12px] text-ink-2">All kinds</span>
        <span className="text-[17px] font-semibold tabular-nums">{page === undefined ? "…" : all}</span>
      </button>
      {KIND_ORDER.map((each) => (
        <button
          key={each}
          type="button"
          title={KINDS[each][1]}
          aria-pressed={kind === each}
          className={look(kind === each)}
          onClick={() => set({ kind: each })}
        >
          <span className="max-w-full truncate text-[12px] text-ink-2">{KINDS[each][0]}</span>
          <span
            className={`text-[17px] font-semibold tabular-nums ${countOf(each) === 0 ? "text-ink-3" : ""}`}
          >
            {page === undefined ? "…" : countOf(each)}
          </span>
        </button>
      ))}
    </div>
  );
}
