/** Withdrawals and deposits that may be one transfer. */
import { useState, type ReactNode } from "react";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Coin, Quantity } from "@/components/Coin";
import { PagesOf } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Time, ZoneNote } from "@/components/Time";
import { WalletName } from "@/components/Wallet";
import { useToasts } from "@/hooks/toasts";
import { useSetSearch } from "@/hooks/url-state";
import { confirmProposal, rejectProposal, useBooksChanged, useProposals, type Proposal } from "./queries";

export function Proposals(): ReactNode {
  const query = useProposals();
  return (
    <Panel title="May be one transfer" note={<ZoneNote />} level={2}>
      <p className="border-b border-line px-3 py-2 text-[13px] text-ink-2">
        Confirmed, both are voided and one transfer is recorded; what did not arrive is its fee. The cost goes
        along, and nothing is sold. Rejected, the two are not proposed again.
      </p>
      <PagesOf
        query={query}
        empty={
          <Empty title="Nothing to decide">
            Every withdrawal and deposit stands for itself, or is part of a transfer already.
          </Empty>
        }
      >
        {(rows) => (
          <ul className="divide-y divide-line">
            {rows.map((row) => (
              <Pair key={`${row.withdrawal.transaction_id}-${row.deposit.transaction_id}`} proposal={row} />
            ))}
          </ul>
        )}
      </PagesOf>
    </Panel>
  );
}

function Pair({ proposal }: { proposal: Proposal }): ReactNode {
  const toasts = useToasts();
  const changed = useBooksChanged();
  const set = useSetSearch();
  const [busy, setBusy] = useState(false);
  const decide = async (work: () => Promise<unknown>, title: string, detail?: string): Promise<void> => {
    setBusy(true);
    try {
      await work();
      toasts.tell({ tone: "good", title, ...(detail === undefined ? {} : { detail }) });
      await changed();
    } catch (error) {
      toasts.fail(error);
    } finally {
      setBusy(false);
    }
  };
  const { withdrawal, deposit, coin_id: coinId } = proposal;
  const end = (side: Proposal["deposit"], name: string): ReactNode => (
    <div className="min-w-48">
      <p className="text-[12px] text-ink-3">{name}</p>
      <button
        type="button"
        className="text-accent underline underline-offset-2"
        onClick={() => set({ tx: side.transaction_id })}
      >
        <Time at={side.occurred_at} to={side.precision === "day" ? "day" : "minute"} />
      </button>
      <p>
        <Quantity value={side.quantity} /> <Coin id={coinId} />{" "}
        <span className="text-ink-2">
          {name === "Left" ? "from" : "in"} <WalletName id={side.wallet_id} />
        </span>
      </p>
    </div>
  );
  return (
    <li className="flex flex-wrap items-center gap-x-6 gap-y-2 px-3 py-2.5 text-[13px]">
      {end(withdrawal, "Left")}
      {end(deposit, "Arrived")}
      <div className="min-w-32">
        <p className="text-[12px] text-ink-3">Did not arrive</p>
        <Quantity value={proposal.fee} /> <Coin id={coinId} />
      </div>
      <div className="flex gap-1">
        {proposal.same_reference && <Badge tone="good">same hash</Badge>}
        {proposal.alike > 0 && <Badge tone="warn">{proposal.alike} other pairs fit, too</Badge>}
      </div>
      <div className="ml-auto flex gap-2">
        <Button
          small
          look="primary"
          busy={busy}
          onClick={() =>
            void decide(
              () => confirmProposal(proposal),
              "Recorded as one transfer",
              "Voiding the transfer leaves both ends voided.",
            )
          }
        >
          One transfer
        </Button>
        <Button
          small
          busy={busy}
          onClick={() => void decide(() => rejectProposal(proposal), "They stay two transactions")}
        >
          Two things
        </Button>
      </div>
    </li>
  );
}
