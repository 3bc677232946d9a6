/** What went into a figure, as the service tells it: plain values, short lists, and of long lists the ends. */
import type { ReactNode } from "react";
import { formatQuantity } from "@/format/amounts";
import { isDecimal } from "@/format/decimal";
import { useManner, useOwnMoney } from "@/hooks/preferences";

/** Amounts of one's own, by the names they have. */
const MONEY = /value|flow|cost|proceeds|income|brought|profit|realised|fees|payments/;

export function Inputs({ inputs }: { inputs: Readonly<Record<string, unknown>> }): ReactNode {
  return (
    <dl className="rounded border border-line text-[13px]">
      {Object.entries(inputs).map(([name, value]) => (
        <div key={name} className="flex justify-between gap-3 border-b border-line px-3 py-1.5 last:border-0">
          <dt className="text-ink-2">{name.replaceAll("_", " ")}</dt>
          <dd className="text-right break-words tabular-nums">
            <Input name={name} value={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface Long {
  readonly count: number;
  readonly first: unknown;
  readonly last: unknown;
}

function isLong(value: unknown): value is Long {
  return typeof value === "object" && value !== null && "count" in value && "first" in value;
}

/** A list of days has the day first in each entry. */
function dayOfEntry(entry: unknown): string | null {
  return Array.isArray(entry) && typeof entry[0] === "string" ? entry[0] : null;
}

function Input({ name, value }: { name: string; value: unknown }): ReactNode {
  const { locale } = useManner();
  const own = useOwnMoney();
  if (value === null) return "none";
  if (typeof value === "string" && isDecimal(value)) {
    return MONEY.test(name) ? own(value) : formatQuantity(value, locale, 8);
  }
  if (isLong(value)) {
    const [first, last] = [dayOfEntry(value.first), dayOfEntry(value.last)];
    const ends = first === null || last === null ? "" : `, ${first} to ${last}`;
    return `${value.count} entries${ends}`;
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return "none";
    return (
      <ul>
        {value.map((entry, index) => (
          <li key={index}>
            {Array.isArray(entry) ? (
              entry.map((part, place) => (
                <span key={place} className={place === 0 ? "" : "ml-3 inline-block min-w-24"}>
                  {place === 0 ? String(part) : <Input name={name} value={part} />}
                </span>
              ))
            ) : (
              <Input name={name} value={entry} />
            )}
          </li>
        ))}
      </ul>
    );
  }
  return String(value);
}
