/** Out of everything: all orders cancelled, all positions closed at the market. Says what happened, part by part. */
import {
  useMutation,
  useMutationState,
  useQueryClient,
  type Mutation,
  type MutationState,
} from "@tanstack/react-query";
import { OctagonX } from "lucide-react";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { answer, api } from "@/api/client";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Failed } from "@/components/States";
import { compare } from "@/format/decimal";
import { useToasts } from "@/hooks/toasts";
import type { Position } from "./own";
import { closePosition } from "./Positions";
import { sayProblem } from "./refusals";
import { useOrders, usePositions } from "./use-own";

interface Step {
  readonly text: string;
  readonly good: boolean;
}

/** Cancels first, so that nothing opens again what is closed. Goes on when one position cannot be closed. */
async function leaveEverything(): Promise<readonly Step[]> {
  const steps: Step[] = [];
  try {
    const { cancelled } = await answer(api.DELETE("/api/v1/orders"));
    steps.push({ text: cancelled === 1 ? "1 order cancelled" : `${cancelled} orders cancelled`, good: true });
  } catch (error) {
    steps.push({ text: `Orders were not cancelled. ${sayProblem(asProblem(error))}`, good: false });
  }
  const page = await answer(api.GET("/api/v1/positions", { params: { query: { limit: 1000 } } }));
  const positions = (page as { data: readonly Position[] }).data;
  if (positions.length === 0) steps.push({ text: "No position was open", good: true });
  for (const position of positions) steps.push(await leave(position));
  return steps;
}

async function leave(position: Position): Promise<Step> {
  const what = `${position.side} ${position.quantity} ${position.symbol}`;
  try {
    const order = await closePosition(position, "100");
    const whole = compare(order.filled_quantity, position.quantity) >= 0;
    return whole
      ? {
          text: `Closed ${what} at ${order.average_price ?? "the market"}, realised ${order.realised_profit} USDT`,
          good: true,
        }
      : {
          text: `Closed only ${order.filled_quantity} of ${what}: ${order.reason ?? order.status}`,
          good: false,
        };
  } catch (error) {
    return { text: `${what} is still open. ${sayProblem(asProblem(error))}`, good: false };
  }
}

const KEY = ["trading", "leaving"];
const stateOf = (mutation: Mutation<unknown, Error, unknown>) =>
  mutation.state as MutationState<readonly Step[]>;

export function KillSwitch(): ReactNode {
  const [open, setOpen] = useState(false);
  const orders = useOrders()?.length;
  const positions = usePositions()?.length;
  const client = useQueryClient();
  const toasts = useToasts();
  // It goes on while its dialog is closed, and while the screen of another market is opened, which tells of it then.
  const last = useMutationState({ filters: { mutationKey: KEY }, select: stateOf }).at(-1);
  const shown = useRef(false);
  useEffect(() => {
    shown.current = open;
    return () => {
      shown.current = false;
    };
  }, [open]);
  const leaving = useMutation({
    mutationKey: KEY,
    mutationFn: leaveEverything,
    onSuccess: (steps) => {
      if (shown.current) return;
      const bad = steps.filter((step) => !step.good);
      toasts.tell({
        tone: bad.length === 0 ? "good" : "bad",
        title:
          bad.length === 0 ? "Left everything" : `Kill switch: not done ${bad.length} of ${steps.length}`,
        detail: (bad.length === 0 ? steps : bad).map((step) => step.text).join(". "),
      });
    },
    onError: (error) => {
      if (shown.current) return;
      const detail = sayProblem(asProblem(error));
      toasts.tell({ tone: "bad", title: "Kill switch: not done to the end", detail });
    },
    // Nobody waits for what is read anew: only then it would be over.
    onSettled: () => void client.invalidateQueries({ queryKey: ["trading"] }),
  });
  const forget = (): void => {
    const all = client.getMutationCache();
    // What was rendered may be older than the press.
    for (const each of all.findAll({ mutationKey: KEY }))
      if (each.state.status !== "pending") all.remove(each);
  };
  const close = (): void => {
    setOpen(false);
    forget();
  };
  const running = last?.status === "pending";
  const done = last?.status === "success" ? last.data : undefined;
  const error = last?.status === "error" ? last.error : null;
  const failed = done?.some((step) => !step.good) === true;
  return (
    <>
      <Button
        look="danger"
        small
        icon={<OctagonX aria-hidden className="size-3.5" />}
        onClick={() => {
          // All that was told when it was over is past; what was not done is still to be done.
          if (!failed && error === null) forget();
          setOpen(true);
        }}
      >
        Kill switch
      </Button>
      <Dialog
        open={open}
        onClose={close}
        title={
          running ? "Leaving everything" : done === undefined ? "Leave everything now?" : "What happened"
        }
      >
        <div className="flex flex-col gap-3 text-[13px]">
          {running ? (
            <p role="status">Cancels all orders and closes all positions. It goes on when this is closed.</p>
          ) : done === undefined ? (
            <p>
              Cancels all orders ({orders ?? "not known how many"}) and closes all positions (
              {positions ?? "not known how many"}) of every market at the market's price. It cannot be undone.
            </p>
          ) : (
            <ul aria-label="Steps" className="flex flex-col gap-1">
              {done.map((step, at) => (
                <li key={at} className={step.good ? "" : "text-danger"}>
                  {step.good ? "Done: " : "Not done: "}
                  {step.text}
                </li>
              ))}
            </ul>
          )}
          {error !== null && <Failed error={error} compact />}
          <div className="flex justify-end gap-2">
            <Button onClick={close}>{done === undefined && !running ? "Keep everything" : "Close"}</Button>
            {(done === undefined || failed) && (
              <Button look="danger" busy={running} onClick={() => leaving.mutate()}>
                {failed ? "Try again" : "Cancel and close everything"}
              </Button>
            )}
          </div>
        </div>
      </Dialog>
    </>
  );
}
