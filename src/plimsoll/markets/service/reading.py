"""Candles read back: recent ones from memory, older ones from the store, forming ones as they are.

The three are laid together so that an answer does not show where a candle was: what closed and is
not stored yet counts as stored, and what the store says of a bucket that is still open does not
count. Nothing begins after the world's own now.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from plimsoll.markets.domain.candles import DAY_MS, Candle, FillPolicy, Interval
from plimsoll.markets.domain.candles import fill as fill_gaps
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service import window
from plimsoll.markets.service.keeping import Unsaved
from plimsoll.markets.service.making import Making
from plimsoll.markets.service.window import Key, Window, Windows
from plimsoll.markets.storage.store import CandleStore

EXPORT_AT_ONCE: Final = 5_000
LONGEST_MS: Final = 31 * DAY_MS
LAST_MS: Final = 253_402_300_800_000
"""The end of the calendar."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Candles as JSON texts, in the order of time. `next_to_ms`: the `to` of the page before this
    one; None when there is nothing older.
    """

    rows: Sequence[bytes]
    next_to_ms: int | None


class Bounds(NamedTuple):
    from_ms: int
    to_ms: int
    limit: int

    def cut(self, candles: list[Candle]) -> list[Candle]:
        """Those of `candles` that are wanted."""
        return [each for each in candles if self.from_ms <= each.open_time_ms < self.to_ms][
            -self.limit :
        ]


class Reading:
    """All bounds are open times: from_ms … to_ms − 1, the newest `limit` of them."""

    def __init__(
        self, store: CandleStore, making: Making, unsaved: Unsaved, *, window_bytes: int
    ) -> None:
        self._store = store
        self._making = making
        self._unsaved = unsaved
        self._windows = Windows(most_bytes=window_bytes)
        self._loading: dict[Key, _Load] = {}

    def note(self, pair: Pair, candle: Candle) -> None:
        """A closed candle is new or changed."""
        self._windows.note(pair, candle)
        if self._loading and (load := self._loading.get((pair, candle.interval))):
            load.changes[candle.open_time_ms] = candle

    async def list_candles(
        self,
        pair: Pair,
        interval: Interval,
        *,
        from_ms: int = 0,
        to_ms: int = LAST_MS,
        limit: int = 500,
        fill: FillPolicy = FillPolicy.NONE,
    ) -> list[Candle]:
        """The newest `limit` candles that open in from_ms … to_ms − 1, in the order of time.

        Empty for a pair that nobody knows. Raises Unavailable.
        """
        if fill is FillPolicy.PREVIOUS:
            return await self._list_filled(pair, interval, from_ms, to_ms, limit)
        bounds = Bounds(from_ms, to_ms, limit)
        remembered = await self._recall(pair, interval, bounds)
        if remembered is not None:
            return window.decode(remembered.rows, interval)
        live_from_ms, forming = self._live(pair, interval)
        stored = await self._read_stored(
            pair, interval, from_ms=from_ms, to_ms=min(to_ms, live_from_ms), limit=limit
        )
        return [*stored, *bounds.cut(forming)][-limit:]

    async def list_rows(
        self,
        pair: Pair,
        interval: Interval,
        *,
        from_ms: int = 0,
        to_ms: int = LAST_MS,
        limit: int = 500,
    ) -> Rows:
        """As `list_candles`, already encoded."""
        bounds = Bounds(from_ms, to_ms, limit)
        remembered = await self._recall(pair, interval, bounds)
        return remembered or await self._read(pair, interval, bounds)

    async def list_filled_rows(
        self, pair: Pair, interval: Interval, *, from_ms: int, to_ms: int, limit: int
    ) -> Rows:
        """As `list_rows`, with a row for every bucket from the first candle on."""
        filled = await self._list_filled(pair, interval, from_ms, to_ms, limit + 1)
        shown = filled[-limit:]
        more = shown[0].open_time_ms if len(filled) > limit else None
        return Rows(window.encode(shown), more)

    def find_rows(
        self,
        pair: Pair,
        interval: Interval,
        *,
        from_ms: int = 0,
        to_ms: int = LAST_MS,
        limit: int = 500,
    ) -> Rows | None:
        """As `list_rows`, from memory; None when that needs the store."""
        return self._remember(pair, interval, Bounds(from_ms, to_ms, limit))

    async def _recall(self, pair: Pair, interval: Interval, bounds: Bounds) -> Rows | None:
        """From memory, into which the recent window is taken if the question lies in it."""
        found = self._remember(pair, interval, bounds)
        if found is not None or bounds.limit > window.LENGTH:
            return found
        if bounds.to_ms <= self._live(pair, interval)[0]:
            return None
        await self._load(pair, interval)
        return self._remember(pair, interval, bounds)

    def _remember(self, pair: Pair, interval: Interval, bounds: Bounds) -> Rows | None:
        """From memory; None when that needs the store."""
        live_from_ms, forming = self._live(pair, interval)
        forming = bounds.cut(forming)
        if interval is Interval.SECOND:
            recent = Window(interval, self._making.list_seconds(pair))
            recent.whole = True
        elif (known := self._windows.find((pair, interval))) is not None:
            recent = known
        else:
            return None
        found = recent.find(
            from_ms=bounds.from_ms,
            to_ms=min(bounds.to_ms, live_from_ms),
            limit=bounds.limit - len(forming),
        )
        if found is None:
            return None
        rows = found.rows + window.encode(forming)
        first_ms = forming[0].open_time_ms if found.first_ms is None and forming else found.first_ms
        return Rows(rows, first_ms if found.more else None)

    async def find_bounds(
        self, pair: Pair, interval: Interval, *, from_ms: int, to_ms: int
    ) -> tuple[int, int]:
        """The part of from_ms … to_ms − 1 in which there can be closed candles."""
        end_ms = min(to_ms, self._live(pair, interval)[0])
        first_ms = await self._store.find_first(pair, interval, from_ms=from_ms)
        return (end_ms if first_ms is None else min(first_ms, end_ms)), end_ms

    async def export(
        self, pair: Pair, interval: Interval, *, from_ms: int, to_ms: int
    ) -> AsyncIterator[list[Candle]]:
        """All closed candles of a stretch, the oldest first, a few thousand at a time."""
        step_ms = EXPORT_AT_ONCE * (interval.length_ms or LONGEST_MS)
        at_ms, end_ms = await self.find_bounds(pair, interval, from_ms=from_ms, to_ms=to_ms)
        while at_ms < end_ms:
            until_ms = min(at_ms + step_ms, end_ms)
            found = await self._read_stored(
                pair, interval, from_ms=at_ms, to_ms=until_ms, limit=EXPORT_AT_ONCE
            )
            yield [candle for candle in found if not candle.forming]
            at_ms = until_ms
            if not found:
                at_ms, _ = await self.find_bounds(pair, interval, from_ms=until_ms, to_ms=end_ms)

    def _live(self, pair: Pair, interval: Interval) -> tuple[int, list[Candle]]:
        """From when on candles are still forming, and these."""
        forming = self._making.list_forming(pair, interval)
        now_ms = interval.bucket_start(self._making.now_ms)
        return (forming[0].open_time_ms if forming else now_ms), forming

    async def _load(self, pair: Pair, interval: Interval) -> None:
        """Make the window of a pair and interval; all who wait for it share one question."""
        key = (pair, interval)
        load = self._loading.get(key)
        if load is None:
            load = self._loading[key] = _Load(self._unsaved.find(key))
            load.task = asyncio.create_task(self._fill_window(key, load), name="candle-window")
        assert load.task
        await asyncio.shield(load.task)

    async def _fill_window(self, key: Key, load: "_Load") -> None:
        pair, interval = key
        try:
            to_ms = interval.bucket_start(self._making.now_ms)
            stored = await self._store.list_latest(pair, interval, to_ms=to_ms, limit=window.LENGTH)
            made = Window(interval, stored)
            for candle in load.changes.values():
                made.put(candle)
            self._windows.add(key, made)
        finally:
            del self._loading[key]

    async def _read(self, pair: Pair, interval: Interval, bounds: Bounds) -> Rows:
        """From the store, with what is not there yet."""
        live_from_ms, forming = self._live(pair, interval)
        forming, limit = bounds.cut(forming), bounds.limit
        to_ms = min(bounds.to_ms, live_from_ms)
        if any(bounds.from_ms <= at_ms < to_ms for at_ms in self._unsaved.find((pair, interval))):
            stored = await self._read_stored(
                pair, interval, from_ms=bounds.from_ms, to_ms=to_ms, limit=limit + 1
            )
            times, rows = [each.open_time_ms for each in stored], window.encode(stored)
        else:
            found = await self._store.list_columns(
                pair, interval, from_ms=bounds.from_ms, to_ms=to_ms, limit=limit + 1
            )
            times, rows = found.open_time_ms, window.encode_stored(found)
        rows += window.encode(forming)
        times += [each.open_time_ms for each in forming]
        return Rows(rows[-limit:], times[-limit] if len(rows) > limit else None)

    async def _read_stored(
        self, pair: Pair, interval: Interval, *, from_ms: int, to_ms: int, limit: int
    ) -> list[Candle]:
        waiting = self._unsaved.find((pair, interval))
        stored = await self._store.list_latest(
            pair, interval, from_ms=from_ms, to_ms=to_ms, limit=limit
        )
        fresh = {at_ms: each for at_ms, each in waiting.items() if from_ms <= at_ms < to_ms}
        if not fresh:
            return stored
        both = {candle.open_time_ms: candle for candle in stored} | fresh
        return [both[at_ms] for at_ms in sorted(both)][-limit:]

    async def _list_filled(
        self, pair: Pair, interval: Interval, from_ms: int, to_ms: int, limit: int
    ) -> list[Candle]:
        """With a row for every bucket from the first candle on, up to now."""
        end_ms = min(to_ms, self._making.now_ms + 1)
        found = await self.list_candles(pair, interval, to_ms=end_ms, limit=limit + 1)
        start_ms = _first_bucket_ms(interval, found, from_ms, end_ms, limit)
        before = [candle for candle in found if candle.open_time_ms < start_ms]
        shown = found[len(before) :]
        if before and start_ms < end_ms and not (shown and shown[0].open_time_ms == start_ms):
            price = before[-1].close
            carried = Candle(interval, start_ms, price, price, price, price, 0.0, synthetic=True)
            shown.insert(0, carried)
        return list(fill_gaps(shown, FillPolicy.PREVIOUS, until_ms=end_ms))[-limit:]


def _first_bucket_ms(
    interval: Interval, found: Sequence[Candle], from_ms: int, end_ms: int, limit: int
) -> int:
    """Where the newest `limit` buckets before `end_ms` begin, or those since `from_ms`."""
    start_ms = interval.bucket_start(end_ms - 1)
    for _ in range(limit - 1):
        before_ms = interval.bucket_start(start_ms - 1)
        if before_ms < from_ms or not found or start_ms <= found[0].open_time_ms:
            break
        start_ms = before_ms
    return start_ms


class _Load:
    """A window that is being read, and what has closed since before the reading began."""

    def __init__(self, changes: dict[int, Candle]) -> None:
        self.changes = changes
        self.task: asyncio.Task[None] | None = None
