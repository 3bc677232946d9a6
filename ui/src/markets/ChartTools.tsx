import { useQuery } from "@tanstack/react-query";
import { ChartColumn, ChartSpline, ImageDown } from "lucide-react";
import { useState, type ReactNode } from "react";
import type { ChartPort, Scale } from "@/chart/port";
import { Button } from "@/components/Button";
import { ChoiceField } from "@/components/Field";
import { useToasts } from "@/hooks/toasts";
import type { Search } from "@/hooks/url-state";
import { IndicatorsDialog } from "./IndicatorsDialog";
import { splitNames } from "./indicators";
import { INTERVALS, RANGES, type Range, type ShownInterval } from "./intervals";
import { allMarkets, keyOf } from "./listing";

interface ChartToolsProps {
  interval: ShownInterval;
  scale: Scale;
  change: (changes: Search) => void;
  onRange: (range: Range) => void;
}

/** How much of the past is shown, and in which steps. */
export function ChartTools({ interval, scale, change, onRange }: ChartToolsProps): ReactNode {
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5 border-b border-line px-3 py-1.5">
      <Choices
        label="Interval"
        values={INTERVALS.map((each) => [each, each, `Candles of ${each}`])}
        chosen={interval}
        onChoose={(value) => change({ interval: value })}
      />
      <div role="group" aria-label="Range" className="flex">
        {RANGES.map((range) => (
          <Button key={range.name} look="quiet" small title={range.title} onClick={() => onRange(range)}>
            {range.name}
          </Button>
        ))}
      </div>
      <Choices
        label="Scale"
        values={[
          ["normal", "Lin", "Even steps of price"],
          ["log", "Log", "Even steps of growth"],
          ["percent", "%", "Percent since the first bar that is seen"],
        ]}
        chosen={scale}
        onChoose={(value) => change({ scale: value === "normal" ? undefined : value, vs: undefined })}
      />
    </div>
  );
}

interface ChartExtrasProps {
  chart: ChartPort | null;
  pair: string;
  interval: ShownInterval;
  names: string;
  compared: string;
  volume: boolean;
  change: (changes: Search) => void;
}

/** What is laid over the candles and below them, and the picture of it all. */
export function ChartExtras(props: ChartExtrasProps): ReactNode {
  const { chart, pair, interval, names, compared, volume, change } = props;
  const [choosing, setChoosing] = useState(false);
  const given = names === "none" ? "" : names;
  const { data: markets } = useQuery(allMarkets);
  const others = (markets ?? []).filter((market) => market.pair !== pair);
  return (
    <>
      <ChoiceField
        label="Compare with"
        hideLabel
        value={compared}
        onChange={(event) => change({ vs: event.target.value || undefined })}
        choices={[
          { value: "", label: "Compare…" },
          ...others.map((market) => ({ value: keyOf(market), label: market.pair.toUpperCase() })),
        ]}
        className="max-w-36"
      />
      <Button
        small
        aria-pressed={volume}
        className={volume ? "text-accent!" : ""}
        icon={<ChartColumn aria-hidden className="size-3.5" />}
        onClick={() => change({ volume: volume ? "0" : undefined })}
      >
        Volume
      </Button>
      <Button small icon={<ChartSpline aria-hidden className="size-3.5" />} onClick={() => setChoosing(true)}>
        Indicators{given === "" ? "" : ` (${splitNames(given).length})`}
      </Button>
      <SavePicture chart={chart} name={`${pair.replace("/", "-")}-${interval}.png`} />
      <IndicatorsDialog
        open={choosing}
        onClose={() => setChoosing(false)}
        names={given}
        onChange={(next) => change({ ind: next === "" ? "none" : next })}
      />
    </>
  );
}

function SavePicture({ chart, name }: { chart: ChartPort | null; name: string }): ReactNode {
  const toasts = useToasts();
  const save = async (): Promise<void> => {
    if (chart === null) return;
    try {
      const address = URL.createObjectURL(await chart.toPng());
      const link = document.createElement("a");
      link.href = address;
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    } catch (error) {
      toasts.fail(error);
    }
  };
  return (
    <Button
      small
      icon={<ImageDown aria-hidden className="size-3.5" />}
      disabled={chart === null}
      onClick={() => void save()}
    >
      PNG
    </Button>
  );
}

interface ChoicesProps {
  label: string;
  values: readonly (readonly [value: string, name: string, title: string])[];
  chosen: string;
  onChoose: (value: string) => void;
}

function Choices({ label, values, chosen, onChoose }: ChoicesProps): ReactNode {
  return (
    <div role="group" aria-label={label} className="flex rounded border border-line">
      {values.map(([value, name, title]) => (
        <button
          key={value}
          type="button"
          title={title}
          aria-pressed={chosen === value}
          onClick={() => onChoose(value)}
          className="min-h-6 border-r border-line px-1.5 text-[12px] text-ink-2 last:border-r-0 hover:text-ink aria-pressed:bg-accent-soft aria-pressed:text-accent"
        >
          {name}
        </button>
      ))}
    </div>
  );
}
