/** What the law leaves to a person, for one country: it holds for every report from then on. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Button } from "@/components/Button";
import { ChoiceField, Field } from "@/components/Field";
import { Panel } from "@/components/Panel";
import { Answered, Failed } from "@/components/States";
import { Time } from "@/components/Time";
import { isDecimal } from "@/format/decimal";
import { isZone } from "@/format/times";
import { useToasts } from "@/hooks/toasts";
import { BroughtLosses, Methods } from "./ElectionLists";
import { useCountryName, useElections, useJurisdictions } from "./queries";
import { typedSince } from "./typed";
import { POLICIES, yearChoices, type Policy } from "./words";

type View = Schemas["ElectionsView"];
type Body = Schemas["ElectionsBody"];

export function Elections({ jurisdiction }: { jurisdiction: string }): ReactNode {
  const query = useElections(jurisdiction);
  const nameOf = useCountryName();
  return (
    <Panel title={`What you elected: ${nameOf(jurisdiction)}`} note="Reports that exist stay as they are">
      <Answered query={query}>{(view) => <Form key={view.jurisdiction} view={view} />}</Answered>
    </Panel>
  );
}

function Form({ view }: { view: View }): ReactNode {
  const client = useQueryClient();
  const toasts = useToasts();
  const [typed, setTyped] = useState<Partial<Body>>({});
  const body: Body = { ...view.elections, ...typed };
  const rules = useJurisdictions().data?.find((each) => each.code === view.jurisdiction);
  const years = rules === undefined ? [] : yearChoices(rules);
  const change = (changes: Partial<Body>): void => setTyped((before) => ({ ...before, ...changes }));
  const save = useMutation({
    mutationFn: (sent: Body) =>
      answer(
        api.PUT("/api/v1/tax/elections/{jurisdiction}", {
          params: { path: { jurisdiction: view.jurisdiction } },
          body: sent,
        }),
      ),
    onSuccess: async (now, sent) => {
      client.setQueryData(["tax", "elections", view.jurisdiction], now);
      toasts.tell({ title: "Elected", detail: "Compute a report to see what it changes.", tone: "good" });
      await client.invalidateQueries({ queryKey: ["tax"] });
      setTyped((before) => typedSince(before, sent));
    },
  });
  const us = view.jurisdiction === "us";
  const zoneFault = body.zone !== "" && !isZone(body.zone) ? "no such time zone" : null;
  const broughtWell = body.brought.every(({ short, long }) => isDecimal(short) && isDecimal(long));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate(body);
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4 p-3">
      <p className="text-[12px] text-ink-3">
        {view.changed_at === null ? (
          "Nothing was elected: the law's own rules hold."
        ) : (
          <>
            Last changed <Time at={view.changed_at} />
          </>
        )}{" "}
        Rules: {view.ruleset}
      </p>
      <Methods view={view} years={years} body={body} onChange={change} />
      <div className="grid gap-3 sm:grid-cols-2 xl:grid-cols-4">
        <ChoiceField
          label="Sold without a known purchase"
          value={body.shortfalls}
          onChange={(event) => change({ shortfalls: event.target.value as Policy })}
          choices={Object.entries(POLICIES).map(([value, label]) => ({ value, label }))}
        />
        <ChoiceField
          label="Who holds"
          value={body.holder}
          onChange={(event) => change({ holder: event.target.value as Body["holder"] })}
          choices={[
            { value: "individual", label: "a person" },
            { value: "company", label: "a company" },
          ]}
        />
        <Field
          label="Time zone of the tax"
          hint="Decides on which day something happened"
          placeholder="of the country"
          value={body.zone}
          fault={zoneFault}
          onChange={(event) => change({ zone: event.target.value })}
        />
        {us && (
          <ChoiceField
            label="Filing"
            value={body.filing}
            onChange={(event) => change({ filing: event.target.value as Body["filing"] })}
            choices={[
              { value: "single-or-joint", label: "single or joint" },
              { value: "married-separately", label: "married, separately" },
            ]}
          />
        )}
        {us && (
          <Field
            label="Point out wash sales from"
            type="date"
            value={body.wash_sales_from ?? ""}
            onChange={(event) => change({ wash_sales_from: event.target.value || null })}
          />
        )}
        {view.jurisdiction === "generic" && (
          <Field
            label="Currency"
            placeholder="usd"
            value={body.currency}
            onChange={(event) => change({ currency: event.target.value.trim() })}
          />
        )}
      </div>
      <BroughtLosses years={years} body={body} us={us} onChange={change} />
      {save.error !== null && <Failed error={save.error} compact />}
      <Button
        type="submit"
        look="primary"
        className="self-start"
        busy={save.isPending}
        disabled={zoneFault !== null || !broughtWell}
      >
        Elect
      </Button>
    </form>
  );
}
