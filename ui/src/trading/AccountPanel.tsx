/** The paper account: what there is, what holds it, and paper money in and out. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { answer, api, newKey } from "@/api/client";
import { Button } from "@/components/Button";
import { Change } from "@/components/Change";
import { Dialog } from "@/components/Dialog";
import { Figure } from "@/components/Panel";
import { Answered, Failed } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { formatQuantity, HIDDEN } from "@/format/amounts";
import { useCondition } from "@/hooks/live";
import { useManner, useOwnMoney } from "@/hooks/preferences";
import { useToasts } from "@/hooks/toasts";
import { MOVES, MoneyDialog, type Move } from "./MoneyDialog";
import { PositionMode } from "./PositionMode";
import { Ratio } from "./Positions";
import { useTold } from "./told";
import { useAccount, type Account } from "./use-own";

type Balance = Account["balances"][number];

export function AccountPanel(): ReactNode {
  const query = useAccount();
  const live = useCondition() === "live";
  return (
    <Answered query={query} rows={4}>
      {(account) => (
        <div className={live ? "" : "stale"}>
          <Figures account={account} />
          <Balances balances={account.balances} />
        </div>
      )}
    </Answered>
  );
}

function Figures({ account }: { account: Account }): ReactNode {
  const own = useOwnMoney();
  const money = (text: string): string => own(text, "USDT");
  return (
    <>
      <div className="flex flex-wrap items-start gap-x-2 gap-y-1 px-1 py-1">
        <Figure
          label="Equity"
          value={money(account.margin_balance)}
          note={`wallet ${money(account.margin_wallet)}${account.isolated_margin === "0" ? "" : `, put aside ${money(account.isolated_margin)}`}`}
        />
        <Figure
          label="Available"
          value={money(account.available)}
          note={`may leave: ${money(account.withdrawable)}`}
        />
        <Figure
          label="Profit by mark"
          value={<Change value={account.unrealised_profit} as="money" currency="USDT" own />}
          note="of all positions"
        />
        <Figure
          label="Margin held"
          value={money(account.initial_margin)}
          note={`maintenance ${money(account.maintenance_margin)}`}
        />
        <Figure
          label="Margin ratio"
          value={<Ratio ratio={account.margin_ratio} />}
          note="of the cross account"
        />
        <Figure label="Tier" value={account.tier} note={`leverage up to ${account.leverage_cap}×`} />
      </div>
      <PositionMode hedge={account.hedge} />
      <MoneyActs />
    </>
  );
}

function Balances({ balances }: { balances: readonly Balance[] }): ReactNode {
  const { locale, privacy } = useManner();
  if (balances.length === 0) return null;
  const show = (text: string): string => (privacy ? HIDDEN : formatQuantity(text, locale));
  const columns: readonly Column<Balance>[] = [
    { id: "asset", header: "Spot balance", cell: (row) => row.asset },
    { id: "total", header: "Total", num: true, cell: (row) => show(row.total) },
    { id: "held", header: "Held by orders", num: true, cell: (row) => show(row.held) },
    { id: "free", header: "Free", num: true, cell: (row) => show(row.free) },
  ];
  return <Table label="Spot balances" columns={columns} rows={balances} keyOf={(row) => row.asset} />;
}

function MoneyActs(): ReactNode {
  const [move, setMove] = useState<Move | null>(null);
  const [resets, setResets] = useState(false);
  return (
    <div className="flex flex-wrap gap-1.5 border-t border-line px-3 py-2">
      {(Object.keys(MOVES) as Move[]).map((each) => (
        <Button key={each} small onClick={() => setMove(each)}>
          {MOVES[each].name}…
        </Button>
      ))}
      <Button small look="danger" onClick={() => setResets(true)}>
        Reset the account…
      </Button>
      {move !== null && <MoneyDialog key={move} move={move} onClose={() => setMove(null)} />}
      {resets && <ResetDialog onClose={() => setResets(false)} />}
    </div>
  );
}

function ResetDialog({ onClose }: { onClose: () => void }): ReactNode {
  const client = useQueryClient();
  const toasts = useToasts();
  const resetting = useMutation({
    mutationFn: () =>
      answer(
        api.POST("/api/v1/account/reset", { params: { header: { "idempotency-key": newKey() } }, body: {} }),
      ),
    onSuccess: (done) => {
      toasts.tell({
        tone: "good",
        title: "The account is as new",
        detail: `orders cancelled: ${done.cancelled.length}, positions closed: ${done.closed.length}`,
      });
      void client.invalidateQueries({ queryKey: ["trading"] });
    },
  });
  const tell = useTold(resetting);
  return (
    <Dialog open onClose={onClose} title="Reset the paper account?">
      <div className="flex flex-col gap-3 text-[13px]">
        <p>
          All orders are cancelled, all positions closed at the market, and the money is set to what a new
          account begins with. What was traded stays in the histories.
        </p>
        {resetting.error !== null && <Failed error={resetting.error} compact />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Keep it as it is</Button>
          <Button
            look="danger"
            busy={resetting.isPending}
            onClick={() => tell(undefined, "reset of the account", onClose)}
          >
            Reset
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
