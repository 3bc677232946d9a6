"""Streaming indicators: one set of streams per pair, interval and indicators, shared by all who
listen.

A set is opened on stored candles and then lives from what the markets tell: it takes each candle
that closes and looks at the forming one when somebody wants to see it. What happens to the past (a
candle is amended, or comes late) cannot be taken back from a stream, so the set is opened again;
until it is, nothing is told. A hole begins it anew, as it does in bulk.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import structlog

from plimsoll.insights.domain.bars import Bar
from plimsoll.insights.domain.definitions import Request
from plimsoll.insights.domain.streaming import BarOutOfOrder, StreamSet, Values
from plimsoll.insights.service.history import CandleReader, lookback, read_closed, to_bars
from plimsoll.kernel.errors import TooMany, Unavailable
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.prices import Pair

log = structlog.get_logger(__name__)

MOST_SETS: Final = 2_000
OPENING_AT_ONCE: Final = 2
"""The database has others to serve, even when a thousand sets are to be opened again."""
PAUSE_S: Final = 1.0
PATIENCE_S: Final = 2.0
FULL_FOR_S: Final = 10.0
REMEMBERED: Final = 100
"""Closed candles whose values are kept for whoever looks later; a replay closes many at once."""

Key = tuple[Pair, Interval]
OnChange = Callable[[int | None], None]


class TooManySets(TooMany):
    """So many different sets are listened to that no further one is opened."""

    code = "too-many-indicator-sets"
    title = "Too many different indicator sets are in use"


class Told(NamedTuple):
    """The values of one candle, in the order of the requests."""

    time_ms: int
    forming: bool
    segment_bars: int
    """Candles since the last hole, this one included: compare with an indicator's warm-up."""
    values: Values


class LiveSet:
    """The indicators of one pair and interval, carried along.

    `on_change` is called with the time of a candle that closed, and with None when the forming one
    has changed or everything may have.
    """

    def __init__(
        self, reader: CandleReader, market: Key, requests: tuple[Request, ...], on_change: OnChange
    ) -> None:
        self.pair, self.interval = market
        self.requests = requests
        self.outdated = True
        """Whether the stored candles have to be read, again or for the first time."""
        self._reader = reader
        self._on_change = on_change
        self._streams: StreamSet | None = None
        self._closed: dict[int, Told] = {}
        self._waiting: list[Candle] = []
        """Told since the reading began."""
        self._glance: Told | None = None
        self._looked = False

    def notice(self, candle: Candle) -> None:
        """A candle of this pair and interval has closed, was amended, or came late."""
        if candle.amended:
            self.outdated = True
        elif self._streams is None:
            self._waiting.append(candle)
        else:
            self._close(self._streams, candle)

    def touch(self) -> None:
        """The forming candle has changed."""
        self._looked = False
        self._on_change(None)

    def begin(self) -> None:
        """The history is about to be read; what is told from now on waits for it."""
        self.outdated = False
        self._streams = None
        self._waiting.clear()

    def open(self, history: Sequence[Candle]) -> None:
        """Go on from these candles and from what was told since `begin`."""
        streams = StreamSet(self.requests, to_bars(history, self.interval))
        self._streams = streams
        self._closed.clear()
        self._looked = False
        read = {candle.open_time_ms: candle for candle in history}
        first_ms, last_ms = min(read, default=0), max(read, default=-1)
        if read:
            self._keep(streams, last_ms)
        for candle in self._waiting:
            if candle.open_time_ms > last_ms:
                self._close(streams, candle)
            elif candle.open_time_ms >= first_ms and not _same(candle, read):
                self.outdated = True
        self._waiting.clear()
        self._on_change(None)

    def find_closed(self, time_ms: int) -> Told | None:
        """The values of one of the last closed candles."""
        return self._closed.get(time_ms)

    def find_last(self) -> Told | None:
        """The values of the last closed candle."""
        return next(reversed(self._closed.values()), None)

    def find_forming(self) -> Told | None:
        """The values as they were if the forming candle closed now; looked at once per change.

        In the moment after a candle ended, before it closes, it is still the one that is told.
        """
        if not self._looked and self._streams:
            self._glance, self._looked = self._look(self._streams), True
        return self._glance

    def _look(self, streams: StreamSet) -> Told | None:
        last = self.find_last()
        for candle in self._reader.list_forming(self.pair, self.interval):
            time_ms = candle.open_time_ms
            if last is None or time_ms > last.time_ms:
                follows = last and time_ms == self.interval.next_start(last.time_ms)
                bars = streams.segment_bars + 1 if follows else 1
                return Told(time_ms, True, bars, streams.peek(_bar(candle)))
        return None

    def _close(self, streams: StreamSet, candle: Candle) -> None:
        try:
            streams.update(_bar(candle))
        except BarOutOfOrder:
            self.outdated = True
            return
        self._keep(streams, candle.open_time_ms)

    def _keep(self, streams: StreamSet, time_ms: int) -> None:
        assert streams.values is not None
        if len(self._closed) == REMEMBERED:
            del self._closed[next(iter(self._closed))]
        self._closed[time_ms] = Told(time_ms, False, streams.segment_bars, streams.values)
        self._looked = False
        self._on_change(time_ms)


