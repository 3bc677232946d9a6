/** What the reader said that something was worth, where no market knows better. */
import { Trash2 } from "lucide-react";
import { useState, type FormEvent, type ReactNode } from "react";
import { asProblem, type Problem } from "@/api/problems";
import { AssetField } from "@/components/AssetField";
import { Button, IconButton } from "@/components/Button";
import { Coin } from "@/components/Coin";
import { AmountField, Field } from "@/components/Field";
import { PagesOf } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty, Failed } from "@/components/States";
import { Table } from "@/components/Table";
import { Time } from "@/components/Time";
import { formatPrice } from "@/format/amounts";
import { isDecimal, signOf } from "@/format/decimal";
import { useManner, usePreferences } from "@/hooks/preferences";
import { useToasts } from "@/hooks/toasts";
import { useUrlState } from "@/hooks/url-state";
import { dropValuation, saveValuation, useBooksChanged, useValuations, type Valuation } from "./queries";

export function Valuations(): ReactNode {
  const [coin, setCoin] = useUrlState("coin");
  const query = useValuations(coin);
  return (
    <div className="grid min-w-0 items-start gap-3 lg:grid-cols-[minmax(0,1fr)_360px]">
      <Panel
        title="What you said it was worth"
        note="One unit, at the end of the UTC day; it counts until the next day that has a price"
        actions={
          <div className="w-40">
            <AssetField label="Coin" hideLabel placeholder="Any coin" value={coin} onChange={setCoin} />
          </div>
        }
      >
        <PagesOf
          query={query}
          empty={
            <Empty title={coin === "" ? "You have valued nothing yet" : "You have not valued this coin yet"}>
              Where no market has a price, say what one unit was worth on a day. It counts for portfolio and
              tax.
            </Empty>
          }
        >
          {(rows) => <Rows rows={rows} />}
        </PagesOf>
      </Panel>
      <NewValuation key={coin} coin={coin} />
    </div>
  );
}

function Rows({ rows }: { rows: readonly Valuation[] }): ReactNode {
  const { locale } = useManner();
  const toasts = useToasts();
  const changed = useBooksChanged();
  const remove = async (valuation: Valuation): Promise<void> => {
    try {
      await dropValuation(valuation);
      await changed();
      const { coin_id, currency, day, note, price } = valuation;
      toasts.tell({
        tone: "good",
        title: "Taken back: the markets' price counts again",
        action: {
          label: "Undo",
          run: () =>
            void saveValuation({ coin_id, currency, day, note, price }).then(changed).catch(toasts.fail),
        },
      });
    } catch (error) {
      toasts.fail(error);
    }
  };
  return (
    <Table
      label="Valuations"
      rows={rows}
      keyOf={(row) => `${row.coin_id}-${row.day}-${row.currency}`}
      columns={[
        { id: "coin", header: "Coin", cell: (row) => <Coin id={row.coin_id} full /> },
        { id: "day", header: "Day (UTC)", cell: (row) => <span className="tabular-nums">{row.day}</span> },
        {
          id: "price",
          header: "One was worth",
          num: true,
          cell: (row) => `${formatPrice(row.price, locale)} ${row.currency.toUpperCase()}`,
        },
        { id: "note", header: "Note", wide: true, cell: (row) => row.note },
        { id: "changed", header: "Said", wide: true, cell: (row) => <Time at={row.changed_at} /> },
        {
          id: "remove",
          header: <span className="sr-only">Take back</span>,
          num: true,
          cell: (row) => (
            <IconButton
              small
              label={`Take back ${row.symbol} of ${row.day}`}
              onClick={() => void remove(row)}
            >
              <Trash2 aria-hidden className="size-3.5" />
            </IconButton>
          ),
        },
      ]}
    />
  );
}

function NewValuation({ coin: given }: { coin: string }): ReactNode {
  const { currency } = usePreferences().preferences;
  const toasts = useToasts();
  const changed = useBooksChanged();
  const [coin, setCoin] = useState(given);
  const [day, setDay] = useState(() => new Date().toISOString().slice(0, 10));
  const [price, setPrice] = useState("");
  const [note, setNote] = useState("");
  const [tried, setTried] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const goodPrice = isDecimal(price) && signOf(price) >= 0;
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setTried(true);
    if (coin === "" || day === "" || !goodPrice) return;
    setBusy(true);
    setProblem(null);
    try {
      await saveValuation({ coin_id: coin, currency, day, note: note.trim(), price });
      toasts.tell({ tone: "good", title: "Saved: it counts from that day on" });
      setPrice("");
      setTried(false);
      await changed();
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel title="Say what it was worth">
      <form noValidate className="flex flex-col gap-3 p-3" onSubmit={(event) => void save(event)}>
        <AssetField
          label="Coin"
          placeholder="BTC"
          value={coin}
          onChange={setCoin}
          fault={tried && coin === "" ? "choose one of the list" : undefined}
        />
        <Field
          type="date"
          label="Day, UTC"
          value={day}
          onChange={(event) => setDay(event.target.value)}
          fault={tried && day === "" ? "a day" : null}
        />
        <AmountField
          label="One unit was worth"
          unit={currency.toUpperCase()}
          value={price}
          onChange={(event) => setPrice(event.target.value.trim())}
          fault={tried && !goodPrice ? "an amount, 0 or above" : null}
        />
        <Field
          label="Note: where that is from"
          maxLength={1000}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
        {problem !== null && <Failed error={problem} compact />}
        <Button type="submit" look="primary" busy={busy} className="self-start">
          Save
        </Button>
      </form>
    </Panel>
  );
}
