/** What a day was made of: coin by coin before and after, what came and went, and its transactions. */
import type { ReactNode } from "react";
import { Change } from "@/components/Change";
import { Coin, Quantity } from "@/components/Coin";
import { Answered } from "@/components/States";
import { MISSING } from "@/format/amounts";
import { add, compare, negate, subtract } from "@/format/decimal";
import { useOwnMoney, usePriceFormat } from "@/hooks/preferences";
import { Entries } from "./Entries";
import { useCurrency, useDays, useTwoDays, type Value } from "./queries";
import { dayOf, shiftDay } from "./ranges";
import { Part, Sum } from "./Steps";

interface Movement {
  readonly coinId: string;
  readonly before: Value | undefined;
  readonly after: Value | undefined;
  /** null where a value is not known. */
  readonly moved: string | null;
}

/** Coin by coin, the largest movement first; those without a value last. */
export function movementsOf(lines: readonly Value[], eve: string, day: string): readonly Movement[] {
  const coins = [...new Set(lines.flatMap((line) => (line.coin_id === null ? [] : [line.coin_id])))];
  const size = (text: string): string => (text.startsWith("-") ? negate(text) : text);
  return coins
    .map((coinId) => {
      const before = lines.find((line) => line.coin_id === coinId && line.day === eve);
      const after = lines.find((line) => line.coin_id === coinId && line.day === day);
      const [was, is] = [before === undefined ? "0" : before.value, after === undefined ? "0" : after.value];
      return { coinId, before, after, moved: was === null || is === null ? null : subtract(is, was) };
    })
    .sort((a, b) =>
      a.moved === null || b.moved === null
        ? Number(a.moved === null) - Number(b.moved === null)
        : compare(size(b.moved), size(a.moved)),
    );
}

export function DayWhy({ day }: { day: string }): ReactNode {
  const eve = shiftDay(day, -1);
  const lines = useTwoDays(eve, day);
  const next = shiftDay(day, 1);
  return (
    <>
      <Reckoning day={day} />
      <Part title="Coin by coin: the evening before → at the end of the day (UTC)">
        <Answered query={lines} rows={4}>
          {(data) => <Movements movements={movementsOf(data, eve, day)} eve={eve} day={day} />}
        </Answered>
      </Part>
      <Part title="Transactions of the day">
        <Entries
          query={{ from: `${day}T00:00:00Z`, to: `${next}T00:00:00Z` }}
          none="None: only prices have moved."
        />
      </Part>
    </>
  );
}

function Reckoning({ day }: { day: string }): ReactNode {
  const currency = useCurrency();
  const money = useOwnMoney();
  // The whole life: the evening before may lie before the chosen period.
  const days = useDays("all");
  return (
    <Part title="The day's result = value − flow − value of the evening before">
      <Answered query={days} rows={4}>
        {(all) => {
          const index = all.findIndex((each) => each.day === day);
          const found = all[index];
          if (found === undefined) return <p className="text-[13px] text-ink-3">No figures for this day.</p>;
          const before = all[index - 1]?.value ?? "0";
          const result = subtract(found.value, add(before, found.flow));
          return (
            <Sum
              parts={[
                [day === dayOf(Date.now()) ? "Value now" : "Value in the evening", money(found.value)],
                ["less value of the evening before", money(before)],
                [
                  "less what came in from outside, less what went out",
                  <Change key="flow" value={found.flow} as="money" currency={currency} own />,
                ],
                [
                  "Result",
                  <span key="result">
                    <Change value={result} as="money" currency={currency} own />{" "}
                    <Change value={found.ratio} as="share" />
                  </span>,
                ],
              ]}
            />
          );
        }}
      </Answered>
    </Part>
  );
}

function Movements({
  movements,
  eve,
  day,
}: {
  movements: readonly Movement[];
  eve: string;
  day: string;
}): ReactNode {
  const currency = useCurrency();
  if (movements.length === 0) return <p className="text-[13px] text-ink-3">Nothing was held.</p>;
  return (
    <div className="overflow-x-auto" role="region" aria-label="Coin by coin" tabIndex={0}>
      <table className="table-plain">
        <thead>
          <tr>
            <th scope="col">Coin</th>
            <th scope="col" className="num">
              Quantity
            </th>
            <th scope="col" className="num">
              Price
            </th>
            <th scope="col" className="num">
              Value moved
            </th>
          </tr>
        </thead>
        <tbody>
          {movements.map(({ coinId, before, after, moved }) => (
            <tr key={coinId}>
              <td>
                <Coin id={coinId} />
              </td>
              <td className="num">
                <FromTo
                  from={<Quantity value={before?.quantity ?? "0"} most={6} />}
                  to={<Quantity value={after?.quantity ?? "0"} most={6} />}
                  same={(before?.quantity ?? "0") === (after?.quantity ?? "0")}
                />
              </td>
              <td className="num">
                <FromTo
                  from={<PriceOf line={before} on={eve} />}
                  to={<PriceOf line={after} on={day} />}
                  same={before?.price === after?.price}
                />
              </td>
              <td className="num">
                {moved === null ? (
                  <span title="Without a price on one of the two days">{MISSING}</span>
                ) : (
                  <Change value={moved} as="money" currency={currency} own />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function FromTo({ from, to, same }: { from: ReactNode; to: ReactNode; same: boolean }): ReactNode {
  if (same) return to;
  return (
    <>
      <span className="block text-[12px] text-ink-3">{from}</span>
      {to}
    </>
  );
}

/** With the day that it is of, where that is an earlier one. */
function PriceOf({ line, on }: { line: Value | undefined; on: string }): ReactNode {
  const price = usePriceFormat();
  if (line === undefined) return MISSING;
  if (line.price === null) return <span className="text-warn">no price</span>;
  return (
    <>
      {price(line.price)}
      {line.observed !== null && line.observed !== on && (
        <span className="text-[11px] text-warn"> of {line.observed}</span>
      )}
    </>
  );
}
