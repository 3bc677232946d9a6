/** The trading screen: chart, book, ticket, and below them what one has. */
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { Button } from "@/components/Button";
import { CheckField } from "@/components/Field";
import { Screen } from "@/components/Panel";
import { Answered, Empty } from "@/components/States";
import { Tabs } from "@/components/Tabs";
import { useStored } from "@/hooks/stored";
import { useUrlState } from "@/hooks/url-state";
import { AccountPanel } from "@/trading/AccountPanel";
import { BookPanel } from "@/trading/BookPanel";
import { TradeChart } from "@/trading/Chart";
import { Fills, Liquidations, PastOrders, Payments } from "@/trading/Histories";
import { KillSwitch } from "@/trading/KillSwitch";
import { BOUNDS, isLayout, LAYOUT, useWide, type Layout } from "@/trading/layout";
import { useInstruments, useMark, type Instrument, type Mark } from "@/trading/market";
import { MarketFacts, PaperBadge, StateBanner, SymbolChoice } from "@/trading/MarketBar";
import { Orders } from "@/trading/Orders";
import { Positions } from "@/trading/Positions";
import { Splitter } from "@/trading/Splitter";
import { TapePanel } from "@/trading/TapePanel";
import { Ticket } from "@/trading/Ticket";
import { BLANK, takesPrice, takesTrigger, type Draft } from "@/trading/ticket";
import { OwnContext, useListening, useOrders, usePositions } from "@/trading/use-own";

const FIRST = "BTC-PERP";

export function Trade(): ReactNode {
  const { symbol = FIRST } = useParams({ strict: false }) as { symbol?: string };
  const own = useListening();
  const query = useInstruments();
  const navigate = useNavigate();
  return (
    <OwnContext value={own}>
      <Answered query={query} rows={12}>
        {(instruments) => {
          const instrument = instruments.find((each) => each.symbol === symbol);
          if (instrument !== undefined) {
            return <Desk key={symbol} instrument={instrument} instruments={instruments} />;
          }
          return (
            <Screen title="Trade" actions={<KillSwitch />}>
              <Empty
                title={`Nothing is traded under ${symbol}`}
                action={
                  <Button
                    onClick={() =>
                      void navigate({ to: "/trade/$symbol" as never, params: { symbol: FIRST } as never })
                    }
                  >
                    Open {FIRST}
                  </Button>
                }
              />
            </Screen>
          );
        }}
      </Answered>
    </OwnContext>
  );
}

interface Parts {
  readonly chart: ReactNode;
  readonly book: ReactNode;
  readonly tape: ReactNode;
  readonly ticket: ReactNode;
}

function Desk({
  instrument,
  instruments,
}: {
  instrument: Instrument;
  instruments: readonly Instrument[];
}): ReactNode {
  const mark = useMark(instrument.symbol);
  // Here, for the ticket is gone from a phone while another part is looked at.
  const [draft, setDraft] = useState<Draft>(BLANK);
  const chosen = useState<string | null>(null);
  const [layout, setLayout] = useStored<Layout>("trading.layout", LAYOUT, isLayout);
  const wide = useWide();
  const parts: Parts = {
    chart: <TradeChart instrument={instrument} />,
    book: (
      <BookPanel
        instrument={instrument}
        last={lastOf(instrument, mark)}
        onPrice={(price) => setDraft((before) => withPrice(before, price))}
      />
    ),
    tape: <TapePanel instrument={instrument} />,
    ticket: <Ticket {...{ instrument, mark, draft, chosen }} onDraft={setDraft} />,
  };
  return (
    <div className="mx-auto flex w-full max-w-[2200px] min-w-0 flex-col gap-2 p-2 md:p-3">
      <title>{`${instrument.symbol} · Plimsoll`}</title>
      <h1 className="sr-only">Trade {instrument.symbol}</h1>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <SymbolChoice instruments={instruments} symbol={instrument.symbol} />
        <PaperBadge />
        <div className="order-last w-full min-w-0 md:order-none md:w-auto">
          <MarketFacts instrument={instrument} mark={mark} />
        </div>
        <div className="ml-auto flex items-center gap-1.5">
          {wide && JSON.stringify(layout) !== JSON.stringify(LAYOUT) && (
            <Button small look="quiet" onClick={() => setLayout(LAYOUT)}>
              Reset layout
            </Button>
          )}
          <KillSwitch />
        </div>
      </div>
      <StateBanner instrument={instrument} />
      {wide ? <Wide parts={parts} layout={layout} onLayout={setLayout} /> : <Narrow parts={parts} />}
      <Below symbol={instrument.symbol} />
    </div>
  );
}

