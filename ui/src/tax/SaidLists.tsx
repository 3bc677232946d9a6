/** What was said of single transactions, as lists: treatments, picks, gifts. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Coin, Quantity } from "@/components/Coin";
import { PagesOf, usePages, type Page } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Answered, Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time, ZoneNote } from "@/components/Time";
import { TransactionLink } from "@/components/TransactionLink";
import { useGifts, useTreatments } from "./queries";
import type { Saying } from "./SingleTransactions";
import { TREATMENTS } from "./sorts";
import { dayOfMoment } from "./words";

type Pick = Schemas["PickView"];
type TreatmentView = Schemas["TreatmentView"];
type GiftView = Schemas["GiftView"];
type Say = (saying: Saying) => void;

function again<T extends { transaction_id: string }>(what: Saying["what"], say: Say): Column<T> {
  return {
    id: "again",
    header: <span className="sr-only">Say it anew</span>,
    cell: ({ transaction_id: id }) => (
      <Button small onClick={() => say({ what, id })}>
        Change
      </Button>
    ),
  };
}

function transaction<T extends { transaction_id: string }>(header: string): Column<T> {
  return { id: "of", header, cell: ({ transaction_id: id }) => <TransactionLink id={id} /> };
}

function Listed<T extends { transaction_id: string }>({
  title,
  query,
  columns,
  nothing,
}: {
  title: string;
  query: UseQueryResult<readonly T[]>;
  columns: readonly Column<T>[];
  nothing: ReactNode;
}): ReactNode {
  return (
    <Panel title={title} note={<ZoneNote />}>
      <Answered query={query} rows={2} empty={{ when: ({ length }) => length === 0, show: nothing }}>
        {(rows) => (
          <Table label={title} columns={columns} rows={rows} keyOf={({ transaction_id }) => transaction_id} />
        )}
      </Answered>
    </Panel>
  );
}

export function SaidTreatments({ say }: { say: Say }): ReactNode {
  const columns: readonly Column<TreatmentView>[] = [
    transaction("Transaction"),
    { id: "as", header: "Counts as", cell: ({ treatment }) => TREATMENTS[treatment] },
    { id: "at", header: "Said", wide: true, cell: ({ changed_at }) => <Time at={changed_at} /> },
    again("treatment", say),
  ];
  return (
    <Listed
      title="Counted as something else"
      query={useTreatments()}
      columns={columns}
      nothing={<Empty title="Everything counts as its kind does" />}
    />
  );
}

export function SaidGifts({ say }: { say: Say }): ReactNode {
  const columns: readonly Column<GiftView>[] = [
    transaction("Gift"),
    {
      id: "cost",
      header: "Cost of its giver",
      num: true,
      title: "In the currency of the tax",
      cell: ({ donor_cost }) => <Quantity value={donor_cost} />,
    },
    { id: "since", header: "Held since", cell: ({ donor_since }) => dayOfMoment(donor_since) || "the gift" },
    { id: "at", header: "Said", wide: true, cell: ({ changed_at }) => <Time at={changed_at} /> },
    again("gift", say),
  ];
  return (
    <Listed
      title="What gifts had cost"
      query={useGifts()}
      columns={columns}
      nothing={<Empty title="Nothing was said of a gift" />}
    />
  );
}

export function SaidPicks({ say }: { say: Say }): ReactNode {
  const query = usePages<Page<Pick>>(["tax", "picks", "said"], (cursor) =>
    answer(api.GET("/api/v1/tax/picks", { params: { query: { limit: 50, cursor: cursor ?? null } } })),
  );
  const columns: readonly Column<Pick>[] = [
    {
      id: "of",
      header: "Sale",
      cell: ({ transaction_id: id, disposed_at }) => (
        <TransactionLink id={id}>
          <Time at={disposed_at} />
        </TransactionLink>
      ),
    },
    { id: "units", header: "Lots", cell: ({ units }) => <Meant units={units} /> },
    {
      id: "at",
      header: "Said",
      cell: ({ identified_at, in_time }) => (
        <span className="flex flex-wrap items-center gap-1">
          <Time at={identified_at} to="second" />
          <Badge tone={in_time ? "good" : "warn"}>{in_time ? "in time" : "late"}</Badge>
        </span>
      ),
    },
    again("pick", say),
  ];
  return (
    <Panel title="Lots that were chosen" note={<ZoneNote />}>
      <PagesOf
        query={query}
        empty={<Empty title="No lots were chosen">Sales go by the method that holds.</Empty>}
      >
        {(rows) => (
          <Table label="Lots that were chosen" columns={columns} rows={rows} keyOf={({ id }) => id} />
        )}
      </PagesOf>
    </Panel>
  );
}

function Meant({ units }: { units: Pick["units"] }): ReactNode {
  if (units.length === 0) return <span className="text-ink-3">taken back</span>;
  return (
    <span className="flex flex-col">
      {units.map((each) => (
        <span key={`${each.transaction_id} ${each.coin_id} ${each.leg}`} className="whitespace-nowrap">
          <Quantity value={each.quantity} /> <Coin id={each.coin_id} /> of{" "}
          <TransactionLink id={each.transaction_id} />
        </span>
      ))}
    </span>
  );
}
