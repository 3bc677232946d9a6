/** The library's own time axis, weighing its marks by the clock of a zone. */
import { defaultHorzScaleBehavior, type Mutable, type Time, type TimeScalePoint } from "lightweight-charts";
import { ZoneClock } from "./zone";

const PlainScale = defaultHorzScaleBehavior();

export class ZonedScale extends PlainScale {
  clock: ZoneClock;

  constructor(clock: ZoneClock) {
    super();
    this.clock = clock;
  }

  override fillWeightsForPoints(points: readonly Mutable<TimeScalePoint>[], startIndex: number): void {
    // The point before the first new one is needed to see whether a day has begun between them.
    const from = Math.max(0, startIndex - 1);
    const local = points.slice(from).map((point) => ({
      ...point,
      time: this.convertHorzItemToInternal(this.clock.localSeconds(point.originalTime as number) as Time),
    }));
    super.fillWeightsForPoints(local, startIndex - from);
    for (let index = startIndex; index < points.length; index += 1) {
      const point = points[index];
      const weighed = local[index - from];
      if (point !== undefined && weighed !== undefined) point.timeWeight = weighed.timeWeight;
    }
  }
}
