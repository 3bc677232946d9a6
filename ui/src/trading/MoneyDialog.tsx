/** Paper money in and out of the margin wallet. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { answer, api } from "@/api/client";
import { once } from "@/api/once";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { AmountField } from "@/components/Field";
import { useToasts } from "@/hooks/toasts";
import { amountOf } from "./arithmetic";
import { sayProblem } from "./refusals";
import { useTold } from "./told";

export const MOVES = {
  deposit: { name: "Deposit", done: "Paper money added" },
  withdraw: { name: "Withdraw", done: "Paper money taken out" },
  "to-spot": { name: "To spot", done: "Moved to the spot wallet" },
  "to-margin": { name: "To margin", done: "Moved to the margin wallet" },
} as const;
export type Move = keyof typeof MOVES;

function send(move: Move, amount: string, key: string): Promise<unknown> {
  const params = { header: { "idempotency-key": key } };
  if (move === "deposit")
    return answer(
      api.POST("/api/v1/account/deposit", { params, body: { amount, asset: "tether", wallet: "margin" } }),
    );
  if (move === "withdraw")
    return answer(
      api.POST("/api/v1/account/withdraw", { params, body: { amount, asset: "tether", wallet: "margin" } }),
    );
  return answer(
    api.POST("/api/v1/account/transfer", {
      params,
      body: { amount, to: move === "to-spot" ? "spot" : "margin" },
    }),
  );
}

export function MoneyDialog({ move, onClose }: { move: Move; onClose: () => void }): ReactNode {
  const [typed, type] = useState("");
  const client = useQueryClient();
  const toasts = useToasts();
  const amount = amountOf(typed);
  const { name, done } = MOVES[move];
  const moving = useMutation({
    mutationFn: (given: string) => once(JSON.stringify([move, given]), (key) => send(move, given, key)),
    onSuccess: (_, given) => {
      toasts.tell({ tone: "good", title: `${done}: ${given} USDT` });
      void client.invalidateQueries({ queryKey: ["trading"] });
    },
  });
  const tell = useTold(moving);
  return (
    <Dialog open onClose={onClose} title={`${name}: paper money`}>
      <form
        className="flex flex-col gap-3 text-[13px]"
        onSubmit={(event) => {
          event.preventDefault();
          if (amount !== null) tell(amount, `${name} of ${amount} USDT`, onClose);
        }}
      >
        <AmountField
          label="Amount"
          value={typed}
          unit="USDT"
          onChange={(event) => {
            type(event.target.value);
            moving.reset();
          }}
          fault={
            moving.error !== null
              ? sayProblem(asProblem(moving.error))
              : typed !== "" && amount === null
                ? "Digits and a point, above zero"
                : null
          }
        />
        <Button
          type="submit"
          look="primary"
          className="self-end"
          disabled={amount === null}
          busy={moving.isPending}
        >
          {name}
        </Button>
      </form>
    </Dialog>
  );
}

export function NoMoney(): ReactNode {
  const [open, setOpen] = useState(false);
  return (
    <p className="flex items-center justify-between gap-2 rounded bg-warn-soft px-2 py-1 text-[12px] text-warn">
      There is no paper money in the margin wallet.
      <Button small onClick={() => setOpen(true)}>
        Deposit…
      </Button>
      {open && <MoneyDialog move="deposit" onClose={() => setOpen(false)} />}
    </p>
  );
}
