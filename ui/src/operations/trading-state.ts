import { answer, api, type Schemas } from "@/api/client";
import { onceAbout } from "@/api/once";

/** `of`: one market or one person's account; with neither, the whole venue. */
export function setTradingState(
  state: Schemas["TradingState"],
  reason: string,
  of: { symbol?: string; user_id?: string },
): Promise<unknown> {
  const body = { state, reason, ...of };
  return onceAbout(`trading state ${of.symbol ?? of.user_id ?? ""}`, body, (key) =>
    answer(api.POST("/api/v1/trading/state", { params: { header: { "idempotency-key": key } }, body })),
  );
}
