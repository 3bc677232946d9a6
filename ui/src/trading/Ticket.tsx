/** The ticket. The service is asked what an order would do before it is sent; what it refuses stands next to the field. */
import {
  useEffect,
  useRef,
  useState,
  type Dispatch,
  type FormEvent,
  type KeyboardEvent,
  type ReactNode,
  type SetStateAction,
} from "react";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { CheckField } from "@/components/Field";
import { Stale } from "@/components/States";
import { useCondition } from "@/hooks/live";
import { useStored } from "@/hooks/stored";
import { ConditionFields } from "./ConditionFields";
import { LeverageFields, useLeverage } from "./Leverage";
import type { Instrument, Mark } from "./market";
import { NoMoney } from "./MoneyDialog";
import { faultsOf, refusalOf } from "./refusals";
import { orderAgain, usePreview, useSend, useSideKeys, type Sending } from "./sending";
import { shareFor } from "./shares";
import { KindFields, LegChoice, QuantityFields, SideChoice } from "./TicketFields";
import { TicketPreview } from "./TicketPreview";
import {
  effectOf,
  inMode,
  leverageIn,
  orderOf,
  TYPE_NAMES,
  type Draft,
  type Faults,
  type OrderBody,
  type Side,
} from "./ticket";
import { useAccount, usePositions } from "./use-own";

const isFlag = (value: unknown): value is boolean => typeof value === "boolean";

