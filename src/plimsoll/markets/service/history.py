"""Candles of the past: brought in bulk, or late, and everything above them made anew.

A candle that its cascade still takes goes there, and the cascade does the rest. An older one goes
to the store; the closed candles above it are then made anew from what the store has, interval by
interval, up to where a cascade takes over. A candle above that knows more volume than its stored
parts came whole from a source, or from parts that are gone, and stays as it is.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Final, NamedTuple

from plimsoll.kernel.errors import Invalid
from plimsoll.markets.domain.candles import Candle, Interval, merge
from plimsoll.markets.domain.cascade import PART_OF
from plimsoll.markets.domain.feeds import CandleHistory
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service.keeping import Keeper
from plimsoll.markets.service.making import Making, PairCandle
from plimsoll.markets.service.quality import Level, Reason, find_fault
from plimsoll.markets.sources.binance_archive import read_candles
from plimsoll.markets.sources.klines import find_series
from plimsoll.markets.storage.store import CandleStore

READ_AT_ONCE: Final = 5_000
"""Parts that are read from the store for one stretch of wholes."""
PAGE: Final = 5_000
"""Candles of a file that are read at once, in a thread."""
SLIGHTLY_LESS: Final = 1 - 1e-9
"""A sum of the same volumes in another order."""

STORED: Final = frozenset(PART_OF)

Told = Callable[[Pair, Sequence[Candle]], None]


class IntervalNotStored(Invalid):
    """Seconds are kept in memory only."""

    code = "interval-not-stored"
    title = "Candles of this interval are not stored"


class Step(NamedTuple):
    """How far a backfill is. `reached_ms`: where to go on from after an interruption."""

    reached_ms: int
    done: int
    total: int
    candles: int
    """How many were taken in this step."""


class ArchiveStep(NamedTuple):
    """How far an import is: candles taken of a series, and how many series are done of how many."""

    pair: Pair
    interval: Interval
    candles: int
    done: int
    total: int


class History:
    """`closed` is told what the cascades make of it, `stored` what was stored past them."""

    def __init__(
        self, store: CandleStore, making: Making, keeper: Keeper, *, closed: Told, stored: Told
    ) -> None:
        self._store = store
        self._making = making
        self._keeper = keeper
        self._closed = closed
        self._stored = stored
        self._importing = asyncio.Lock()

    async def import_candles(
        self, pair: Pair, interval: Interval, candles: Iterable[Candle]
    ) -> int:
        """Take closed candles of the past, in the order of time; the number that was good.

        May be repeated. Raises IntervalNotStored, Unavailable.
        """
        if interval is Interval.SECOND:
            raise IntervalNotStored("seconds of the last minutes are kept in memory only")
        good = list(self._sift(pair, interval, candles))
        async with self._importing:
            await self._bring(pair, interval, good)
        await self._keeper.flush()
        return len(good)

    async def import_late(self) -> None:
        """Store what the sources said too late for the cascades; kept until that succeeds."""
        late = dict(self._making.late)
        keyed = sorted(late.items(), key=lambda item: item[0])
        for (pair, interval), group in groupby(keyed, key=lambda item: item[0][:2]):
            entries = list(group)
            async with self._importing:
                await self._bring(pair, interval, [candle for _, candle in entries])
            for key, candle in entries:
                if self._making.late.get(key) is candle:
                    del self._making.late[key]

    async def close_overdue(self, overdue: Sequence[PairCandle]) -> None:
        """Make these anew from their parts: they were forming when the process ended."""
        for whole, part in PART_OF.items():
            for pair, candle in overdue:
                if candle.interval is whole:
                    async with self._importing:
                        rebuilt = await self._rebuild(pair, whole, part, [candle.open_time_ms])
                        await self._keep(pair, rebuilt)
                    self._closed(pair, self._making.settle(pair))

    async def backfill(
        self, history: CandleHistory, pair: Pair, interval: Interval, *, from_ms: int, to_ms: int
    ) -> AsyncIterator[Step]:
        """Fetch and take what `history` has of from_ms … to_ms − 1, page by page.

        Each step is durable when it is told, and `reached_ms` as the next `from_ms` goes on after
        it. Raises Unavailable as the source does.
        """
        first_ms = at_ms = interval.bucket_start(from_ms)
        end_ms = min(to_ms, interval.bucket_start(self._making.now_ms))
        while at_ms < end_ms:
            page = await history.list_candles(pair, interval, from_ms=at_ms, to_ms=end_ms)
            page = [candle for candle in page if at_ms <= candle.open_time_ms < end_ms]
            if not page:
                break
            taken = await self.import_candles(pair, interval, page)
            at_ms = interval.next_start(page[-1].open_time_ms)
            yield Step(min(at_ms, end_ms), min(at_ms, end_ms) - first_ms, end_ms - first_ms, taken)
        yield Step(max(first_ms, end_ms), max(0, end_ms - first_ms), max(0, end_ms - first_ms), 0)

    async def import_archive(self, folder: Path) -> AsyncIterator[ArchiveStep]:
        """Take every candle of the archive files in `folder`, series by series.

        May be repeated: what is there already changes nothing. Raises OSError when there is no
        such folder.
        """
        found = await asyncio.to_thread(find_series, folder)
        kept = [(each, each.interval) for each in found if each.interval in STORED]
        for number, (series, interval) in enumerate(kept):
            assert interval
            rows, taken = read_candles(series), 0
            while page := await asyncio.to_thread(_read_page, rows):
                taken += await self.import_candles(series.pair, interval, page)
                yield ArchiveStep(series.pair, interval, taken, number, len(kept))
            yield ArchiveStep(series.pair, interval, taken, number + 1, len(kept))

    def _sift(self, pair: Pair, interval: Interval, candles: Iterable[Candle]) -> Iterator[Candle]:
        """The good ones; a candle is measured against the one before it."""
        level = Level(self._making.jump_factor)
        for candle in candles:
            assert candle.interval is interval, candle
            fault = find_fault(candle)
            if fault is None and interval.next_start(candle.open_time_ms) > self._making.now_ms:
                fault = Reason.AHEAD
            fault = fault or level.doubt(candle.low, candle.high, candle.open_time_ms)
            if fault is None or fault is Reason.LEVEL_CHANGED:
                level.set(candle.close, candle.open_time_ms)
                yield candle._replace(forming=False, synthetic=False)
            else:
                self._making.flags.add(pair, candle.open_time_ms, fault)

    async def _bring(self, pair: Pair, interval: Interval, candles: Sequence[Candle]) -> None:
        """Into the cascade what it takes; the rest into the store, and what is above it."""
        refused = {interval: await self._keep(pair, candles)}
        for whole, part in PART_OF.items():
            if refused.get(part):
                starts = {whole.bucket_start(each.open_time_ms) for each in refused[part]}
                rebuilt = await self._rebuild(pair, whole, part, sorted(starts))
                refused[whole] = refused.get(whole, []) + await self._keep(pair, rebuilt)
        self._closed(pair, self._making.settle(pair))

    async def _keep(self, pair: Pair, candles: Sequence[Candle]) -> list[Candle]:
        """Store what the cascade does not take; these."""
        cascade = self._making.obtain(pair).cascade
        refused = [candle for candle in candles if not cascade.put(candle)]
        if len(refused) < len(candles):
            self._making.changed.add(pair)
        if refused:
            await self._store.save((pair, candle) for candle in refused)
            self._making.push_closes((pair, candle) for candle in refused)
            self._stored(pair, refused)
        return refused

    async def _rebuild(
        self, pair: Pair, whole: Interval, part: Interval, starts: Sequence[int]
    ) -> list[Candle]:
        """The closed candles that begin at `starts`, where the stored parts tell something new."""
        await self._keeper.flush()  # parts that were just closed
        changed = list[Candle]()
        for stretch in _stretches(starts, whole, part):
            from_ms, to_ms = stretch[0], whole.next_start(stretch[-1])
            bounds = {"from_ms": from_ms, "to_ms": to_ms, "limit": 2 * READ_AT_ONCE}
            parts = await self._store.list_latest(pair, part, **bounds)
            known = {
                candle.open_time_ms: candle
                for candle in await self._store.list_latest(pair, whole, **bounds)
            }
            wanted = set(stretch)
            closed = (each for each in parts if not each.forming)
            for candle in merge(closed, whole):
                if (
                    candle.open_time_ms in wanted
                    and whole.next_start(candle.open_time_ms) <= self._making.now_ms
                ):
                    made = _replace(known.get(candle.open_time_ms), candle)
                    if made:
                        changed.append(made)
        return changed


def _read_page(rows: Iterator[Candle]) -> list[Candle]:
    return list(islice(rows, PAGE))


def _replace(known: Candle | None, made: Candle) -> Candle | None:
    """What to store; None: what is known is as good or better."""
    if known is None or known.forming:
        return made
    if made.volume < known.volume * SLIGHTLY_LESS:
        return None
    return None if made[:8] == known[:8] else made._replace(amended=True)


def _stretches(starts: Sequence[int], whole: Interval, part: Interval) -> Iterator[list[int]]:
    """`starts` in groups that span at most READ_AT_ONCE parts."""
    longest_ms = READ_AT_ONCE * part.length_ms
    group = list[int]()
    for start_ms in starts:
        if group and whole.next_start(start_ms) - group[0] > longest_ms:
            yield group
            group = []
        group.append(start_ms)
    if group:
        yield group
