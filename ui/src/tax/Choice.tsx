/** Whose rules and which year: in the address, and remembered by this browser. */
import type { ReactNode } from "react";
import { ChoiceField } from "@/components/Field";
import { useStored } from "@/hooks/stored";
import { useUrlState } from "@/hooks/url-state";
import { useJurisdictions } from "./queries";
import { yearChoices } from "./words";

function isCode(value: unknown): value is string {
  return typeof value === "string" && /^[a-z]{2,20}$/.test(value);
}

export interface Chosen {
  readonly jurisdiction: string;
  readonly year: number;
  setJurisdiction(code: string): void;
  setYear(year: string): void;
}

export function useChosen(): Chosen {
  const [kept, keep] = useStored("tax.jurisdiction", "us", isCode);
  const [asked, ask] = useUrlState("jurisdiction");
  const { data: known } = useJurisdictions();
  const isKnown = (code: string): boolean =>
    isCode(code) && (known === undefined || known.some((each) => each.code === code));
  const before = new Date().getFullYear() - 1;
  const [year, setYear] = useUrlState("year", String(before));
  return {
    jurisdiction: [asked, kept].find(isKnown) ?? known?.[0]?.code ?? "us",
    year: /^\d{4}$/.test(year) ? Number(year) : before,
    setJurisdiction: (code) => {
      keep(code);
      ask(code);
    },
    setYear,
  };
}

/** What is chosen stays in the list, also before the service has said what there is, and where it says otherwise. */
function withChosen<T extends { value: string; label: string }>(choices: readonly T[], value: string) {
  return choices.some((each) => each.value === value) ? choices : [{ value, label: value }, ...choices];
}

export function Choice({ chosen }: { chosen: Chosen }): ReactNode {
  const { data: known = [] } = useJurisdictions();
  const rules = known.find((each) => each.code === chosen.jurisdiction);
  const year = String(chosen.year);
  return (
    <div className="flex flex-wrap gap-3">
      <div className="w-44">
        <ChoiceField
          label="Rules of"
          value={chosen.jurisdiction}
          onChange={(event) => chosen.setJurisdiction(event.target.value)}
          choices={withChosen(
            known.map(({ code, title }) => ({ value: code, label: title })),
            chosen.jurisdiction,
          )}
        />
      </div>
      <div className="w-28">
        <ChoiceField
          label="Tax year from"
          value={year}
          onChange={(event) => chosen.setYear(event.target.value)}
          choices={withChosen(rules === undefined ? [] : yearChoices(rules), year)}
        />
      </div>
    </div>
  );
}