export function Ticket({
  instrument,
  mark,
  draft: typedIn,
  onDraft,
  chosen: [chosen, choose],
}: {
  instrument: Instrument;
  mark: Mark | null;
  draft: Draft;
  onDraft: Dispatch<SetStateAction<Draft>>;
  /** The leverage that was typed and is not set yet; null: none. */
  chosen: readonly [string | null, Dispatch<SetStateAction<string | null>>];
}): ReactNode {
  const account = useAccount().data;
  const legs = (usePositions() ?? []).filter((each) => each.symbol === instrument.symbol);
  const hedge = account?.hedge === true && instrument.kind === "perpetual";
  const draft = inMode(typedIn, hedge);
  const position = hedge ? legs.find((each) => each.position_side === draft.position_side) : legs[0];
  const leverage = useLeverage(instrument, position);
  const live = useCondition() === "live";
  const [confirms, setConfirms] = useStored("trading.confirms", true, isFlag);
  const [question, ask] = useState<{ typed: string; body: OrderBody } | null>(null);
  const [refused, refuse] = useState<Faults>({});
  const times = chosen?.trim() ?? leverage?.value?.toString() ?? null;
  const now = mark?.mark ?? mark?.last ?? mark?.index ?? instrument.mark ?? instrument.index;
  const { body: fresh, faults } = orderOf(draft, {
    symbol: instrument.symbol,
    step: instrument.step,
    tick: instrument.tick,
    leverage: times,
    hedge,
    price: now,
  });
  const typed = JSON.stringify(["order", instrument.symbol, times, hedge, draft]);
  // An order that was asked about stays as it was asked: a quantity in money is another one with the next price.
  const asked = question?.typed === typed;
  if (question !== null && !asked) ask(null);
  const body = asked ? question.body : orderAgain(typed, fresh);
  const preview = usePreview(body);
  const refusal = preview.error ?? refusalOf(preview.data);
  // Too many questions or no answer say nothing about the order itself.
  const blocked = refusal !== null && !asProblem(refusal).passing;
  const shown: Faults = { ...(refusal === null ? {} : faultsOf(refusal, draft)), ...refused, ...faults };
  const touch = (): void => {
    ask(null);
    refuse({});
  };
  const change = (changes: Partial<Draft>): void => {
    touch();
    onDraft({ ...typedIn, ...changes });
  };
  // What the ticket shows now; null: it is not on the screen.
  const shows = useRef<string | null>(null);
  useEffect(() => {
    shows.current = typed;
    return () => {
      shows.current = null;
    };
  }, [typed]);
  const answered = (sent: Sending): void => ask((now) => (now?.typed === sent.typed ? null : now));
  const send = useSend(
    (sent) => {
      answered(sent);
      // What was typed meanwhile is the next order.
      const of = JSON.stringify(sent.draft);
      onDraft((now) => (JSON.stringify(now) === of ? { ...now, quantity: "" } : now));
    },
    (error, sent) => {
      answered(sent);
      if (shows.current !== sent.typed) return false;
      refuse(faultsOf(error, sent.draft));
      return true;
    },
  );
  useSideKeys((side) => change({ side }));
  const wasAsked = useRef(false);
  useEffect(() => {
    // The button that had the focus is gone with the question.
    if (wasAsked.current && !asked && document.activeElement === document.body)
      document.getElementById("ticket-submit")?.focus();
    wasAsked.current = asked;
  }, [asked]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (body === null) return document.getElementById("ticket-quantity")?.focus();
    if (blocked) return;
    if (confirms && !asked) return ask({ typed, body });
    if (asked && preview.stale) return;
    send.mutate({ typed, draft: typedIn, body });
  };
  const keys = (event: KeyboardEvent): void => {
    if (event.key === "Escape") ask(null);
    // A key that is held down must not answer the question that it has just asked.
    if (event.key === "Enter" && event.repeat) event.preventDefault();
  };
  const fields = { instrument, draft, faults: shown, hedge, change };
  const verb = draft.side === "buy" ? "Buy" : "Sell";
  const leg = hedge ? draft.position_side : null;
  const effect = leg === null ? "" : `, ${effectOf(draft.side, leg)} ${leg}`;
  return (
    <form
      aria-label="Order ticket"
      noValidate
      onSubmit={submit}
      onKeyDown={keys}
      className="flex min-h-full flex-col gap-2.5 p-3"
    >
      {leg !== null && <LegChoice leg={leg} onLeg={(position_side) => change({ position_side })} />}
      <SideChoice side={draft.side} leg={leg} onSide={(side) => change({ side })} />
      {leverage !== null && (
        <LeverageFields
          key={instrument.symbol}
          {...{ instrument, leverage }}
          typed={chosen}
          onType={(text) => {
            if (typeof text === "string") touch();
            choose(text);
          }}
          tier={account?.tier}
          fault={shown.leverage}
        />
      )}
      <KindFields {...fields} />
      <QuantityFields
        {...fields}
        shareOf={(percent) =>
          shareFor(percent, {
            ...{ instrument, draft, account, position, now },
            leverage: leverageIn(times ?? "") ?? 1,
          })
        }
      />
      <ConditionFields {...fields} />
      {account?.margin_wallet === "0" && instrument.kind === "perpetual" && <NoMoney />}
      <TicketPreview
        preview={body === null ? undefined : preview.data}
        stale={body !== null && preview.stale}
        instrument={instrument}
        mark={mark?.mark ?? null}
      />
      <div className="sticky bottom-0 -mx-3 mt-auto -mb-3 flex flex-col gap-1.5 border-t border-line bg-panel px-3 py-2 max-[1099px]:static">
        {shown.form !== undefined && (
          <p role="alert" className="rounded bg-danger-soft px-2 py-1 text-[12px] text-danger">
            {shown.form}
          </p>
        )}
        {!live && <Stale>Not live: prices and preview may be from before</Stale>}
        {asked && body !== null ? (
          <Confirm
            text={`${verb} ${body.quantity} ${instrument.symbol}, ${TYPE_NAMES[body.type].toLowerCase()}${body.price == null ? "" : ` at ${body.price}`}${effect}`}
            side={draft.side}
            busy={send.isPending}
            checking={preview.stale}
            onBack={() => ask(null)}
          />
        ) : (
          <Button
            id="ticket-submit"
            type="submit"
            look={draft.side}
            busy={send.isPending}
            disabled={body !== null && blocked}
            className="min-h-9!"
          >
            {body === null ? `${verb}: enter a quantity` : confirms ? `Review: ${verb.toLowerCase()}` : verb}{" "}
            {body !== null && `${instrument.symbol}${effect}`}
          </Button>
        )}
        <CheckField
          label="Ask before sending"
          checked={confirms}
          onChange={(event) => setConfirms(event.target.checked)}
        />
      </div>
    </form>
  );
}

function Confirm({
  text,
  side,
  busy,
  checking,
  onBack,
}: {
  text: string;
  side: Side;
  busy: boolean;
  checking: boolean;
  onBack: () => void;
}): ReactNode {
  return (
    <div
      role="group"
      aria-label="Confirm the order"
      className="flex flex-col gap-2 rounded border border-line bg-raised p-2"
    >
      <p className="text-[13px] font-medium">{text}</p>
      <div className="grid grid-cols-[1fr_auto] gap-2">
        <Button autoFocus type="submit" look={side} busy={busy} className="min-h-9!">
          {checking ? "Asking the exchange…" : "Send order"}
        </Button>
        <Button onClick={onBack}>Back</Button>
      </div>
    </div>
  );
}
