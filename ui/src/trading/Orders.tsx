/** Orders that stand: changed where they are shown, or cancelled. */
import { useMutation } from "@tanstack/react-query";
import { Pencil, X } from "lucide-react";
import { useState, type FormEvent, type ReactNode } from "react";
import { answer, api } from "@/api/client";
import { asProblem } from "@/api/problems";
import { Button, IconButton } from "@/components/Button";
import { AmountField } from "@/components/Field";
import { Empty, Loading } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time, ZoneNote } from "@/components/Time";
import { MISSING } from "@/format/amounts";
import { useCondition } from "@/hooks/live";
import { useToasts } from "@/hooks/toasts";
import { amountOf } from "./arithmetic";
import { useOwnQuantity, useTickPrice } from "./market";
import type { Order } from "./own";
import { SymbolLink } from "./SymbolLink";
import { sayProblem } from "./refusals";
import { effectOf, TYPE_NAMES } from "./ticket";
import { useTold } from "./told";
import { useOrders } from "./use-own";

export function Orders({ symbol }: { symbol: string | undefined }): ReactNode {
  const all = useOrders();
  const live = useCondition() === "live";
  const show = useTickPrice();
  const size = useOwnQuantity();
  const [amending, amend] = useState<string | null>(null);
  if (all === undefined) return <Loading rows={3} label="Open orders" />;
  const orders = symbol === undefined ? all : all.filter((each) => each.symbol === symbol);
  if (orders.length === 0) {
    return (
      <Empty title="No order stands">
        A limit order waits in the book until it is met; a stop waits for its trigger.
      </Empty>
    );
  }
  const editing = orders.find((each) => each.id === amending);
  const columns: readonly Column<Order>[] = [
    { id: "at", header: "Placed", cell: (row) => <Time at={row.placed_at_ms} to="second" /> },
    { id: "symbol", header: "Market", cell: (row) => <SymbolLink symbol={row.symbol} /> },
    {
      id: "act",
      header: <span className="sr-only">Change</span>,
      cell: (row) => <Acts order={row} onAmend={() => amend(row.id === amending ? null : row.id)} />,
    },
    { id: "side", header: "Order", cell: (row) => <Kind order={row} /> },
    {
      id: "status",
      header: "State",
      cell: (row) => (row.parent_id === null ? row.status : `${row.status}, attached`),
    },
    {
      id: "quantity",
      header: "Filled / quantity",
      num: true,
      cell: (row) =>
        row.close_position ? "whole position" : `${size(row.filled_quantity)} / ${size(row.quantity)}`,
    },
    {
      id: "price",
      header: "Price",
      num: true,
      cell: (row) => (row.price === null ? "market" : show(row.symbol, row.price)),
    },
    { id: "trigger", header: "Trigger", num: true, cell: (row) => <Trigger order={row} /> },
  ];
  return (
    <div>
      <div className="flex flex-wrap items-center gap-2 px-3 py-1.5">
        <ZoneNote />
        <CancelAll symbol={symbol} count={orders.length} />
      </div>
      {editing !== undefined && <Amend key={editing.id} order={editing} onDone={() => amend(null)} />}
      <Table label="Open orders" columns={columns} rows={orders} keyOf={(row) => row.id} dim={() => !live} />
    </div>
  );
}

export function Kind({
  order,
}: {
  order: Pick<Order, "side" | "type" | "reduce_only" | "time_in_force" | "position_side">;
}): ReactNode {
  const notes = [
    order.position_side !== "net"
      ? `${effectOf(order.side, order.position_side)} ${order.position_side}`
      : order.reduce_only
        ? "reduce only"
        : "",
    order.time_in_force === "gtx"
      ? "post only"
      : order.time_in_force === "gtc"
        ? ""
        : order.time_in_force.toUpperCase(),
  ].filter(Boolean);
  return (
    <span className="whitespace-nowrap">
      <span className={order.side === "buy" ? "text-up" : "text-down"}>{order.side}</span>{" "}
      {TYPE_NAMES[order.type].toLowerCase()}
      {notes.length > 0 && <span className="text-ink-3"> {notes.join(", ")}</span>}
    </span>
  );
}

export function Trigger({
  order,
}: {
  order: Pick<Order, "symbol" | "trigger_price" | "trigger_on" | "callback_rate">;
}): ReactNode {
  const show = useTickPrice();
  if (order.trigger_price === null && order.callback_rate === null)
    return <span className="text-ink-3">{MISSING}</span>;
  return (
    <>
      {order.trigger_price !== null &&
        `${order.trigger_on ?? "mark"} ${show(order.symbol, order.trigger_price)}`}
      {order.callback_rate !== null && ` ${order.callback_rate} % behind`}
    </>
  );
}

