/** What the ticket asks of the service: previews while typing, and the order itself. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { answer, api } from "@/api/client";
import { once, unansweredBody } from "@/api/once";
import { asProblem } from "@/api/problems";
import { useShortcut } from "@/hooks/shortcuts";
import { useToasts } from "@/hooks/toasts";
import { sayProblem } from "./refusals";
import type { Draft, OrderBody, Side } from "./ticket";

const PAUSE_MS = 350;
/**
 * The order that was sent of what is typed and not answered, else the one it makes now. A quantity in money is another
 * one with the next price: sent again it would be a second order.
 */
export function orderAgain(typed: string, body: OrderBody | null): OrderBody | null {
  return body === null ? null : ((unansweredBody(typed) as OrderBody | null) ?? body);
}

export interface Sending {
  /** What was typed: as long as it is the same, it is the same order. */
  readonly typed: string;
  readonly draft: Draft;
  readonly body: OrderBody;
}

/** The service's own answer to what is typed, once typing pauses, and again every few seconds. */
export function usePreview(body: OrderBody | null) {
  const text = body === null ? null : JSON.stringify(body);
  const [settled, settle] = useState<string | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => settle(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const query = useQuery({
    queryKey: ["trading", "preview", settled],
    queryFn: () =>
      answer(api.POST("/api/v1/orders/preview", { body: JSON.parse(settled ?? "") as OrderBody })),
    enabled: settled !== null,
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 10_000,
    refetchInterval: 5_000,
  });
  const current = settled !== null && settled === text;
  const known = current && !query.isPlaceholderData && query.data !== undefined;
  return { data: query.data, error: current ? query.error : null, stale: !known };
}

/**
 * Sends with an id of its own: the same ticket sent again is the same order, not a second one. Each answer is told with
 * what it is about, for the ticket may show something else by then; `onRefused` says whether it has shown it.
 */
export function useSend(
  onSent: (sent: Sending) => void,
  onRefused: (error: unknown, sent: Sending) => boolean,
) {
  const client = useQueryClient();
  const toasts = useToasts();
  return useMutation({
    mutationFn: ({ typed, body }: Sending) => {
      const send = (client_order_id: string) =>
        answer(api.POST("/api/v1/orders", { body: { ...body, client_order_id } }));
      return once(typed, send, body);
    },
    onSuccess: (order, sent) => {
      const how = order.average_price === null ? order.status : `${order.status} at ${order.average_price}`;
      const why = order.reason === null || order.status === "filled" ? "" : ` (${order.reason})`;
      toasts.tell({
        tone: order.status === "cancelled" || order.status === "expired" ? "bad" : "good",
        title: `${order.side === "buy" ? "Buy" : "Sell"} ${order.quantity} ${order.symbol}: ${how}${why}`,
        detail: `filled ${order.filled_quantity} of ${order.quantity}, fee ${order.fee}`,
      });
      void client.invalidateQueries({ queryKey: ["trading"] });
      onSent(sent);
    },
    onError: (error, sent) => {
      const problem = asProblem(error);
      if (problem.passing) {
        toasts.tell({
          tone: "bad",
          title: problem.title,
          detail:
            "It is not known whether the order arrived. Sending the same again within two minutes is safe: it cannot become two.",
        });
      }
      if (onRefused(error, sent) || problem.passing) return;
      const { side, quantity, symbol } = sent.body;
      toasts.tell({
        tone: "bad",
        title: `Refused: ${side} ${quantity ?? ""} ${symbol}`,
        detail: sayProblem(problem),
      });
    },
  });
}

/** b and s, wherever nobody is typing. */
export function useSideKeys(choose: (side: Side) => void): void {
  const pick = (side: Side): void => {
    choose(side);
    document.getElementById("ticket-quantity")?.focus();
  };
  useShortcut("b", "Buy: choose the side", () => pick("buy"), "Trade");
  useShortcut("s", "Sell: choose the side", () => pick("sell"), "Trade");
}
