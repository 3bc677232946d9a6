/** What liquidation did to whom, step by step. */
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { Download } from "@/components/Download";
import { PagesOf, usePages } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time, ZoneNote } from "@/components/Time";
import { formatFixed, formatPrice, formatQuantity, MISSING } from "@/format/amounts";
import { useManner } from "@/hooks/preferences";
import { useUrlState } from "@/hooks/url-state";
import { ChoiceFilter, DayFilter, Filters, PersonFilter, useChoice, useIdOf, useMomentOf } from "./filters";
import { SymbolFilter } from "./SymbolFilter";
import { spoken } from "./words";
import { Who } from "./Who";

type Row = Schemas["OverseenLiquidationView"];

const STEPS: readonly Row["event"][] = ["started", "taken-over", "deleveraged"];

export function Liquidations(): ReactNode {
  const { locale } = useManner();
  const [symbol] = useUrlState("symbol");
  const userId = useIdOf("user_id");
  const event = useChoice("event", STEPS);
  const from = useMomentOf("from");
  const to = useMomentOf("to", true);
  const filter = {
    ...(symbol !== "" && { symbol }),
    ...(userId !== undefined && { user_id: userId }),
    ...(event !== undefined && { event }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  };
  const query = usePages(
    ["operations", "liquidations", filter],
    (cursor) =>
      answer<Schemas["Page_OverseenLiquidationView_"]>(
        api.GET("/api/v1/regulator/liquidations", {
          params: { query: { ...filter, limit: 50, ...(cursor && { cursor }) } },
        }) as never,
      ),
    { everyMs: 10_000 },
  );
  return (
    <Panel
      title="Liquidations"
      note={<ZoneNote />}
      actions={<Download path="api/v1/regulator/liquidations" query={filter} />}
    >
      <Filters label="Filter liquidations">
        <SymbolFilter />
        <ChoiceFilter name="event" label="Step" among={STEPS} />
        <DayFilter name="from" label="From (UTC)" />
        <DayFilter name="to" label="Up to (UTC)" />
        <PersonFilter />
      </Filters>
      <PagesOf
        query={query}
        empty={
          <Empty title="No liquidation is like this">
            When a margin ratio reaches 1, each step of the liquidation stands here.
          </Empty>
        }
      >
        {(rows) => (
          <Table label="Liquidations" columns={columns(locale)} rows={rows} keyOf={(row) => row.id} />
        )}
      </PagesOf>
    </Panel>
  );
}

function columns(locale: string): readonly Column<Row>[] {
  const fixed = (text: string | null): string => (text === null ? MISSING : formatFixed(text, 2, locale));
  return [
    { id: "at", header: "When", cell: (row) => <Time at={row.at} to="second" /> },
    {
      id: "event",
      header: "Step",
      cell: (row) => <Badge tone={row.event === "started" ? "bad" : "warn"}>{spoken(row.event)}</Badge>,
    },
    { id: "user", header: "Person", cell: (row) => <Who id={row.user_id} none="the house" /> },
    {
      id: "symbol",
      header: "Symbol",
      cell: (row) => <span className="whitespace-nowrap">{row.symbol ?? "cross account"}</span>,
    },
    { id: "side", header: "Side", cell: (row) => row.side ?? MISSING },
    {
      id: "quantity",
      header: "Quantity",
      num: true,
      cell: (row) => (row.quantity === null ? MISSING : formatQuantity(row.quantity, locale)),
    },
    { id: "price", header: "Price", num: true, cell: (row) => formatPrice(row.price, locale) },
    { id: "margin", header: "Margin, USDT", num: true, cell: (row) => fixed(row.margin) },
    {
      id: "maintenance",
      header: "Maintenance, USDT",
      num: true,
      cell: (row) => fixed(row.maintenance_margin),
    },
  ];
}
