/** How the file was understood, and the form that says it otherwise: the file is then read anew. */
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { answer, api } from "@/api/client";
import { AssetField, useFindAsset } from "@/components/AssetField";
import { Button } from "@/components/Button";
import { ChoiceField, Field } from "@/components/Field";
import { Panel } from "@/components/Panel";
import { Failed } from "@/components/States";
import { useWallets } from "@/components/Wallet";
import { isZone } from "@/format/times";
import { usePreferences } from "@/hooks/preferences";
import { useAnswer } from "./use-import";
import { DATES, formatSize, isOpen, nameOfDelimiter, NUMBERS, type Answers, type ImportView } from "./words";

export function Understood({ view }: { view: ImportView }): ReactNode {
  const asked = view.state === "questions" || view.state === "refused";
  // Opened for one reading of the file: what is said otherwise leads to another one.
  const [openFor, setOpenFor] = useState<string | null>(null);
  const open = openFor === view.job_id;
  const shown = (asked || open) && isOpen(view.state);
  return (
    <Panel
      title="How the file is read"
      actions={
        isOpen(view.state) &&
        !asked && (
          <Button small aria-expanded={open} onClick={() => setOpenFor(open ? null : view.job_id)}>
            {open ? "Leave it so" : "Change"}
          </Button>
        )
      }
    >
      {view.styles !== null && <Facts view={view} />}
      {shown && <AnswersForm key={view.job_id} view={view} />}
    </Panel>
  );
}

function Facts({ view }: { view: ImportView }): ReactNode {
  const { styles } = view;
  if (styles === null) return null;
  const facts = [
    ["Format", styles.title],
    ["Delimiter", nameOfDelimiter(styles.delimiter)],
    ["Encoding", styles.encoding],
    ["Header", `line ${styles.header_line}`],
    ["Numbers", NUMBERS[styles.numbers]],
    ["Dates", DATES[styles.dates]],
    ["Time zone", styles.zone ?? "each moment names its own"],
    ["Rows", String(view.rows ?? "—")],
    ["Size", formatSize(view.size)],
  ];
  return (
    <dl className="grid grid-cols-2 gap-x-4 gap-y-2 p-3 text-[13px] sm:grid-cols-3 xl:grid-cols-9">
      {facts.map(([name, value]) => (
        <div key={name} className="min-w-0">
          <dt className="text-[12px] text-ink-3">{name}</dt>
          <dd className="break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const ZONES = Intl.supportedValuesOf("timeZone");
const NAMES = ["format", "numbers", "dates", "zone", "cash", "currency", "wallet_id"] as const;
type Name = (typeof NAMES)[number];
type Said = Record<Name, string>;

function AnswersForm({ view }: { view: ImportView }): ReactNode {
  const { answers } = view;
  const [before] = useState<Said>(() => ({
    format: answers.format ?? "",
    numbers: answers.numbers ?? "",
    dates: answers.dates ?? "",
    zone: answers.zone ?? "",
    cash: answers.cash,
    currency: answers.currency,
    wallet_id: answers.wallet_id ?? "",
  }));
  const [said, setSaid] = useState(before);
  const send = useAnswer(view.id);
  const find = useFindAsset();
  const question = (name: Name): string | undefined =>
    view.questions.find(({ pointer }) => pointer === `#/${name}`)?.message;
  const faultOf = (name: Name): string | null => {
    if (name === "zone" && said.zone !== "" && !isZone(said.zone)) return "no such time zone";
    return said[name] === before[name] ? (question(name) ?? null) : null;
  };
  const field = (name: Name) => ({
    name,
    value: said[name],
    fault: faultOf(name),
    onChange: (event: { target: { value: string } }) => setSaid({ ...said, [name]: event.target.value }),
  });
  const changed = NAMES.filter((name) => said[name] !== before[name]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const given = changed.map((name) => {
      const value = name === "currency" ? (find(said.currency) ?? said.currency) : said[name];
      return [name, value === "" ? null : value];
    });
    send.mutate(Object.fromEntries(given) as Answers);
  };
  return (
    <form
      onSubmit={submit}
      className={`flex flex-col gap-3 p-3 ${view.styles === null ? "" : "border-t border-line"}`}
    >
      {view.questions.length > 0 && (
        <p className="text-[13px]">
          The file can be read in more than one way, and nothing is guessed: answer what is marked, all at
          once.
        </p>
      )}
      <div className="grid gap-3 sm:grid-cols-2 lg:grid-cols-4">
        <FormatField {...field("format")} />
        <ChoiceField label="Numbers" {...field("numbers")} choices={choicesOf(NUMBERS)} />
        <ChoiceField label="Dates" {...field("dates")} choices={choicesOf(DATES)} />
        <ZoneField {...field("zone")} onOwn={(zone) => setSaid({ ...said, zone })} />
        <ChoiceField
          label="Money (dollars, euros)"
          hint="Outside: it comes from and goes to your bank"
          {...field("cash")}
          choices={[
            { value: "outside", label: "outside of the wallet" },
            { value: "kept", label: "kept in the wallet" },
          ]}
        />
        <AssetField
          label="Values are in"
          hint="Where the file names no currency"
          {...field("currency")}
          onChange={(_, currency) => setSaid({ ...said, currency })}
        />
        <WalletField {...field("wallet_id")} />
      </div>
      {send.error !== null && <Failed error={send.error} compact />}
      <div className="flex gap-2">
        <Button
          type="submit"
          look="primary"
          busy={send.isPending}
          disabled={changed.length === 0 || (said.zone !== "" && !isZone(said.zone))}
        >
          Read it again
        </Button>
      </div>
    </form>
  );
}

interface Bound {
  name: string;
  value: string;
  fault: string | null;
  onChange: (event: { target: { value: string } }) => void;
}

function choicesOf(names: Readonly<Record<string, string>>) {
  const known = Object.entries(names).map(([value, label]) => ({ value, label }));
  return [{ value: "", label: "find it" }, ...known];
}

function FormatField(bound: Bound): ReactNode {
  const { data } = useQuery({
    queryKey: ["imports", "formats"],
    queryFn: () => answer(api.GET("/api/v1/import-formats")),
    staleTime: Infinity,
  });
  const names = Object.fromEntries((data ?? []).map(({ name, title }) => [name, title]));
  return <ChoiceField label="Format" {...bound} choices={choicesOf(names)} />;
}

function ZoneField({ onOwn, ...bound }: Bound & { onOwn: (zone: string) => void }): ReactNode {
  const own = usePreferences().preferences.time_zone;
  return (
    <div>
      <Field
        label="Time zone of the file"
        placeholder="as the file says"
        list="zones-of-file"
        spellCheck={false}
        {...bound}
      />
      {bound.value !== own && (
        <button type="button" className="text-[12px] text-accent hover:underline" onClick={() => onOwn(own)}>
          Use {own}
        </button>
      )}
      <datalist id="zones-of-file">
        {ZONES.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </div>
  );
}

function WalletField(bound: Bound): ReactNode {
  const wallets = useWallets().map(({ id, name }) => ({ value: id, label: name }));
  return (
    <ChoiceField
      label="Rows that name no wallet"
      {...bound}
      choices={[{ value: "", label: "go to the main wallet" }, ...wallets]}
    />
  );
}
