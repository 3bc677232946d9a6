/** Whether the venue and its markets trade, and the switch for it. */
import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { ChoiceField } from "@/components/Field";
import { Panel } from "@/components/Panel";
import { ReasonDialog } from "./ReasonDialog";
import { setTradingState } from "./trading-state";
import { ENGINE_SAID, ENGINE_TONES, TRADING_TONES } from "./words";
import { useMayChange } from "./Who";

type State = Schemas["TradingState"];

const MEANS: Readonly<Record<State, string>> = {
  active: "Orders are taken.",
  "reduce-only": "Positions can only become smaller; orders that would open one are ended and refused.",
  halted: "Nothing is matched, triggered or liquidated, and orders are refused.",
};

const ACTS: Readonly<Record<State, string>> = {
  active: "Make active",
  "reduce-only": "Reduce only",
  halted: "Halt",
};

export function Trading({ overview }: { overview: Schemas["OverviewView"] }): ReactNode {
  const { venue, markets, engine } = overview.trading;
  const [wanted, setWanted] = useState<State | null>(null);
  const mayChange = useMayChange();
  return (
    <Panel title="Trading">
      <div className="flex flex-col gap-2.5 p-3 text-[13px]">
        <p className="flex flex-wrap items-center gap-2">
          <span className="w-14 text-ink-2">Venue</span>
          <Badge tone={TRADING_TONES[venue]}>{venue}</Badge>
          <span className="text-ink-2">{MEANS[venue]}</span>
        </p>
        <p className="flex flex-wrap items-center gap-2">
          <span className="w-14 text-ink-2">Engine</span>
          <Badge tone={ENGINE_TONES[engine]}>{engine}</Badge>
          <span className="text-ink-2">{ENGINE_SAID[engine]}</span>
        </p>
        {markets.length > 0 && (
          <ul aria-label="Markets that are not active" className="flex flex-col gap-1">
            {markets.map(({ symbol, state }) => (
              <li key={symbol} className="flex items-center gap-2">
                <span className="w-28">{symbol}</span>
                <Badge tone={TRADING_TONES[state]}>{state}</Badge>
              </li>
            ))}
          </ul>
        )}
        {mayChange && (
          <div className="flex flex-wrap gap-2 pt-1">
            {(["halted", "reduce-only", "active"] as const).map((state) => (
              <Button
                key={state}
                small
                look={state === "halted" ? "danger" : "plain"}
                onClick={() => setWanted(state)}
              >
                {ACTS[state]}…
              </Button>
            ))}
          </div>
        )}
      </div>
      {wanted !== null && <SetState state={wanted} onClose={() => setWanted(null)} />}
    </Panel>
  );
}

function SetState({ state, onClose }: { state: State; onClose: () => void }): ReactNode {
  const [symbol, setSymbol] = useState("");
  const { data } = useQuery({
    queryKey: ["operations", "instruments"],
    queryFn: () =>
      answer<Schemas["Page_InstrumentView_"]>(
        api.GET("/api/v1/instruments", { params: { query: { limit: 1000 } } }) as never,
      ),
    staleTime: 60_000,
  });
  const of = symbol === "" ? "the whole venue" : symbol;
  return (
    <ReasonDialog
      onClose={onClose}
      act={{
        title: `${ACTS[state]}: ${of}`,
        description: MEANS[state],
        button: ACTS[state],
        danger: state === "halted",
        done: `${of} is ${state}`,
        fields: (
          <ChoiceField
            label="What"
            value={symbol}
            onChange={(event) => setSymbol(event.target.value)}
            choices={[
              { value: "", label: "The whole venue" },
              ...(data?.data ?? []).map((each) => ({
                value: each.symbol,
                label: each.state === "active" ? each.symbol : `${each.symbol} (${each.state})`,
              })),
            ]}
          />
        ),
        run: (reason) => setTradingState(state, reason, symbol === "" ? {} : { symbol }),
      }}
    />
  );
}
