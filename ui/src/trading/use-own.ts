/** Listens to what is one's own on the exchange, once for the whole screen. */
import { useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useMemo, useState } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { useBoard, useTopic } from "@/hooks/live";
import { useToasts } from "@/hooks/toasts";
import type { Frame } from "@/stream/messages";
import {
  foldOrders,
  foldPositions,
  makeOwn,
  OWN,
  type Order,
  type Own,
  type Position,
  type Standing,
} from "./own";

export const OwnContext = createContext<Own | null>(null);

function useOwn(): Own {
  const own = useContext(OwnContext);
  if (own === null) throw new Error("this part belongs below the trade screen");
  return own;
}

/** undefined: not told yet. */
export function usePositions(): readonly Position[] | undefined {
  return useBoard(useOwn().positions, OWN);
}

export function useOrders(): readonly Order[] | undefined {
  return useBoard(useOwn().orders, OWN);
}

export type Account = Schemas["AccountView"];

/** The account with its tier; live where the service has told since. */
export function useAccount(): UseQueryResult<Account> {
  const standing = useBoard(useOwn().standing, OWN);
  const query = useQuery({
    queryKey: ["trading", "account"],
    queryFn: () => answer(api.GET("/api/v1/account/{user_id}", { params: { path: { user_id: "me" } } })),
    staleTime: 30_000,
  });
  return useMemo(() => {
    const told = query.data;
    // Whichever is newer: what was told last stays true for as long as nothing newer is heard.
    if (told === undefined || standing === undefined || standing.at_ms < Date.parse(told.at)) return query;
    return { ...query, data: { ...told, ...standing } } as UseQueryResult<Account>;
  }, [query, standing]);
}

/** Makes the boards and keeps them true as long as the screen is there. */
export function useListening(): Own {
  const [own] = useState(makeOwn);
  const client = useQueryClient();
  const toasts = useToasts();
  useTopic(POSITIONS, (frame) => own.positions.set(OWN, foldPositions(own.positions.get(OWN) ?? [], frame)));
  useTopic(ACCOUNT, (frame) => {
    if (typeof frame["margin_balance"] === "string") own.standing.set(OWN, frame as unknown as Standing);
  });
  useTopic(ORDERS, (frame) => {
    const known = own.orders.get(OWN);
    const before = known ?? [];
    own.orders.set(OWN, foldOrders(before, frame));
    if (frame.type === "snapshot") {
      // Not the first one: the connection was away, and what happened meanwhile is only in the histories.
      if (known !== undefined) void client.invalidateQueries({ queryKey: ["trading"] });
      return;
    }
    void client.invalidateQueries({ queryKey: ["trading", "history"] });
    for (const text of fulfilled(before, frame)) toasts.tell({ tone: "good", ...text });
  });
  useTopic(FILLS, (frame) => {
    if (frame.type === "update") void client.invalidateQueries({ queryKey: ["trading", "fills"] });
  });
  useTopic(LIQUIDATIONS, (frame) => {
    const told = (frame["liquidations"] as readonly Schemas["LiquidationView"][] | undefined) ?? [];
    if (frame.type === "snapshot" || told.length === 0) return;
    void client.invalidateQueries({ queryKey: ["trading", "liquidations"] });
    const where = told[0]?.symbol ?? "the whole cross account";
    toasts.tell({
      tone: "bad",
      title: "Liquidation",
      detail: `${told.map((each) => each.event).join(", ")}: ${where}`,
    });
  });
  return own;
}

const POSITIONS = { channel: "positions" };
const ORDERS = { channel: "orders" };
const ACCOUNT = { channel: "account" };
const FILLS = { channel: "fills" };
const LIQUIDATIONS = { channel: "liquidations" };

/** Orders that had been standing and are filled now: what is filled at once its own answer has said. */
function fulfilled(before: readonly Order[], frame: Frame): { title: string; detail: string }[] {
  const standing = new Set(before.map((order) => order.id));
  const told = (frame["orders"] as readonly Order[] | undefined) ?? [];
  return told
    .filter((order) => order.event === "ended" && order.status === "filled" && standing.has(order.id))
    .map((order) => ({
      title: `Filled: ${order.side} ${order.quantity} ${order.symbol}`,
      detail: order.average_price === null ? "" : `at ${order.average_price} on average`,
    }));
}

/** Now, once a second: for countdowns. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
