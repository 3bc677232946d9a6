/** Transactions as a short list, each with a link to it. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { Coin, Quantity } from "@/components/Coin";
import { PagesOf, usePages } from "@/components/Pages";
import { Time } from "@/components/Time";
import { useOwnMoney } from "@/hooks/preferences";

type Transaction = Schemas["TransactionView"];
type Query = NonNullable<NonNullable<Parameters<typeof fetchPage>[0]>>;

function fetchPage(query: {
  coin_id?: string;
  from?: string;
  to?: string;
  kind?: Transaction["kind"][];
  cursor?: string;
}): Promise<Schemas["Page_TransactionView_"]> {
  return answer(api.GET("/api/v1/transactions", { params: { query: { limit: 50, ...query } } }));
}

/** What is in force, newest first; `coinId` shows only the legs of that coin. */
export function Entries({ query, coinId, none }: { query: Query; coinId?: string; none: string }): ReactNode {
  const pages = usePages(["portfolio", "entries", query], (cursor) =>
    fetchPage(cursor === undefined ? query : { ...query, cursor }),
  );
  const empty = <p className="text-[13px] text-ink-3">{none}</p>;
  return (
    <PagesOf query={pages} empty={empty}>
      {(rows) => {
        const shown = rows.filter((row) => row.voided_by === null && row.kind !== "void");
        if (shown.length === 0) return empty;
        return (
          <ul className="divide-y divide-line rounded border border-line text-[13px]">
            {shown.map((row) => (
              <Entry key={row.id} row={row} {...(coinId === undefined ? {} : { coinId })} />
            ))}
          </ul>
        );
      }}
    </PagesOf>
  );
}

function Entry({ row, coinId }: { row: Transaction; coinId?: string }): ReactNode {
  const money = useOwnMoney();
  const legs = row.legs.filter(
    (leg) => leg.wallet_id !== null && (coinId === undefined || leg.coin_id === coinId),
  );
  return (
    <li className="px-3 py-1.5">
      <div className="flex items-center gap-2">
        <Link
          to={"/transactions" as never}
          search={{ tx: row.id } as never}
          className="text-accent underline underline-offset-2"
        >
          <Time at={row.occurred_at} to={row.precision === "day" ? "day" : "minute"} />
        </Link>
        <Badge>{row.kind.replaceAll("_", " ")}</Badge>
        {row.note && <span className="min-w-0 truncate text-ink-3">{row.note}</span>}
      </div>
      {legs.map((leg, index) => (
        <div key={index} className="flex justify-between gap-3 text-ink-2">
          <span>
            <Quantity value={leg.quantity} signed /> <Coin id={leg.coin_id} />
            {leg.role !== "principal" && <span className="text-ink-3"> fee</span>}
          </span>
          <span className="tabular-nums">
            {leg.valued ? (
              leg.value !== "0" && money(leg.value, row.currency)
            ) : (
              <span className="text-warn">worth unknown</span>
            )}
          </span>
        </div>
      ))}
    </li>
  );
}
