/** Lists that the service hands out page by page: what is there so far, and a button for more. */
import { useInfiniteQuery, type UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Button } from "./Button";
import { Answered } from "./States";

export interface Page<T> {
  data: T[];
  next_cursor: string | null;
}

export interface Pages<P> {
  pages: P[];
}

/** Pages of a list, asked for one after the other; `everyMs` asks again for those that are shown. */
export function usePages<P extends Page<unknown>>(
  key: readonly unknown[],
  fetch: (cursor: string | undefined) => Promise<P>,
  { everyMs, enabled = true }: { everyMs?: number; enabled?: boolean } = {},
): UseInfiniteQueryResult<Pages<P>> {
  return useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => fetch(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    enabled,
    ...(everyMs === undefined ? {} : { refetchInterval: everyMs }),
  }) as UseInfiniteQueryResult<Pages<P>>;
}

export function PagesOf<P extends Page<unknown>>({
  query,
  empty,
  children,
}: {
  query: UseInfiniteQueryResult<Pages<P>>;
  empty: ReactNode;
  children: (rows: P["data"], last: P) => ReactNode;
}): ReactNode {
  return (
    <Answered
      query={query}
      empty={{ when: ({ pages }) => pages.every((page) => page.data.length === 0), show: empty }}
    >
      {({ pages }) => {
        const last = pages.at(-1);
        if (last === undefined) return null;
        return (
          <>
            {children(pages.flatMap((page) => page.data) as P["data"], last)}
            {query.hasNextPage && (
              <div className="flex justify-center p-2">
                <Button small busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  Show more
                </Button>
              </div>
            )}
          </>
        );
      }}
    </Answered>
  );
}
