/** One KPI: its value, whether its target is met, what became of it, and what it means. */
import { ArrowDown, ArrowRight, ArrowUp, Check, CircleHelp, TriangleAlert } from "lucide-react";
import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";
import { signOf, subtract } from "@/format/decimal";
import { useManner } from "@/hooks/preferences";
import { formatKpi, type Kpi } from "./words";

const TREND_TONES: Readonly<Record<Kpi["trend"], string>> = {
  better: "text-up",
  worse: "text-down",
  rose: "text-ink-2",
  fell: "text-ink-2",
  steady: "text-ink-2",
  unknown: "text-ink-3",
};

export function KpiTile({ name, kpi, missing }: { name: string; kpi: Kpi; missing: string }): ReactNode {
  const { locale } = useManner();
  return (
    <div className="flex min-w-0 flex-col gap-1 border-r border-b border-line px-3 py-2.5">
      <div className="flex items-start justify-between gap-1">
        <h3 className="text-[12px] text-ink-2">{name}</h3>
        <Definition name={name} text={kpi.definition} />
      </div>
      <p className="text-[18px] leading-6 font-semibold tabular-nums">
        {formatKpi(kpi.value, kpi.unit, locale)}
      </p>
      {kpi.value === null ? <p className="text-[12px] text-ink-3">{missing}</p> : <Trend kpi={kpi} />}
      <Target kpi={kpi} />
    </div>
  );
}

function Trend({ kpi }: { kpi: Kpi }): ReactNode {
  const { locale } = useManner();
  if (kpi.before === null || kpi.value === null || kpi.trend === "unknown") {
    return <p className="text-[12px] text-ink-3">nothing to compare with yet</p>;
  }
  const way = signOf(subtract(kpi.value, kpi.before));
  const Arrow = way > 0 ? ArrowUp : way < 0 ? ArrowDown : ArrowRight;
  return (
    <p className={`inline-flex items-center gap-1 text-[12px] ${TREND_TONES[kpi.trend]}`}>
      <Arrow aria-hidden className="size-3 shrink-0" />
      <span className="tabular-nums">
        {kpi.trend}; was {formatKpi(kpi.before, kpi.unit, locale)}
      </span>
    </p>
  );
}

function Target({ kpi }: { kpi: Kpi }): ReactNode {
  const { locale } = useManner();
  if (kpi.target === null) return null;
  const bound = `${kpi.better === "higher" ? "≥" : "≤"} ${formatKpi(kpi.target, kpi.unit, locale)}`;
  if (kpi.met === null) return <p className="text-[12px] text-ink-3">target {bound}</p>;
  const Icon = kpi.met ? Check : TriangleAlert;
  return (
    <p
      className={`inline-flex items-center gap-1 text-[12px] font-medium ${kpi.met ? "text-up" : "text-danger"}`}
    >
      <Icon aria-hidden className="size-3 shrink-0" />
      {kpi.met ? "meets" : "misses"} {bound}
    </p>
  );
}

/** Read on hover and on focus. */
function Definition({ name, text }: { name: string; text: string }): ReactNode {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger
        aria-label={`What ${name} means: ${text}`}
        className="-m-1 grid size-6 shrink-0 place-items-center rounded text-ink-3 hover:text-ink"
      >
        <CircleHelp aria-hidden className="size-3.5" />
      </Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content
          sideOffset={4}
          collisionPadding={8}
          className="panel z-50 max-w-72 p-2 text-[12px] text-ink shadow-lg"
        >
          {text}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
