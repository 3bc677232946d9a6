/** Puts money aside for an isolated position, or takes it back. */
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { answer, api } from "@/api/client";
import { once } from "@/api/once";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { AmountField } from "@/components/Field";
import { negate } from "@/format/decimal";
import { useOwnMoney } from "@/hooks/preferences";
import { useToasts } from "@/hooks/toasts";
import { amountOf } from "./arithmetic";
import { keyOf, nameOf, type Position } from "./own";
import { sayProblem } from "./refusals";
import { useTold } from "./told";

export function MarginDialog({ position, onClose }: { position: Position; onClose: () => void }): ReactNode {
  const [typed, type] = useState("");
  const money = useOwnMoney();
  const toasts = useToasts();
  const amount = amountOf(typed);
  const moving = useMutation({
    mutationFn: (signed: string) =>
      once(JSON.stringify(["margin", keyOf(position), signed]), (key) =>
        answer(
          api.POST("/api/v1/positions/{symbol}/margin", {
            params: { path: { symbol: position.symbol }, header: { "idempotency-key": key } },
            body: { amount: signed, position_side: position.position_side },
          }),
        ),
      ),
    onSuccess: (now) => {
      toasts.tell({ tone: "good", title: `${nameOf(position)}: margin is ${now.isolated_margin} USDT now` });
    },
  });
  const tell = useTold(moving);
  const move = (signed: string): void =>
    tell(signed, `margin of ${nameOf(position)} by ${signed} USDT`, onClose);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (amount !== null) move(amount);
  };
  return (
    <Dialog open onClose={onClose} title={`Margin of ${nameOf(position)}`}>
      <form onSubmit={submit} className="flex flex-col gap-3 text-[13px]">
        <p>Put aside now: {money(position.isolated_margin, "USDT")}</p>
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
        <div className="flex justify-end gap-2">
          <Button
            disabled={amount === null}
            busy={moving.isPending}
            onClick={() => amount !== null && move(negate(amount))}
          >
            Take back
          </Button>
          <Button type="submit" look="primary" disabled={amount === null} busy={moving.isPending}>
            Add
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
