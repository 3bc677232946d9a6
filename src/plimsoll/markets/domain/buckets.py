"""Candles while they are made: one bucket, and the buckets of one interval in the order of time.

Only the cascade works with these. They are mutable and without checks, because every trade passes
through one.
"""

from bisect import bisect_left, insort
from operator import attrgetter
from typing import Final

from plimsoll.markets.domain.candles import Candle, Interval

NEVER_MS: Final = 1 << 62
by_start: Final = attrgetter("start_ms")


class Bucket:
    """A candle being made. `rest` is what rounding took from `volume`.

    In a second `first` and `last` are the keys (time, trade id) of the trades that opened and
    closed it; above, `last_ms` is the start of the last part merged in, −1 before any.
    """

    __slots__ = (
        "amended",
        "close",
        "end_ms",
        "first_id",
        "first_ms",
        "given",
        "high",
        "last_id",
        "last_ms",
        "low",
        "open",
        "reported",
        "rest",
        "start_ms",
        "trades",
        "volume",
    )

    def __init__(self, start_ms: int, end_ms: int) -> None:
        self.start_ms = start_ms
        self.end_ms = end_ms
        self.given = self.reported = self.amended = False
        self.clear()

    def clear(self) -> None:
        self.open = self.high = self.low = self.close = self.volume = self.rest = 0.0
        self.trades = 0
        self.first_ms = self.first_id = self.last_id = 0
        self.last_ms = -1

    def take(self, time_ms: int, trade_id: int, price: float, quantity: float) -> None:
        """Count a trade of this second, whenever it comes."""
        if self.last_ms < 0:
            self.open = self.high = self.low = self.close = price
            self.first_ms = self.last_ms = time_ms
            self.first_id = self.last_id = trade_id
        elif (time_ms, trade_id) < (self.first_ms, self.first_id):
            self.open, self.first_ms, self.first_id = price, time_ms, trade_id
        elif (time_ms, trade_id) >= (self.last_ms, self.last_id):
            self.close, self.last_ms, self.last_id = price, time_ms, trade_id
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.add_volume(quantity)
        self.trades += 1

    def add_volume(self, quantity: float) -> None:
        """Exact for what is not negative: of two such numbers the larger one loses nothing."""
        volume = self.volume
        self.volume = total = volume + quantity
        self.rest += (
            (volume - total) + quantity if volume >= quantity else (quantity - total) + volume
        )

    def append(self, part: "Bucket") -> None:
        """Merge in a part that is later than all before it."""
        if self.last_ms < 0:
            self.open, self.high, self.low = part.open, part.high, part.low
            self.volume, self.rest, self.trades = part.volume, part.rest, part.trades
        else:
            self.high = max(self.high, part.high)
            self.low = min(self.low, part.low)
            self.add_volume(part.volume)
            self.rest += part.rest
            self.trades = self.trades + part.trades if self.trades and part.trades else 0
        self.close = part.close
        self.last_ms = part.start_ms

    def load(self, candle: Candle) -> None:
        """Become exactly this candle."""
        self.clear()
        _, _, self.open, self.high, self.low, self.close, self.volume, self.trades, *_ = candle
        self.last_ms = self.start_ms
        self.given = True

    def copy(self) -> "Bucket":
        """The values, to put what is still open on top of."""
        other = Bucket(self.start_ms, self.end_ms)
        other.open, other.high, other.low, other.close = self.open, self.high, self.low, self.close
        other.volume, other.rest, other.trades = self.volume, self.rest, self.trades
        other.last_ms, other.given = self.last_ms, self.given
        return other

    def candle(self, interval: Interval, *, forming: bool = False) -> Candle:
        return Candle(
            interval,
            self.start_ms,
            self.open,
            self.high,
            self.low,
            self.close,
            self.volume + self.rest,
            self.trades,
            forming,
            False,
            self.amended,
        )


class Track:
    """The buckets of one interval that are still needed, in the order of time.

    `changed` are closed ones that the tracks above have not seen yet. Nothing here ends before
    `next_end_ms` that is still open, and whatever began before `kept_from_ms` is forgotten.
    """

    def __init__(self, interval: Interval) -> None:
        self.interval = interval
        self.wholes: list[Track] = []
        self.buckets: list[Bucket] = []
        self.changed: dict[int, Bucket] = {}
        self.next_end_ms = NEVER_MS
        self.kept_from_ms = 0

    def find(self, start_ms: int) -> Bucket | None:
        buckets = self.buckets
        at = bisect_left(buckets, start_ms, key=by_start)
        return buckets[at] if at < len(buckets) and buckets[at].start_ms == start_ms else None

    def obtain(self, ms: int) -> Bucket:
        """The bucket that `ms` lies in, made if need be."""
        if self.buckets and self.buckets[-1].start_ms <= ms < self.buckets[-1].end_ms:
            return self.buckets[-1]
        start_ms = self.interval.bucket_start(ms)
        bucket = self.find(start_ms)
        if bucket is None:
            bucket = Bucket(start_ms, self.interval.next_start(start_ms))
            if self.buckets and self.buckets[-1].start_ms > start_ms:
                insort(self.buckets, bucket, key=by_start)
            else:
                self.buckets.append(bucket)
            self.next_end_ms = min(self.next_end_ms, bucket.end_ms)
        return bucket

    def within(self, whole: Bucket, closed_to_ms: int) -> list[Bucket]:
        """The closed parts of `whole`."""
        first = bisect_left(self.buckets, whole.start_ms, key=by_start)
        last = bisect_left(self.buckets, whole.end_ms, key=by_start)
        return [part for part in self.buckets[first:last] if part.end_ms <= closed_to_ms]

    def ending_after(self, ms: int) -> list[Bucket]:
        """Those that are open at `ms`: a few at the end."""
        first = len(self.buckets)
        while first and self.buckets[first - 1].end_ms > ms:
            first -= 1
        return self.buckets[first:]

    def drop_before(self, ms: int) -> None:
        self.kept_from_ms = ms
        del self.buckets[: bisect_left(self.buckets, ms, key=by_start)]
