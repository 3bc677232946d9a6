import type { ReactNode } from "react";
import { Button } from "@/components/Button";
import { Screen } from "@/components/Panel";
import { Tabs } from "@/components/Tabs";
import { useSetSearch } from "@/hooks/url-state";
import { Details } from "@/ledger/Details";
import { EntryDialog } from "@/ledger/EntryDialog";
import { Proposals } from "@/ledger/Proposals";
import { useProposals } from "@/ledger/queries";
import { TransactionList } from "@/ledger/TransactionList";
import { Valuations } from "@/ledger/Valuations";

export function Transactions(): ReactNode {
  const set = useSetSearch();
  const proposals = useProposals();
  const open = proposals.data?.pages.reduce((count, page) => count + page.data.length, 0) ?? 0;
  return (
    <Screen
      title="Transactions"
      actions={
        <Button small look="primary" onClick={() => set({ add: "buy" })}>
          Add a transaction
        </Button>
      }
    >
      <Tabs
        name="tab"
        label="Books"
        tabs={[
          {
            id: "list",
            label: "All",
            content: (
              <In>
                <TransactionList />
              </In>
            ),
          },
          {
            id: "transfers",
            label:
              open === 0
                ? "Possible transfers"
                : `Possible transfers (${open}${proposals.hasNextPage ? "+" : ""})`,
            content: (
              <In>
                <Proposals />
              </In>
            ),
          },
          {
            id: "valuations",
            label: "Valuations",
            content: (
              <In>
                <Valuations />
              </In>
            ),
          },
        ]}
      />
      <Details />
      <EntryDialog />
    </Screen>
  );
}

function In({ children }: { children: ReactNode }): ReactNode {
  return <div className="pt-3">{children}</div>;
}