function lastOf(instrument: Instrument, mark: Mark | null): string | null {
  return mark?.mark ?? mark?.last ?? instrument.mark ?? instrument.index;
}

/** A price that was picked goes where this kind of order has one; a market order becomes a limit. */
function withPrice(draft: Draft, price: string): Draft {
  if (takesPrice(draft.type)) return { ...draft, price };
  return takesTrigger(draft.type) ? { ...draft, trigger_price: price } : { ...draft, type: "limit", price };
}

function Wide({
  parts,
  layout,
  onLayout,
}: {
  parts: Parts;
  layout: Layout;
  onLayout: (layout: Layout) => void;
}): ReactNode {
  const splitter = (name: keyof Layout, label: string, axis: "x" | "y", grows: 1 | -1): ReactNode => (
    <Splitter
      {...{ label, axis, grows }}
      value={layout[name]}
      least={BOUNDS[name][0]}
      most={BOUNDS[name][1]}
      onValue={(value) => onLayout({ ...layout, [name]: value })}
    />
  );
  return (
    <div className="flex min-w-0 flex-col">
      <div className="flex min-w-0" style={{ height: layout.top }}>
        <div className="panel min-w-0 flex-1 overflow-hidden">{parts.chart}</div>
        {splitter("book", "Width of the book", "x", -1)}
        <div className="panel flex shrink-0 flex-col overflow-hidden" style={{ width: layout.book }}>
          <div className="min-h-0 flex-[74]">{parts.book}</div>
          <div className="min-h-0 flex-[26] border-t border-line">{parts.tape}</div>
        </div>
        {splitter("ticket", "Width of the ticket", "x", -1)}
        <div className="panel shrink-0 overflow-y-auto" style={{ width: layout.ticket }}>
          {parts.ticket}
        </div>
      </div>
      {splitter("top", "Height of chart, book and ticket", "y", 1)}
    </div>
  );
}

function Narrow({ parts }: { parts: Parts }): ReactNode {
  return (
    <div className="panel min-w-0">
      <Tabs
        name="part"
        label="Parts"
        tabs={[
          { id: "chart", label: "Chart", content: <div className="h-[420px]">{parts.chart}</div> },
          {
            id: "book",
            label: "Book",
            content: (
              <div className="grid h-[640px] grid-rows-[70fr_30fr]">
                <div className="min-h-0">{parts.book}</div>
                <div className="min-h-0 border-t border-line">{parts.tape}</div>
              </div>
            ),
          },
          { id: "ticket", label: "Ticket", content: parts.ticket },
        ]}
      />
    </div>
  );
}

const isFlag = (value: unknown): value is boolean => typeof value === "boolean";

function Below({ symbol }: { symbol: string }): ReactNode {
  const [only, setOnly] = useStored("trading.only", false, isFlag);
  const [tab] = useUrlState("tab", "positions");
  const positions = usePositions()?.length;
  const orders = useOrders()?.length;
  const chosen = only ? symbol : undefined;
  const count = (name: string, number: number | undefined): string => (number ? `${name} (${number})` : name);
  return (
    <div className="panel relative min-w-0">
      <Tabs
        name="tab"
        label="What you have"
        tabs={[
          { id: "positions", label: count("Positions", positions), content: <Positions /> },
          { id: "orders", label: count("Open orders", orders), content: <Orders symbol={chosen} /> },
          { id: "history", label: "Order history", content: <PastOrders symbol={chosen} /> },
          { id: "fills", label: "Fills", content: <Fills symbol={chosen} /> },
          { id: "funding", label: "Funding", content: <Payments symbol={chosen} /> },
          { id: "liquidations", label: "Liquidations", content: <Liquidations symbol={chosen} /> },
          { id: "account", label: "Account", content: <AccountPanel /> },
        ]}
      />
      {tab !== "positions" && tab !== "account" && (
        <div className="border-t border-line px-3 py-1">
          <CheckField
            label={`Only ${symbol}`}
            checked={only}
            onChange={(event) => setOnly(event.target.checked)}
          />
        </div>
      )}
    </div>
  );
}
