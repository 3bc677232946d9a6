/** What is watched: the fields that a kind of subject needs, and no others. */
import { useQuery } from "@tanstack/react-query";
import { useId, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { ChoiceField, Field } from "@/components/Field";
import { useMe } from "@/hooks/session";
import type { Draft } from "./drafts";
import { ALL_JOBS, INTERVALS, type Part, type Parts, SUBJECTS } from "./subjects";

const LINES = ["rsi(14)", "close : sma(200)", "sma(50) : sma(200)", "macd.line : macd.signal", "atr(14)"];

export function SubjectFields({
  draft,
  change,
  fault,
}: {
  draft: Draft;
  change: (parts: Parts) => void;
  fault: string | null;
}): ReactNode {
  const { parts } = SUBJECTS[draft.kind];
  const first = parts[0];
  return (
    <div className="grid grid-cols-2 gap-3">
      {parts.map((part) => (
        <div key={part} className={parts.length === 1 || part === "line" ? "col-span-2" : ""}>
          <PartField
            part={part}
            draft={draft}
            fault={part === first ? fault : null}
            set={(value) => change({ ...draft.parts, [part]: value })}
          />
        </div>
      ))}
    </div>
  );
}

interface PartProps {
  draft: Draft;
  fault: string | null;
  set: (value: string) => void;
}

function PartField({ part, ...rest }: PartProps & { part: Part }): ReactNode {
  switch (part) {
    case "pair":
      return <PairField {...rest} />;
    case "symbol":
      return <SymbolField {...rest} />;
    case "line":
      return <LineField {...rest} />;
    case "name":
      return <NameField {...rest} />;
    case "span":
      return <Choose {...rest} label="Over" part="span" among={SUBJECTS[rest.draft.kind].spans ?? []} />;
    case "interval":
      return <Choose {...rest} label="Candles of" part="interval" among={INTERVALS} />;
  }
}

function Choose({
  label,
  part,
  among,
  draft,
  set,
}: PartProps & { label: string; part: Part; among: readonly string[] }): ReactNode {
  const now = draft.parts[part];
  const values = among.includes(now) || now === "" ? among : [now, ...among];
  return (
    <ChoiceField
      label={label}
      value={now}
      onChange={(event) => set(event.target.value)}
      choices={values.map((value) => ({ value, label: value }))}
    />
  );
}

function PairField({ draft, fault, set }: PartProps): ReactNode {
  const list = useId();
  const { data } = useQuery({
    queryKey: ["alerts", "pairs"],
    queryFn: () =>
      answer<Schemas["Page_MarketView_"]>(
        api.GET("/api/v1/markets", { params: { query: { limit: 1000 } } }) as never,
      ),
    staleTime: 60_000,
  });
  return (
    <>
      <Field
        label="Pair"
        value={draft.parts.pair}
        placeholder="btc/usd"
        required
        list={list}
        fault={fault}
        onChange={(event) => set(event.target.value.toLowerCase().replaceAll(" ", ""))}
      />
      <datalist id={list}>
        {data?.data.map(({ pair }) => (
          <option key={pair} value={pair} />
        ))}
      </datalist>
    </>
  );
}

function SymbolField({ draft, fault, set }: PartProps): ReactNode {
  const { data } = useQuery({
    queryKey: ["alerts", "symbols"],
    queryFn: () =>
      answer<Schemas["Page_InstrumentView_"]>(
        api.GET("/api/v1/instruments", { params: { query: { limit: 1000 } } }) as never,
      ),
    staleTime: 60_000,
  });
  const now = draft.parts.symbol;
  const symbols = data?.data.filter((each) => each.kind !== "spot").map((each) => each.symbol) ?? [];
  const values = now === "" || symbols.includes(now) ? symbols : [now, ...symbols];
  return (
    <ChoiceField
      label="Contract"
      value={now}
      required
      fault={fault}
      onChange={(event) => set(event.target.value)}
      choices={[{ value: "", label: "Choose one" }, ...values.map((value) => ({ value, label: value }))]}
    />
  );
}

function LineField({ draft, set }: PartProps): ReactNode {
  const list = useId();
  return (
    <>
      <Field
        label="Line"
        value={draft.parts.line}
        placeholder="rsi(14)"
        required
        list={list}
        hint="A name with its parameters; after a point the column, e.g. macd.signal"
        onChange={(event) => set(event.target.value)}
      />
      <datalist id={list}>
        {LINES.map((line) => (
          <option key={line} value={line} />
        ))}
      </datalist>
    </>
  );
}

function NameField({ draft, fault, set }: PartProps): ReactNode {
  const operator = useMe().role === "operator";
  const now = draft.parts.name;
  const own = SUBJECTS[draft.kind].names ?? [];
  const names = draft.kind === "job_result" && operator ? [...own, ...ALL_JOBS] : own;
  const known = names.some(([value]) => value === now);
  const pair = draft.kind === "data_quality" && !known;
  const choices = names.map(([value, label]) => ({ value, label }));
  if (draft.kind !== "data_quality") {
    return (
      <ChoiceField
        label={draft.kind === "kpi" ? "Which" : "Which job"}
        value={now}
        fault={fault}
        onChange={(event) => set(event.target.value)}
        choices={known || now === "" ? choices : [{ value: now, label: now }, ...choices]}
      />
    );
  }
  return (
    <div className="grid grid-cols-2 gap-3">
      <ChoiceField
        label="What"
        value={pair ? "pair" : now}
        fault={pair ? null : fault}
        onChange={(event) => set(event.target.value === "pair" ? "btc/usd" : event.target.value)}
        choices={[...choices, { value: "pair", label: "doubts about one pair" }]}
      />
      {pair && (
        <PairField draft={{ ...draft, parts: { ...draft.parts, pair: now } }} fault={fault} set={set} />
      )}
    </div>
  );
}
