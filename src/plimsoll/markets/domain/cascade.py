"""The candles of one pair while they are made: from single trades, or from candles of a source.

A trade touches one bucket only, that of its second. When a bucket is over, it is merged into the
bucket above it, and so on: second, minute, 5, 15, 30 minutes, hour, 4 hours, day; of days are week
and month. What is forming is put together when somebody asks.

The clock decides what is over: a bucket closes `grace_ms` after its end. Until then trades may come
in any order; the first and the last are told by time and then by trade id. A trade that comes later
still, but within `retain_ms`, amends what is closed, there and in every bucket above. What is older
is refused: the parts it would have to be added to are no longer here.

A candle that a source delivers whole (`put`) is the truth about its bucket: it replaces what was
there, trades in it no longer count towards it, and everything above is made anew from it. That is
also how a cascade goes on after a restart (`seed`). A bucket that began before the first trade and
was neither put nor seeded holds only a part of its time.

Volumes are carried as a float and what rounding took from it (Dekker's exact sum), so neither the
order of trades nor the way upward shows in them. Pure; one pair, one writer.
"""

from bisect import insort
from collections.abc import Iterable
from typing import Final

from plimsoll.markets.domain.buckets import NEVER_MS, Bucket, Track, by_start
from plimsoll.markets.domain.candles import MINUTE_MS, Candle, Interval

GRACE_MS: Final = 2_000
RETAIN_MS: Final = 10 * MINUTE_MS
AHEAD_MS: Final = MINUTE_MS
"""A trade further than this in front of the clock is a mistake of somebody's clock."""

PART_OF: Final = {
    Interval.MINUTE: Interval.SECOND,
    Interval.MINUTES_5: Interval.MINUTE,
    Interval.MINUTES_15: Interval.MINUTES_5,
    Interval.MINUTES_30: Interval.MINUTES_15,
    Interval.HOUR: Interval.MINUTES_30,
    Interval.HOURS_4: Interval.HOUR,
    Interval.DAY: Interval.HOURS_4,
    Interval.WEEK: Interval.DAY,
    Interval.MONTH: Interval.DAY,
}
"""What the candles of an interval are made of."""