function Acts({ order, onAmend }: { order: Order; onAmend: () => void }): ReactNode {
  const toasts = useToasts();
  const cancelling = useMutation({
    mutationFn: () =>
      answer(api.POST("/api/v1/orders/{order_id}/cancel", { params: { path: { order_id: order.id } } })),
    onSuccess: (done) =>
      toasts.tell({
        tone: "good",
        title: `Cancelled: ${done.side} ${done.quantity} ${done.symbol}`,
        detail: `filled ${done.filled_quantity}`,
      }),
    onError: (error) => toasts.fail(error),
  });
  return (
    <span className="inline-flex">
      <IconButton small label={`Change ${order.side} ${order.quantity} ${order.symbol}`} onClick={onAmend}>
        <Pencil aria-hidden className="size-3.5" />
      </IconButton>
      <IconButton
        small
        label={`Cancel ${order.side} ${order.quantity} ${order.symbol}`}
        busy={cancelling.isPending}
        onClick={() => cancelling.mutate()}
      >
        <X aria-hidden className="size-3.5" />
      </IconButton>
    </span>
  );
}

/** Above the table, so that it fits on a phone, too. */
function Amend({ order, onDone }: { order: Order; onDone: () => void }): ReactNode {
  // Only what is typed is sent: the exchange changes quantities itself, as those of orders that only reduce.
  const [price, setPrice] = useState<string | null>(null);
  const [quantity, setQuantity] = useState<string | null>(null);
  const toasts = useToasts();
  const amending = useMutation({
    // One after the other: the last one that was sent is the one that stays.
    scope: { id: `change of ${order.id}` },
    mutationFn: (body: { price?: string; quantity?: string }) =>
      answer(api.PATCH("/api/v1/orders/{order_id}", { params: { path: { order_id: order.id } }, body })),
    onSuccess: (now) => {
      toasts.tell({
        tone: "good",
        title: `Changed: ${now.side} ${now.quantity} ${now.symbol}`,
        detail: `at ${now.price ?? "the market"}`,
      });
    },
  });
  const tell = useTold(amending);
  const type = (set: (text: string) => void, text: string): void => {
    set(text);
    amending.reset();
  };
  const changes = {
    ...(price !== null && price !== order.price ? { price: price.trim() } : {}),
    ...(quantity !== null && quantity !== order.quantity ? { quantity: quantity.trim() } : {}),
  };
  const ready =
    Object.keys(changes).length > 0 && Object.values(changes).every((typed) => amountOf(typed) !== null);
  const problem = amending.error === null ? null : asProblem(amending.error);
  const aboutPrice = problem !== null && (problem.code.startsWith("price") || problem.code === "would-take");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (ready) tell(changes, `change of ${order.side} ${order.quantity} ${order.symbol}`, onDone);
  };
  return (
    <form
      onSubmit={submit}
      onKeyDown={(event) => event.key === "Escape" && onDone()}
      aria-label={`Change ${order.side} ${order.symbol}`}
      className="flex flex-wrap items-start gap-2 border-y border-line bg-raised px-3 py-2"
    >
      <span className="self-center text-[13px]">
        Change {order.side} {order.symbol}
      </span>
      {order.price !== null && (
        <AmountField
          autoFocus
          label="Price"
          value={price ?? order.price}
          onChange={(event) => type(setPrice, event.target.value)}
          fault={problem !== null && aboutPrice ? sayProblem(problem) : null}
        />
      )}
      <AmountField
        label="Whole quantity, with what is filled"
        value={quantity ?? order.quantity}
        onChange={(event) => type(setQuantity, event.target.value)}
        fault={problem !== null && !aboutPrice ? sayProblem(problem) : null}
      />
      <span className="flex gap-1 self-end">
        <Button type="submit" look="primary" disabled={!ready} busy={amending.isPending}>
          Change
        </Button>
        <Button onClick={onDone}>Leave it</Button>
      </span>
    </form>
  );
}

function CancelAll({ symbol, count }: { symbol: string | undefined; count: number }): ReactNode {
  const toasts = useToasts();
  const cancelling = useMutation({
    mutationFn: () =>
      answer(api.DELETE("/api/v1/orders", { params: { query: symbol === undefined ? {} : { symbol } } })),
    onSuccess: (done) =>
      toasts.tell({
        tone: "good",
        title: done.cancelled === 1 ? "1 order cancelled" : `${done.cancelled} orders cancelled`,
      }),
    onError: (error) => toasts.fail(error),
  });
  return (
    <Button small className="ml-auto" busy={cancelling.isPending} onClick={() => cancelling.mutate()}>
      Cancel {symbol === undefined ? "all" : `all of ${symbol}`} ({count})
    </Button>
  );
}
