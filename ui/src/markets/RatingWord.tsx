import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { Badge, type Tone } from "@/components/Badge";
import { MISSING } from "@/format/amounts";

export type Rating = Schemas["RatingView"];

const TONES: Readonly<Record<string, Tone>> = {
  "strong buy": "good",
  buy: "good",
  neutral: "neutral",
  sell: "warn",
  "strong sell": "warn",
};

export function RatingWord({ rating }: { rating: Rating | undefined }): ReactNode {
  if (rating === undefined) return <span className="text-ink-3">{MISSING}</span>;
  if (rating.word === null || rating.value === null) {
    return (
      <span className="text-ink-3" title={`No rating yet: too few candles of ${rating.interval}`}>
        {MISSING}
      </span>
    );
  }
  const figure = rating.value.toFixed(2);
  const title = `${figure} of −1 to 1 on candles of ${rating.interval}${rating.settled ? "" : "; not settled yet"}`;
  return (
    <Badge tone={TONES[rating.word] ?? "neutral"} title={title}>
      {rating.word}
    </Badge>
  );
}