def _same(candle: Candle, read: Mapping[int, Candle]) -> bool:
    """Whether these values were read already."""
    known = read.get(candle.open_time_ms)
    return known is not None and _bar(known) == _bar(candle)


def _bar(candle: Candle) -> Bar:
    return Bar(*candle[1:7])


class LiveSets:
    """All sets that somebody listens to. `notice` has to hear of every closed candle, `touch` of
    every pair whose forming ones change.
    """

    def __init__(self, candles: CandleReader, *, most: int = MOST_SETS) -> None:
        self._candles = candles
        self._most = most
        self._sets: dict[Pair, list[LiveSet]] = {}
        self._count = 0
        self._opening: dict[LiveSet, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(OPENING_AT_ONCE)

    def __len__(self) -> int:
        return self._count

    def open(
        self, pair: Pair, interval: Interval, requests: Sequence[Request], on_change: OnChange
    ) -> LiveSet:
        """A set that lives until `close`; it tells nothing until what is stored has been read.

        Raises TooManySets or TooFarBack.
        """
        lookback(requests, interval)
        if self._count >= self._most:
            raise TooManySets(f"there are {self._most:,} already", retry_after_s=FULL_FOR_S)
        live = LiveSet(self._candles, (pair, interval), tuple(requests), on_change)
        self._sets.setdefault(pair, []).append(live)
        self._count += 1
        self._read_soon(live)
        return live

    async def settle(self, live: LiveSet) -> None:
        """Wait until the set is open, but not for ever: the database may be away."""
        if task := self._opening.get(live):
            await asyncio.wait((task,), timeout=PATIENCE_S)

    def close(self, live: LiveSet) -> None:
        """Nobody listens to it any more."""
        of_pair = self._sets[live.pair]
        of_pair.remove(live)
        if not of_pair:
            del self._sets[live.pair]
        self._count -= 1
        if task := self._opening.get(live):
            task.cancel()

    def notice(self, pair: Pair, candle: Candle) -> None:
        """A candle has closed, was amended, or came late."""
        for live in self._sets.get(pair, ()):
            if live.interval is candle.interval:
                live.notice(candle)
                if live.outdated:
                    self._read_soon(live)

    def touch(self, pair: Pair) -> None:
        """The forming candles of this pair have changed."""
        for live in self._sets.get(pair, ()):
            live.touch()

    async def aclose(self) -> None:
        """End what is under way."""
        tasks = list(self._opening.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _read_soon(self, live: LiveSet) -> None:
        before = self._opening.get(live)
        if before is None or before.done():
            task = asyncio.create_task(self._read(live), name="indicator-set")
            self._opening[live] = task
            task.add_done_callback(lambda task: self._forget(live, task))

    def _forget(self, live: LiveSet, task: asyncio.Task[None]) -> None:
        if self._opening.get(live) is task:
            del self._opening[live]

    async def _read(self, live: LiveSet) -> None:
        """Until it is open on what is stored."""
        count = lookback(live.requests, live.interval) + 1
        while live.outdated:
            live.begin()
            try:
                async with self._turns:
                    history = await read_closed(self._candles, live.pair, live.interval, count)
            except Unavailable as error:
                live.outdated = True
                log.warning("indicator_set_waits", pair="/".join(live.pair), reason=error.detail)
                await asyncio.sleep(PAUSE_S)
                continue
            if not live.outdated:
                live.open(history)
