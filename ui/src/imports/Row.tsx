/** A row of the file: its verdict, what would be recorded, and everything that is wrong with it. */
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Time } from "@/components/Time";
import { formatQuantity, HIDDEN } from "@/format/amounts";
import { signOf } from "@/format/decimal";
import { useManner } from "@/hooks/preferences";
import { isKnown, linesOf, STANDINGS, type ImportRow } from "./words";

type Draft = Schemas["DraftView"];
type Fault = Schemas["FaultView"];

export function Row({
  row,
  decidable,
  busy,
  onChoose,
}: {
  row: ImportRow;
  decidable: boolean;
  busy: boolean;
  onChoose: (choice: ImportRow["choice"]) => void;
}): ReactNode {
  const [name, tone] = STANDINGS[row.standing];
  const skipped = row.choice === "skip";
  return (
    <li
      data-standing={row.standing}
      className="grid gap-x-3 gap-y-1 px-3 py-2 text-[13px] hover:bg-raised md:grid-cols-[110px_130px_minmax(0,1fr)_auto]"
    >
      <span className="text-ink-2 tabular-nums max-md:hidden">{linesOf(row.lines)}</span>
      <span className="flex flex-wrap items-start gap-1.5">
        <span className="text-ink-2 tabular-nums md:hidden">{linesOf(row.lines)}</span>
        <span>
          <Badge tone={tone}>{name}</Badge>
        </span>
        {skipped && <Badge tone="warn">skipped</Badge>}
        {row.choice === "accept" && <Badge tone="good">accepted</Badge>}
      </span>
      <div className={`flex min-w-0 flex-col gap-1.5 ${skipped ? "stale" : ""}`}>
        {row.draft !== null && <DraftLine draft={row.draft} />}
        {row.reason !== "" && <p className="text-ink-2">{row.reason}</p>}
        {row.faults.map((fault, place) => (
          <FaultLine key={place} fault={fault} grave={row.standing === "error"} />
        ))}
      </div>
      {decidable && <Choices row={row} busy={busy} onChoose={onChoose} />}
    </li>
  );
}

function Choices({
  row,
  busy,
  onChoose,
}: {
  row: ImportRow;
  busy: boolean;
  onChoose: (choice: ImportRow["choice"]) => void;
}): ReactNode {
  const where = linesOf(row.lines).toLowerCase();
  if (row.choice !== null) {
    const back = row.choice === "skip" ? "Do not skip" : "Take back";
    return (
      <Button
        small
        className="self-start"
        busy={busy}
        aria-label={`${back}: ${where}`}
        onClick={() => onChoose(null)}
      >
        {back}
      </Button>
    );
  }
  if (row.standing === "new") {
    return (
      <Button
        small
        look="quiet"
        className="self-start"
        busy={busy}
        aria-label={`Skip ${where}`}
        onClick={() => onChoose("skip")}
      >
        Skip
      </Button>
    );
  }
  if (row.standing === "needs-attention" && isKnown(row)) {
    return (
      <Button
        small
        className="self-start"
        busy={busy}
        aria-label={`Accept ${where}`}
        onClick={() => onChoose("accept")}
      >
        Accept
      </Button>
    );
  }
  return null;
}

function DraftLine({ draft }: { draft: Draft }): ReactNode {
  const { locale, privacy } = useManner();
  return (
    <p className="flex flex-wrap items-baseline gap-x-3 gap-y-0.5">
      <span className="font-medium">{draft.kind.replaceAll("_", " ")}</span>
      {draft.legs.map((leg, place) => (
        <span key={place} className="tabular-nums whitespace-nowrap">
          {leg.role !== "principal" && <span className="text-ink-3">fee </span>}
          {signOf(leg.quantity) > 0 && "+"}
          {privacy ? HIDDEN : formatQuantity(leg.quantity, locale, 18)} {leg.code}
          {leg.coin_id === null && <span className="text-warn"> (unknown)</span>}
          {leg.wallet !== "" && !leg.outside && <span className="text-ink-3"> in {leg.wallet}</span>}
        </span>
      ))}
      <span className="text-ink-2">
        <Time at={draft.occurred_at} to={draft.precision === "day" ? "day" : "second"} />
      </span>
      {draft.note !== "" && <span className="min-w-0 truncate text-ink-3">{draft.note}</span>}
    </p>
  );
}

function FaultLine({ fault, grave }: { fault: Fault; grave: boolean }): ReactNode {
  return (
    <div className={`border-l-2 pl-2 ${grave ? "border-danger" : "border-warn"}`}>
      <p>
        <span className={grave ? "text-danger" : "text-warn"}>{fault.reason}</span>
        <span className="text-[12px] text-ink-3">
          {" "}
          · line {fault.line}
          {fault.column !== "" && `, column ${fault.column}`} · {fault.code}
        </span>
      </p>
      {fault.raw !== "" && (
        <p className="text-[12px] text-ink-2">
          as written: <code className="rounded bg-raised px-1 break-all">{fault.raw}</code>
        </p>
      )}
      <p className="text-[12px] text-ink-2">What to do: {fault.fix}</p>
    </div>
  );
}
