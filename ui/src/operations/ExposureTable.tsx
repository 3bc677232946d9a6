/** Open notional of people, by symbol or by person, with how much of it is with few. */
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Download } from "@/components/Download";
import { PagesOf, usePages } from "@/components/Pages";
import { Figure, Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Age } from "@/components/Time";
import { formatCompact, formatFixed, formatMoney, formatShare } from "@/format/amounts";
import { toFloat } from "@/format/decimal";
import { useManner } from "@/hooks/preferences";
import { Bar } from "./Bar";
import { Who } from "./Who";

type By = "symbol" | "user";
type Row = Schemas["ExposureView"];

export function ExposureTable({ by }: { by: By }): ReactNode {
  const { locale } = useManner();
  const query = usePages(
    ["operations", "exposure", by],
    (cursor) =>
      answer<Schemas["ExposurePage"]>(
        api.GET("/api/v1/regulator/exposure", {
          params: { query: { by, limit: 50, ...(cursor && { cursor }) } },
        }) as never,
      ),
    { everyMs: 5_000 },
  );
  const first = query.data?.pages[0];
  return (
    <Panel
      title={by === "symbol" ? "By symbol" : "By person"}
      note={
        first !== undefined && (
          <>
            <Age at={first.at} ago />
          </>
        )
      }
      actions={<Download path="api/v1/regulator/exposure" query={{ by }} />}
    >
      <PagesOf
        query={query}
        empty={
          <Empty title="Nobody has an open position">
            As soon as somebody has one, it is counted here with its share of all.
          </Empty>
        }
      >
        {(rows, last) => (
          <>
            <div className="grid grid-cols-2 border-b border-line sm:grid-cols-4">
              <Figure label="Notional" value={`${formatCompact(last.notional, locale)} USDT`} />
              <Figure label="Threshold" value={`${formatCompact(last.threshold, locale)} USDT`} />
              <Figure
                label="Largest share"
                value={formatShare(last.concentration.largest_share, { locale })}
              />
              <Figure
                label="HHI"
                value={formatFixed(last.concentration.hhi, 3, locale)}
                note="1: one has everything"
              />
            </div>
            <Table
              label={`Exposure by ${by === "symbol" ? "symbol" : "person"}`}
              columns={columns(by, locale)}
              rows={rows}
              keyOf={(row) => row.symbol ?? row.user_id ?? ""}
            />
          </>
        )}
      </PagesOf>
    </Panel>
  );
}

function columns(by: By, locale: string): readonly Column<Row>[] {
  return [
    by === "symbol"
      ? {
          id: "symbol",
          header: "Symbol",
          cell: (row) => <span className="whitespace-nowrap">{row.symbol}</span>,
        }
      : { id: "user", header: "Person", cell: (row) => <Who id={row.user_id} /> },
    {
      id: "share",
      header: "Share of all",
      cell: (row) => (
        <span className="flex min-w-28 items-center gap-2">
          <Bar share={row.share === null ? 0 : toFloat(row.share)} />
          <span className="w-14 shrink-0 text-right tabular-nums">{formatShare(row.share, { locale })}</span>
        </span>
      ),
    },
    {
      id: "notional",
      header: "Notional, USDT",
      num: true,
      cell: (row) => (
        <span title={formatMoney(row.notional, "usdt")}>{formatFixed(row.notional, 2, locale)}</span>
      ),
    },
    { id: "long", header: "Long", num: true, wide: true, cell: (row) => formatFixed(row.long, 2, locale) },
    { id: "short", header: "Short", num: true, wide: true, cell: (row) => formatFixed(row.short, 2, locale) },
    { id: "net", header: "Net", num: true, cell: (row) => formatFixed(row.net, 2, locale) },
    {
      id: "threshold",
      header: "Of threshold",
      num: true,
      cell: (row) => formatShare(row.share_of_threshold, { locale }),
    },
    { id: "positions", header: "Positions", num: true, wide: true, cell: (row) => row.positions },
  ];
}
