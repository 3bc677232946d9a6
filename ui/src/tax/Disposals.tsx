/** What was disposed of in the year; each opens the lots it was taken from, and the transactions behind them. */
import { ChevronDown, ChevronRight } from "lucide-react";
import { Fragment, useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { Button, IconButton } from "@/components/Button";
import { Change } from "@/components/Change";
import { Coin, Quantity } from "@/components/Coin";
import { Download } from "@/components/Download";
import { PagesOf, usePages } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { TransactionLink } from "@/components/TransactionLink";
import { useOwnMoney } from "@/hooks/preferences";
import { disposalsOf, type Disposal, type Slice } from "./disposing";
import { Acquired } from "./Holdings";
import { PickDialog } from "./PickDialog";
import { useJurisdictions } from "./queries";
import { TERMS, type RunDetail } from "./words";

type Page = Schemas["Page_DisposalView_"];

const PAGE = 500;

export function Disposals({ run }: { run: RunDetail }): ReactNode {
  const query = usePages<Page>(
    ["tax", "run", run.id, "disposals"],
    (cursor) =>
      answer(
        api.GET("/api/v1/tax/runs/{run_id}/disposals", {
          params: { path: { run_id: run.id }, query: { limit: PAGE, cursor: cursor ?? null } },
        }),
        // Other formats than JSON are only for downloads.
      ) as Promise<Page>,
  );
  const [picked, pick] = useState<string | null>(null);
  const rules = useJurisdictions().data?.find(({ code }) => code === run.jurisdiction);
  const choose = rules?.methods.includes("specific") === true ? pick : undefined;
  return (
    <Panel
      title="Disposals"
      note={`days in ${run.zone}`}
      actions={<Download path={`api/v1/tax/runs/${run.id}/disposals`} />}
    >
      <PagesOf query={query} empty={<Empty title="Nothing was disposed of in this year" />}>
        {(slices, last) => {
          const all = disposalsOf(slices);
          // The rest of the last one may stand on the next page: its sums are not known yet.
          const whole = last.next_cursor !== null && all.length > 1 ? all.slice(0, -1) : all;
          return <DisposalTable disposals={whole} currency={run.currency} choose={choose} />;
        }}
      </PagesOf>
      {picked !== null && (
        <PickDialog sale={picked} jurisdiction={run.jurisdiction} onClose={() => pick(null)} />
      )}
    </Panel>
  );
}

function DisposalTable({
  disposals,
  currency,
  choose,
}: {
  disposals: readonly Disposal[];
  currency: string;
  /** Where the rules know lots that can be meant. */
  choose: ((sale: string) => void) | undefined;
}): ReactNode {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (key: string): void => {
    const next = new Set(open);
    if (!next.delete(key)) next.add(key);
    setOpen(next);
  };
  return (
    <div className="overflow-x-auto" role="region" aria-label="Disposals" tabIndex={0}>
      <table className="table-plain" aria-label="Disposals">
        <thead>
          <tr>
            <th scope="col">
              <span className="sr-only">Lots</span>
            </th>
            <th scope="col">Day</th>
            <th scope="col">What</th>
            <th scope="col">Asset</th>
            <th scope="col" className="max-md:hidden">
              Wallet
            </th>
            <th scope="col" className="num">
              Quantity
            </th>
            <th scope="col" className="num">
              Proceeds
            </th>
            <th scope="col" className="num">
              Cost
            </th>
            <th scope="col" className="num">
              Gain
            </th>
            <th scope="col">Terms</th>
          </tr>
        </thead>
        <tbody>
          {disposals.map((disposal) => (
            <Fragment key={disposal.key}>
              <DisposalRow
                disposal={disposal}
                currency={currency}
                open={open.has(disposal.key)}
                onToggle={() => toggle(disposal.key)}
              />
              {open.has(disposal.key) && (
                <tr>
                  <td colSpan={10} className="bg-page p-0!">
                    <Lots slices={disposal.slices} currency={currency} />
                    {choose !== undefined && (
                      <div className="px-2.5 py-2">
                        <Button small onClick={() => choose(disposal.head.transaction_id)}>
                          Choose lots
                        </Button>
                      </div>
                    )}
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function DisposalRow({
  disposal,
  currency,
  open,
  onToggle,
}: {
  disposal: Disposal;
  currency: string;
  open: boolean;
  onToggle: () => void;
}): ReactNode {
  const money = useOwnMoney();
  const { head, slices } = disposal;
  const assumed = slices.some(({ rule }) => rule === "shortfall");
  const Arrow = open ? ChevronDown : ChevronRight;
  return (
    <tr>
      <td>
        <IconButton
          small
          aria-expanded={open}
          label={`${open ? "Hide" : "Show"} the lots of the ${head.kind} of ${head.disposed_on}`}
          onClick={onToggle}
        >
          <Arrow aria-hidden className="size-3.5" />
        </IconButton>
      </td>
      <td className="whitespace-nowrap tabular-nums">{head.disposed_on}</td>
      <td>
        <TransactionLink id={head.transaction_id}>{head.kind.replaceAll("_", " ")}</TransactionLink>
      </td>
      <td>
        <Coin id={head.coin_id} />
      </td>
      <td className="max-md:hidden">{head.wallet}</td>
      <td className="num">
        <Quantity value={disposal.quantity} />
      </td>
      <td className="num">{money(disposal.proceeds, currency)}</td>
      <td className="num">{money(disposal.cost, currency)}</td>
      <td className="num">
        <Change value={disposal.gain} as="money" currency={currency} own />
      </td>
      <td>
        <span className="flex flex-wrap gap-1">
          {[...new Set(slices.map(({ term }) => TERMS[term]))].join(", ")}
          {assumed && <Badge tone="warn">assumed cost</Badge>}
          {!head.taxed && <Badge>not taxed</Badge>}
        </span>
      </td>
    </tr>
  );
}

function Lots({ slices, currency }: { slices: readonly Slice[]; currency: string }): ReactNode {
  const money = useOwnMoney();
  return (
    <table className="table-plain" aria-label="Lots that were disposed of">
      <thead>
        <tr>
          <th scope="col">Acquired</th>
          <th scope="col" className="num">
            Quantity
          </th>
          <th scope="col" className="num">
            Proceeds
          </th>
          <th scope="col" className="num">
            Fees
          </th>
          <th scope="col" className="num">
            Cost
          </th>
          <th scope="col" className="num">
            Gain
          </th>
          <th scope="col">Term</th>
          <th scope="col">Rule</th>
          <th scope="col">Box</th>
        </tr>
      </thead>
      <tbody>
        {slices.map((slice) => (
          <tr key={slice.number}>
            <td>
              {slice.rule === "shortfall" ? (
                <Badge tone="warn" title="Nobody knows when it was acquired, and for how much">
                  unknown
                </Badge>
              ) : (
                <Acquired on={slice.acquired_on} by={slice.acquired_transaction_id} />
              )}
            </td>
            <td className="num">
              <Quantity value={slice.quantity} />
            </td>
            <td className="num">{money(slice.proceeds, currency)}</td>
            <td className="num">{money(slice.fees, currency)}</td>
            <td className="num">{money(slice.cost, currency)}</td>
            <td className="num">
              <Change value={slice.gain} as="money" currency={currency} own />
            </td>
            <td>{TERMS[slice.term]}</td>
            <td title={slice.formula}>
              {slice.rule === "shortfall" ? "no purchase known" : slice.rule}
              {slice.formula !== "" && <span className="block text-[12px] text-ink-2">{slice.formula}</span>}
            </td>
            <td>{slice.box || "—"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
