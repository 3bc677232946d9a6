import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, type ReactNode } from "react";
import { Download } from "@/components/Download";
import { Screen } from "@/components/Panel";
import { Answered, Empty } from "@/components/States";
import { Button } from "@/components/Button";
import { useSetSearch, type Search } from "@/hooks/url-state";
import { allMarkets, SORTS, useArranged, type Filters, type Market, type SortBy } from "@/markets/listing";
import { MarketsFilters, SavedViews } from "@/markets/MarketsFilters";
import { MarketsTable } from "@/markets/MarketsTable";
import { FIRST_LIST, useSavedViews, useWatchlists } from "@/markets/views";

const NAMES = ["q", "quote", "source", "stale", "list", "sort", "dir"] as const;
const NONE: readonly Market[] = [];

function readSort(search: Search): { sort: SortBy; descending: boolean } {
  const sort = SORTS.find((each) => each === search["sort"]) ?? "volume";
  return { sort, descending: (search["dir"] ?? (search["sort"] === undefined ? "desc" : "asc")) === "desc" };
}

export function Markets(): ReactNode {
  const search: Search = useSearch({ strict: false });
  const change = useSetSearch();
  const query = useQuery(allMarkets);
  const lists = useWatchlists();
  const [views, saveView, removeView] = useSavedViews();
  const list = search["list"] ?? "";
  const filters: Filters = useMemo(
    () => ({
      search: search["q"] ?? "",
      quote: search["quote"] ?? "",
      source: search["source"] ?? "",
      stale: search["stale"] === "1",
      among: list === "" ? null : lists.keysOf(list),
      ...readSort(search),
    }),
    [search, list, lists],
  );
  const rows = useArranged(query.data ?? NONE, filters);
  const starList = list === "" ? FIRST_LIST : list;
  const starred = useMemo(() => lists.keysOf(starList), [lists, starList]);
  const star = useCallback((key: string) => lists.toggle(starList, key), [lists, starList]);
  const sortBy = useCallback(
    (sort: SortBy, descending: boolean) => change({ sort, dir: descending ? "desc" : "asc" }),
    [change],
  );
  const clear = (): void => change(Object.fromEntries(NAMES.map((name) => [name, undefined])));
  const given = Object.fromEntries(NAMES.flatMap((name) => (search[name] ? [[name, search[name]]] : [])));
  const count = query.data === undefined ? undefined : `${rows.length} of ${query.data.length} pairs`;
  return (
    <Screen
      title="Markets"
      note={count}
      actions={
        <>
          <SavedViews
            views={views}
            onOpen={(view) =>
              change({ ...Object.fromEntries(NAMES.map((name) => [name, undefined])), ...view.search })
            }
            onSave={(name) => saveView({ name, search: given })}
            onRemove={removeView}
          />
          <Download path="api/v1/markets" query={downloadQuery(filters)} />
        </>
      }
    >
      <div className="panel overflow-hidden">
        <MarketsFilters markets={query.data ?? NONE} search={search} change={change} lists={lists} />
        <Answered
          query={query}
          rows={12}
          empty={{
            when: (all) => all.length === 0,
            show: (
              <Empty title="No prices yet">
                Prices appear here as soon as a source has told one. Operators see under Health what the
                sources say.
              </Empty>
            ),
          }}
        >
          {() =>
            rows.length === 0 ? (
              <Empty title="No pair fits" action={<Button onClick={clear}>Show all pairs</Button>}>
                {list === ""
                  ? "Nothing is left of what you asked for."
                  : "Press the star of a pair to put it on this watchlist."}
              </Empty>
            ) : (
              <MarketsTable {...{ rows, starred }} {...readSort(search)} onSort={sortBy} onStar={star} />
            )
          }
        </Answered>
      </div>
    </Screen>
  );
}

/** The service has no order by source, and no watchlists. */
function downloadQuery({ search, quote, source, stale, sort, descending }: Filters) {
  return {
    search,
    quote,
    source,
    ...(stale ? { stale: true } : {}),
    ...(sort === "source" ? {} : { sort, descending }),
  };
}
