/** The drawer that says where a number comes from. Which one is in the address: `?why=coin.bitcoin`. */
import type { ReactNode } from "react";
import { Dialog } from "@/components/Dialog";
import { useSymbol } from "@/components/Coin";
import { useUrlState } from "@/hooks/url-state";
import { CoinWhy } from "./CoinWhy";
import { DayWhy } from "./DayWhy";
import { findFigure } from "./figures";
import { FigureWhy, FlowWhy, RealisedWhy } from "./FigureWhy";
import type { Summary } from "./queries";
import { ChangeWhy, TotalWhy } from "./TotalWhy";

export function Derivation({ summary }: { summary: Summary }): ReactNode {
  const [why, setWhy] = useUrlState("why");
  const symbolOf = useSymbol();
  const cut = why.indexOf(".");
  const kind = cut < 0 ? why : why.slice(0, cut);
  const of = cut < 0 ? "" : why.slice(cut + 1);
  const found = contentOf(kind, of, summary, symbolOf);
  return (
    <Dialog open={found !== null} onClose={() => setWhy("")} title={found?.title ?? ""} side>
      {found?.content}
    </Dialog>
  );
}

function contentOf(
  kind: string,
  of: string,
  summary: Summary,
  symbolOf: (coinId: string) => string,
): { title: string; content: ReactNode } | null {
  switch (kind) {
    case "total":
      return { title: "Value, cost and profit", content: <TotalWhy summary={summary} /> };
    case "change":
      return { title: "Change of 24 hours", content: <ChangeWhy summary={summary} /> };
    case "realised":
      return { title: "Realised profit", content: <RealisedWhy /> };
    case "flow":
      return { title: "Net deposits", content: <FlowWhy /> };
    case "coin":
      return { title: symbolOf(of), content: <CoinWhy key={of} coinId={of} summary={summary} /> };
    case "day":
      return /^\d{4}-\d\d-\d\d$/.test(of)
        ? { title: `The day ${of}`, content: <DayWhy key={of} day={of} /> }
        : null;
    case "figure": {
      const figure = findFigure(of);
      return figure === undefined
        ? null
        : { title: figure.name, content: <FigureWhy key={of} figure={figure} /> };
    }
    default:
      return null;
  }
}
