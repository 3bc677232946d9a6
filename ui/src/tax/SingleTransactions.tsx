/** What is said of single transactions: the lots of a sale, what counts as something else, what a gift had cost. */
import { useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Button } from "@/components/Button";
import { Coin, Quantity } from "@/components/Coin";
import { ChoiceField } from "@/components/Field";
import { PagesOf, usePages, type Page } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time, ZoneNote } from "@/components/Time";
import { TransactionLink } from "@/components/TransactionLink";
import { useUrlState } from "@/hooks/url-state";
import { GiftDialog } from "./GiftDialog";
import { PickDialog } from "./PickDialog";
import { useJurisdictions } from "./queries";
import { SaidGifts, SaidPicks, SaidTreatments } from "./SaidLists";
import { GROUPS, isGift, isGroup, isSale } from "./sorts";
import { TreatmentDialog } from "./TreatmentDialog";

type Transaction = Schemas["TransactionView"];

/** What is being said, of which transaction. */
export type Saying = { readonly what: "pick" | "treatment" | "gift"; readonly id: string };

export function SingleTransactions({ jurisdiction }: { jurisdiction: string }): ReactNode {
  const [saying, say] = useState<Saying | null>(null);
  const rules = useJurisdictions().data?.find(({ code }) => code === jurisdiction);
  const close = (): void => say(null);
  return (
    <div className="flex flex-col gap-3">
      <Transactions mayPick={rules?.methods.includes("specific") ?? false} say={say} />
      <div className="grid items-start gap-3 xl:grid-cols-2">
        <SaidPicks say={say} />
        <div className="flex min-w-0 flex-col gap-3">
          <SaidTreatments say={say} />
          <SaidGifts say={say} />
        </div>
      </div>
      {saying?.what === "pick" && <PickDialog sale={saying.id} jurisdiction={jurisdiction} onClose={close} />}
      {saying?.what === "treatment" && <TreatmentDialog id={saying.id} onClose={close} />}
      {saying?.what === "gift" && <GiftDialog id={saying.id} onClose={close} />}
    </div>
  );
}

function Transactions({ mayPick, say }: { mayPick: boolean; say: (saying: Saying) => void }): ReactNode {
  const [asked, ask] = useUrlState("of", "sales");
  const group = isGroup(asked) ? asked : "sales";
  const query = usePages<Page<Transaction>>(
    ["ledger", "transactions", "tax", group],
    (cursor) =>
      answer(
        api.GET("/api/v1/transactions", {
          params: { query: { kind: [...GROUPS[group].kinds], limit: 20, cursor: cursor ?? null } },
        }),
        // Other formats than JSON are only for downloads.
      ) as Promise<Page<Transaction>>,
  );
  const columns: readonly Column<Transaction>[] = [
    {
      id: "at",
      header: "When",
      cell: ({ id, occurred_at }) => (
        <TransactionLink id={id}>
          <Time at={occurred_at} />
        </TransactionLink>
      ),
    },
    { id: "kind", header: "What", cell: ({ kind }) => kind.replaceAll("_", " ") },
    { id: "units", header: "Units", num: true, cell: (each) => <Units transaction={each} /> },
    {
      id: "acts",
      header: <span className="sr-only">What can be said</span>,
      cell: ({ id, kind }) => (
        <span className="flex flex-wrap justify-end gap-1">
          {mayPick && isSale(kind) && (
            <Button small onClick={() => say({ what: "pick", id })}>
              Choose lots
            </Button>
          )}
          {isGift(kind) && (
            <Button small onClick={() => say({ what: "gift", id })}>
              What it had cost
            </Button>
          )}
          <Button small onClick={() => say({ what: "treatment", id })}>
            Counts as
          </Button>
        </span>
      ),
    },
  ];
  return (
    <Panel
      title="Transactions"
      note={<ZoneNote />}
      actions={
        <ChoiceField
          label="Which transactions"
          hideLabel
          value={group}
          onChange={(event) => ask(event.target.value)}
          choices={Object.entries(GROUPS).map(([value, { name }]) => ({ value, label: name }))}
        />
      }
    >
      <PagesOf
        query={query}
        empty={<Empty title="There are none">The newest of what you record show here.</Empty>}
      >
        {(rows) => (
          <Table
            label="Transactions"
            columns={columns}
            rows={rows.filter(({ voided_by }) => voided_by === null)}
            keyOf={({ id }) => id}
          />
        )}
      </PagesOf>
    </Panel>
  );
}

function Units({ transaction }: { transaction: Transaction }): ReactNode {
  const legs = transaction.legs.filter(({ role, wallet_id }) => role === "principal" && wallet_id !== null);
  return (
    <span className="flex flex-col">
      {legs.map((leg, place) => (
        <span key={place} className="whitespace-nowrap">
          <Quantity value={leg.quantity} signed /> <Coin id={leg.coin_id} />
        </span>
      ))}
    </span>
  );
}
