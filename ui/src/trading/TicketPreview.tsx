/** What the order would do, found out by the exchange itself. */
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { compare, subtract } from "@/format/decimal";
import { formatFixed, formatPercent, formatQuantity, formatShare, MISSING } from "@/format/amounts";
import { useManner, useOwnMoney } from "@/hooks/preferences";
import { distanceOf, placesOf } from "./arithmetic";
import { shortBase, shortSettle, type Instrument } from "./market";

type Preview = Schemas["PreviewView"];

const NEAR_PERCENT = "10";

function Line({ name, children, title }: { name: string; children: ReactNode; title?: string }): ReactNode {
  return (
    <div className="flex items-baseline justify-between gap-3" title={title}>
      <dt className="text-ink-2">{name}</dt>
      <dd className="num">{children}</dd>
    </div>
  );
}

export function TicketPreview({
  preview,
  stale,
  instrument,
  mark,
}: {
  preview: Preview | undefined;
  /** It answers what was typed before. */
  stale: boolean;
  instrument: Instrument;
  mark: string | null;
}): ReactNode {
  const { locale } = useManner();
  const money = useOwnMoney();
  const settle = shortSettle(instrument);
  const places = placesOf(instrument.tick);
  const price = (text: string | null): string => (text === null ? "none" : formatFixed(text, places, locale));
  const shown = preview !== undefined && preview.refusal === null ? preview : undefined;
  const distance = distanceOf(shown?.liquidation_price_after ?? null, mark);
  const near = distance !== null && compare(distance, NEAR_PERCENT) < 0;
  const perpetual = instrument.kind === "perpetual";
  return (
    <dl
      aria-label="What it would do"
      aria-live="off"
      aria-busy={stale}
      className={`flex flex-col gap-0.5 border-t border-line pt-2 text-[12px] ${stale ? "stale" : ""}`}
    >
      <Line name="Would be">
        {shown === undefined ? MISSING : <Outcome preview={shown} instrument={instrument} />}
      </Line>
      {shown?.average_price != null && <Line name="Average price">{price(shown.average_price)}</Line>}
      <Line name="Value">{money(shown?.cost, settle)}</Line>
      <Line name="Fee">{money(shown?.fee, settle)}</Line>
      {perpetual && <Line name="Margin it takes">{money(shown?.margin_required, settle)}</Line>}
      <Line name="Available after">
        {shown === undefined ? MISSING : money(shown.available_after, settle)}
      </Line>
      {perpetual && (
        <>
          <Line name="Margin ratio after">{formatShare(shown?.margin_ratio_after, { locale })}</Line>
          <Line name="Liquidation" title="The price of the position before → after, if all other marks stay">
            {shown === undefined ? (
              MISSING
            ) : (
              <>
                {price(shown.liquidation_price_before)} → {price(shown.liquidation_price_after)}
              </>
            )}
          </Line>
          <Line name="Distance to it">
            {distance === null ? (
              MISSING
            ) : near ? (
              <Badge tone="bad">{formatPercent(distance, { locale })} from the mark</Badge>
            ) : (
              `${formatPercent(distance, { locale })} from the mark`
            )}
          </Line>
        </>
      )}
    </dl>
  );
}

function Outcome({ preview, instrument }: { preview: Preview; instrument: Instrument }): ReactNode {
  const { locale } = useManner();
  const base = shortBase(instrument);
  const filled = `${formatQuantity(preview.filled_quantity, locale)} ${base}`;
  switch (preview.status) {
    case "filled":
      return `filled at once, ${filled}`;
    case "waiting":
      return "waiting for its trigger";
    case "open": {
      const rest = subtract(preview.quantity ?? "0", preview.filled_quantity);
      const stands = `${formatQuantity(rest, locale)} ${base} in the book`;
      return preview.filled_quantity === "0" ? stands : `${filled} at once, ${stands}`;
    }
    case null:
      return MISSING;
    default:
      return `${preview.status}${preview.reason === null ? "" : `: ${preview.reason}`}, ${filled} filled`;
  }
}
