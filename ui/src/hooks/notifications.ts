/** What alerts have told this person: from the service, and live as it comes. */
import { useMutation, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { answer, api, type Schemas } from "@/api/client";
import { useTopic } from "./live";
import { useSession } from "./session";
import { useToasts } from "./toasts";

export type Notification = Schemas["NotificationView"];

const NEWEST = 12;

/** How many are unseen. Only one component on a page listens, for each one tells what comes. */
export function useUnseen(): number {
  const { me } = useSession();
  const client = useQueryClient();
  const toasts = useToasts();
  useTopic(me ? { channel: "alerts" } : null, (frame) => {
    if (typeof frame["unseen"] === "number") {
      // An answer that is still on its way knows less.
      void client.cancelQueries({ queryKey: ["notifications", "count"] });
      client.setQueryData(["notifications", "count"], { unseen: frame["unseen"] });
    }
    void client.invalidateQueries({ queryKey: ["notifications", "newest"] });
    if (frame.type !== "update") return;
    void client.invalidateQueries({ queryKey: ["alerts"] });
    const told = frame["alerts"];
    if (!Array.isArray(told)) return;
    for (const { title, text } of (told as readonly Pick<Notification, "title" | "text">[]).slice(-3)) {
      toasts.tell({ title, detail: text });
    }
  });
  const count = useQuery({
    queryKey: ["notifications", "count"],
    queryFn: () => answer(api.GET("/api/v1/notifications/count")),
    enabled: Boolean(me),
  });
  return count.data?.unseen ?? 0;
}

export function useNewestNotifications(enabled: boolean): UseQueryResult<Schemas["Page_NotificationView_"]> {
  return useQuery({
    queryKey: ["notifications", "newest"],
    queryFn: () => {
      const page = answer(api.GET("/api/v1/notifications", { params: { query: { limit: NEWEST } } }));
      return page as Promise<Schemas["Page_NotificationView_"]>;
    },
    enabled,
  });
}

/** Marks as seen: everything up to one of them, or one alone. */
export function useMarkSeen() {
  const client = useQueryClient();
  const toasts = useToasts();
  return useMutation({
    mutationFn: (body: { up_to: string } | { ids: string[] }) =>
      answer(api.POST("/api/v1/notifications/seen", { body: body as Schemas["SeenBody"] })),
    onSuccess: (left) => {
      client.setQueryData(["notifications", "count"], left);
      void client.invalidateQueries({ queryKey: ["notifications"] });
    },
    onError: toasts.fail,
  });
}