class Cascade:
    """The candles of one pair; all times in milliseconds since 1970, UTC."""

    def __init__(self, *, grace_ms: int = GRACE_MS, retain_ms: int = RETAIN_MS) -> None:
        assert 0 <= grace_ms <= retain_ms, "what is still open has to be here"
        self._grace_ms = grace_ms
        self._retain_ms = retain_ms
        tracks = {interval: Track(interval) for interval in Interval}
        for whole, part in PART_OF.items():
            tracks[part].wholes.append(tracks[whole])
        self._by_interval = tracks
        self._tracks = list(tracks.values())  # parts before wholes
        self._seconds = tracks[Interval.SECOND]
        self._second = Bucket(0, 0)
        self._closed_to_ms = -1
        """Whatever ended by then is closed."""
        self._next_end_ms = NEVER_MS
        self._unsettled = False
        """Whether a track has changes that its wholes have not seen."""
        self._news: dict[Bucket, Interval] = {}
        self._oldest_ms = 0
        self._latest_ms = NEVER_MS

    def add(self, time_ms: int, trade_id: int, price: float, quantity: float) -> bool:
        """Count a trade; False when it is refused: too old, too far ahead, or in a second that was
        put.

        `price` > 0 and `quantity` ≥ 0 are finite, and each trade comes once: the source sees to
        that. A source without trade ids numbers what it says.
        """
        second = self._second
        if second.last_ms <= time_ms < second.end_ms and (
            trade_id > second.last_id or time_ms > second.last_ms
        ):
            second.close = price
            second.last_ms = time_ms
            second.last_id = trade_id
            if price > second.high:
                second.high = price
            elif price < second.low:
                second.low = price
            volume = second.volume  # add_volume, without the call
            second.volume = total = volume + quantity
            if volume >= quantity:
                second.rest += (volume - total) + quantity
            else:
                second.rest += (quantity - total) + volume
            second.trades += 1
            return True
        return self._add_elsewhere(time_ms, trade_id, price, quantity)

    def _add_elsewhere(self, time_ms: int, trade_id: int, price: float, quantity: float) -> bool:
        """The first trade of a second, or one that comes out of order."""
        if not self._oldest_ms <= time_ms < self._latest_ms:
            return False
        bucket = self._seconds.obtain(time_ms)
        if bucket.given:
            return False
        bucket.take(time_ms, trade_id, price, quantity)
        if bucket.end_ms <= self._closed_to_ms:
            self._seconds.changed[bucket.start_ms] = bucket
            self._unsettled = True
        else:
            if bucket.start_ms >= self._second.start_ms:
                self._second = bucket
            self._next_end_ms = min(self._next_end_ms, bucket.end_ms)
        return True

    def put(self, candle: Candle) -> bool:
        """Take a candle from a source, forming or closed, instead of what was there; False when it
        is refused: too far ahead, or so old that the other parts of its whole are no longer here.

        One that says what is known already changes nothing.
        """
        assert candle.sound, candle
        assert candle.interval.bucket_start(candle.open_time_ms) == candle.open_time_ms, candle
        track = self._by_interval[candle.interval]
        if not track.kept_from_ms <= candle.open_time_ms < self._latest_ms:
            return False
        bucket = track.obtain(candle.open_time_ms)
        if bucket.candle(candle.interval)[:8] == candle[:8]:
            bucket.given = True
            return True
        bucket.load(candle)
        if bucket is self._second:
            self._second = Bucket(0, 0)
        if bucket.end_ms <= self._closed_to_ms:
            track.changed[bucket.start_ms] = bucket
            self._unsettled = True
        else:
            self._next_end_ms = min(self._next_end_ms, bucket.end_ms)
        return True

    def seed(self, candles: Iterable[Candle], now_ms: int) -> None:
        """Go on from stored candles: the closed parts of every bucket that is open at `now_ms`,
        of each interval. They are not reported again. What was stored while it was forming is a
        part of unknown size, and is left out.
        """
        for candle in candles:
            if not candle.forming:
                self.put(candle)
        self.advance(now_ms)

    def advance(self, now_ms: int) -> list[Candle]:
        """What is closed or amended since the last call, by interval and time. The clock never
        runs backwards here; the same moment twice closes nothing twice.
        """
        closed_to_ms = max(now_ms - self._grace_ms, self._closed_to_ms)
        self._latest_ms = closed_to_ms + self._grace_ms + AHEAD_MS
        if self._unsettled or closed_to_ms >= self._next_end_ms:
            self._settle(closed_to_ms)
        self._closed_to_ms = closed_to_ms
        if now_ms - self._retain_ms >= self._oldest_ms + MINUTE_MS:
            self._oldest_ms = now_ms - self._retain_ms
            self._drop()
        told = [bucket.candle(interval) for bucket, interval in self._news.items()]
        self._news.clear()
        return told

    def forming(self, interval: Interval) -> Candle | None:
        """The newest candle of `interval` that is not closed yet, as of now."""
        return next(
            (view.candle(interval, forming=True) for view in reversed(self._views()[interval])),
            None,
        )

    def closed(self, interval: Interval) -> list[Candle]:
        """The candles that are closed and still here, in the order of time: what may yet change."""
        return [
            bucket.candle(interval)
            for bucket in self._by_interval[interval].buckets
            if bucket.end_ms <= self._closed_to_ms
        ]

    def all_forming(self) -> list[Candle]:
        """Every candle that is not closed yet, by interval and time."""
        return [
            view.candle(interval, forming=True)
            for interval, views in self._views().items()
            for view in views
        ]

    def _settle(self, closed_to_ms: int) -> None:
        """Close what is over by `closed_to_ms` and carry every change upward, from parts to
        wholes.
        """
        before_ms, self._closed_to_ms = self._closed_to_ms, closed_to_ms
        if self._second.end_ms <= closed_to_ms:
            self._second = Bucket(0, 0)  # what comes now for it comes late
        for track in self._tracks:
            if track.changed or track.next_end_ms <= closed_to_ms:
                self._settle_track(track, before_ms)
        self._next_end_ms = min(track.next_end_ms for track in self._tracks)
        self._unsettled = False

    def _settle_track(self, track: Track, before_ms: int) -> None:
        changed, track.next_end_ms = track.changed, NEVER_MS
        for bucket in track.ending_after(before_ms):
            if bucket.end_ms <= self._closed_to_ms:
                changed[bucket.start_ms] = bucket
            else:
                track.next_end_ms = bucket.end_ms
                break
        for start_ms in sorted(changed):
            bucket = changed[start_ms]
            bucket.amended = bucket.reported
            bucket.reported = True
            self._news[bucket] = track.interval
            for above in track.wholes:
                self._raise(track, bucket, above, before_ms)
        changed.clear()

    def _raise(self, track: Track, part: Bucket, above: Track, before_ms: int) -> None:
        """Bring `part` into its whole; one that was closed before has changed now as well."""
        whole = above.obtain(part.start_ms)
        if whole.given:
            return
        if part.start_ms > whole.last_ms:
            whole.append(part)
        else:
            whole.clear()
            for each in track.within(whole, self._closed_to_ms):
                whole.append(each)
        if whole.end_ms <= before_ms:
            above.changed[whole.start_ms] = whole

    def _drop(self) -> None:
        """Forget the parts of wholes that can no longer change."""
        for track in self._tracks:
            keeping = track.wholes or [track]
            track.drop_before(min(each.interval.bucket_start(self._oldest_ms) for each in keeping))

    def _views(self) -> dict[Interval, list[Bucket]]:
        """What is open, each with its open parts on top of the closed ones."""
        if self._unsettled:
            self._settle(self._closed_to_ms)
        views = dict[Interval, list[Bucket]]()
        for track in self._tracks:
            views[track.interval] = [
                bucket.copy() for bucket in track.ending_after(self._closed_to_ms)
            ]
        for interval, part_interval in PART_OF.items():
            for part in views[part_interval]:
                whole = _obtain_view(views[interval], interval, part.start_ms)
                if not whole.given:
                    whole.append(part)
        return views


def _obtain_view(views: list[Bucket], interval: Interval, ms: int) -> Bucket:
    """The view that `ms` lies in, made if no closed part has made it yet; there are one or two."""
    for view in reversed(views):
        if view.start_ms <= ms < view.end_ms:
            return view
    view = Bucket(interval.bucket_start(ms), interval.next_start(ms))
    insort(views, view, key=by_start)
    return view
