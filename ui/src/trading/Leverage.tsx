/** Leverage and margin mode of one market: set at once, and the service says no with its numbers. */
import { useIsMutating, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Dispatch, ReactNode, SetStateAction } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problems";
import { ChoiceField, Field } from "@/components/Field";
import { useFailWhenGone } from "@/hooks/here";
import { useToasts } from "@/hooks/toasts";
import type { Instrument } from "./market";
import type { Position } from "./own";
import { sayProblem } from "./refusals";
import { leverageIn } from "./ticket";

export interface Leverage {
  /** What the next order there is subject to; null: the service has not said. */
  readonly value: number | null;
  readonly mode: Schemas["MarginMode"] | null;
  /** The most that may be chosen with what is open there; null: not said. */
  readonly highest: number | null;
  /** Why it is not known. */
  readonly error: Error | null;
}

const KEY = ["trading", "symbols"];

/** How the market is set, with a position or without; null for spot, which has no leverage. */
export function useLeverage(instrument: Instrument, position: Position | undefined): Leverage | null {
  const perpetual = instrument.kind !== "spot";
  const query = useQuery({
    queryKey: KEY,
    queryFn: () => answer(api.GET("/api/v1/account/symbols")),
    enabled: perpetual,
    // No channel tells what was set elsewhere.
    refetchInterval: 15_000,
  });
  if (!perpetual) return null;
  const set = query.data?.symbols.find((each) => each.symbol === instrument.symbol);
  return {
    value: set?.leverage ?? position?.leverage ?? null,
    mode: set?.margin_mode ?? position?.margin_mode ?? null,
    highest: set?.highest_leverage ?? null,
    error: set === undefined ? query.error : null,
  };
}

type Settings = Schemas["AccountSettingsView"];

/** Puts down what was set until the service is asked again. */
function useSet(symbol: string): (change: Partial<Settings["symbols"][number]>) => void {
  const client = useQueryClient();
  return (change) => {
    client.setQueryData<Settings>(KEY, (told) =>
      told === undefined
        ? told
        : {
            ...told,
            symbols: told.symbols.map((each) => (each.symbol === symbol ? { ...each, ...change } : each)),
          },
    );
    void client.invalidateQueries({ queryKey: ["trading"] });
  };
}

/** `typed` is what the field has that is not set yet, null: nothing. An order that is sent meanwhile takes it along. */
export function LeverageFields({
  instrument,
  leverage,
  typed,
  onType,
  tier,
  fault,
}: {
  instrument: Instrument;
  leverage: Leverage;
  typed: string | null;
  onType: Dispatch<SetStateAction<string | null>>;
  tier: string | undefined;
  fault: string | undefined;
}): ReactNode {
  const { symbol } = instrument;
  const client = useQueryClient();
  const put = useSet(symbol);
  const failWhenGone = useFailWhenGone();
  const mutationKey = ["trading", "leverage", symbol];
  const underWay = useIsMutating({ mutationKey }) > 0;
  const setting = useMutation({
    mutationKey,
    mutationFn: (value: number) =>
      answer(api.PUT("/api/v1/account/leverage", { body: { symbol, leverage: value } })),
    onSuccess: (set) => {
      put({ leverage: set.leverage });
      // Something else that was typed meanwhile stays, and so does the same while another one is still to be set.
      if (client.isMutating({ mutationKey }) > 1) return;
      onType((now) => (now !== null && leverageIn(now) === set.leverage ? null : now));
    },
    onError: failWhenGone,
    // One after the other: the last one that was said is the one that stays.
    scope: { id: `leverage of ${symbol}` },
  });
  const wanted = typed === null ? null : leverageIn(typed);
  const commit = (): void => {
    if (!underWay && (typed?.trim() === "" || wanted === leverage.value)) return onType(null);
    if (wanted === null) return;
    // Leaving the field says the same again: once is enough.
    if (setting.variables === wanted && !setting.isIdle) return;
    setting.mutate(wanted);
  };
  // An order may have set it though this did not.
  const refused =
    setting.error === null || typed === null || wanted === leverage.value
      ? undefined
      : sayProblem(asProblem(setting.error));
  return (
    <div className="grid grid-cols-2 gap-2">
      <Field
        label="Leverage"
        inputMode="numeric"
        value={typed ?? (leverage.value === null ? "" : String(leverage.value))}
        placeholder="…"
        unit="×"
        className="text-right tabular-nums"
        onChange={(event) => {
          onType(event.target.value);
          setting.reset();
        }}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || typed === null) return;
          event.preventDefault();
          commit();
        }}
        aria-busy={setting.isPending}
        fault={refused ?? fault}
        hint={hintOf(leverage, tier)}
      />
      <ModeField symbol={symbol} mode={leverage.mode} />
    </div>
  );
}

function hintOf({ highest, error }: Leverage, tier: string | undefined): string {
  if (error !== null) return `${sayProblem(asProblem(error))}. An order leaves it as it is set`;
  if (highest === null) return "…";
  if (highest === 0) return "More is open than may be";
  return `Up to ${highest}×${tier === undefined ? "" : `, ${tier}`}`;
}

function ModeField({ symbol, mode }: { symbol: string; mode: Leverage["mode"] }): ReactNode {
  const toasts = useToasts();
  const put = useSet(symbol);
  const setting = useMutation({
    mutationFn: (wanted: Schemas["MarginMode"]) =>
      answer(api.PUT("/api/v1/account/margin-mode", { body: { symbol, mode: wanted } })),
    onSuccess: (done) => {
      put({ margin_mode: done.mode });
      toasts.tell({ tone: "good", title: `${symbol}: ${done.mode} margin` });
    },
  });
  return (
    <ChoiceField
      label="Margin"
      value={mode ?? ""}
      disabled={setting.isPending || mode === null}
      onChange={(event) => setting.mutate(event.target.value as Schemas["MarginMode"])}
      fault={setting.error === null ? null : sayProblem(asProblem(setting.error))}
      choices={[
        ...(mode === null ? [{ value: "", label: "…" }] : []),
        { value: "cross", label: "Cross" },
        { value: "isolated", label: "Isolated" },
      ]}
    />
  );
}
