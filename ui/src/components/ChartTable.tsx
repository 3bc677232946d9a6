import { useEffect, useState, type ReactNode } from "react";
import type { Bar, ChartPort } from "@/chart/port";
import { formatPrice } from "@/format/amounts";
import { formatSecond, nameOfZone } from "@/format/times";
import { useManner, useZone } from "@/hooks/preferences";

const ROWS = 24;
const EVERY_MS = 5_000;

/** The newest bars as a table: a canvas says nothing to a screen reader. */
export function ChartTable({ chart, label }: { chart: ChartPort; label: string }): ReactNode {
  const zone = useZone();
  const { locale } = useManner();
  const [bars, setBars] = useState<readonly Bar[]>([]);
  useEffect(() => {
    const read = (): void => setBars(chart.bars().slice(-ROWS).reverse());
    read();
    const timer = setInterval(read, EVERY_MS);
    return () => clearInterval(timer);
  }, [chart]);
  if (bars.length === 0) return null;
  return (
    <div className="sr-only">
      <table>
        <caption>{`${label}: the newest ${bars.length}, times in ${nameOfZone(zone)}`}</caption>
        <thead>
          <tr>
            {["Time", "Open", "High", "Low", "Close", "Volume"].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {bars.map((bar) => (
            <tr key={bar.timeMs}>
              <td>{formatSecond(bar.timeMs, zone)}</td>
              {[bar.open, bar.high, bar.low, bar.close].map((price, index) => (
                <td key={index}>{formatPrice(price, locale)}</td>
              ))}
              <td>{bar.volume}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
