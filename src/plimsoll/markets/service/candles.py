"""Candles for everyone else: taken from news, kept, and read back, the forming one included.

`take` and `advance` are called by the feed and never wait. What closes is told to listeners at
once, stored a second or two later, and readable in between. Nothing is ever shown that begins
after the world's own now, which in a replay lies in the past.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final

import structlog
from fastapi import Depends
from starlette.requests import HTTPConnection

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import Unavailable
from plimsoll.markets.domain.candles import Candle, FillPolicy, Interval
from plimsoll.markets.domain.feeds import CandleHistory, News
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.domain.volatility import VolatilityBoard
from plimsoll.markets.service.history import ArchiveStep, History, Step
from plimsoll.markets.service.keeping import Keeper
from plimsoll.markets.service.making import Making, PairCandle
from plimsoll.markets.service.quality import QualityFlag
from plimsoll.markets.service.ranking import Standings
from plimsoll.markets.service.reading import LAST_MS, Reading
from plimsoll.markets.service.resuming import resume
from plimsoll.markets.service.window import MOST_BYTES
from plimsoll.markets.storage.archive import Archive
from plimsoll.markets.storage.store import CandleStore, StoredCandles
from plimsoll.plumbing.database import Database
from plimsoll.settings import Settings

log = structlog.get_logger(__name__)

JUMP_FACTOR: Final = 10.0
OVERDUE_EVERY_S: Final = 30.0
Listener = Callable[[Pair, Candle], None]


class Candles:
    """One per process. `listeners` hear of every candle that closes, is amended or comes late,
    `on_change` of pairs whose forming candles changed; both are called in the loop and must not
    wait.
    """

    def __init__(
        self,
        store: CandleStore,
        *,
        minute_days: int,
        middle_months: int,
        jump_factor: float = JUMP_FACTOR,
        window_bytes: int = MOST_BYTES,
    ) -> None:
        self.listeners: list[Listener] = []
        self.on_change: list[Callable[[Pair], None]] = []
        self._store = store
        self._making = Making(jump_factor=jump_factor)
        self._known = set[Pair]()
        self._keeper = Keeper(
            store,
            self._making,
            minute_days=minute_days,
            middle_months=middle_months,
            import_late=self._import_late,
        )
        self._history = History(
            store, self._making, self._keeper, closed=self._closed, stored=self._stored
        )
        self.reading = Reading(store, self._making, self._keeper.unsaved, window_bytes=window_bytes)
        self.standings = Standings(store, self._making)
        self._overdue: asyncio.Task[None] | None = None

    @property
    def now_ms(self) -> int:
        """What time it is in the world whose candles these are."""
        return self._making.now_ms

    @property
    def volatility(self) -> VolatilityBoard:
        return self._making.volatility

    async def open(self, now_ms: int) -> None:
        """Go on from the store; begin to save. Raises Unavailable."""
        self._making.begin(now_ms)
        self._known.update(await self._store.list_pairs())
        resumed = await resume(self._store, self._making)
        for pair, candle in resumed.closed:
            self._keeper.unsaved.add(pair, candle)
        await self._keeper.open()
        if resumed.overdue:
            closing = self._close_overdue(resumed.overdue)
            self._overdue = asyncio.create_task(closing, name="candle-overdue")
        log.info("candles_opened", pairs=len(self._known), overdue=len(resumed.overdue))

    async def close(self) -> None:
        """Save what is left."""
        if self._overdue:
            self._overdue.cancel()
            with suppress(asyncio.CancelledError):
                await self._overdue
        await self._keeper.close()
        self._store.close()

    def take(self, news: News, now_ms: int) -> None:
        """Take trades and candles of sources that count for their pairs."""
        taken = self._making.take(news, now_ms)
        for pair, candle in taken.told:
            self._close(pair, candle)
        for pair in taken.touched:
            self._known.add(pair)
            for changed in self.on_change:
                changed(pair)

    def advance(self, now_ms: int) -> None:
        """Close what is over; once a second."""
        for pair, candle in self._making.advance(now_ms):
            self._close(pair, candle)

    def knows(self, pair: Pair) -> bool:
        """Whether this pair ever had a candle."""
        return pair in self._known

    def list_pairs(self) -> list[Pair]:
        """Every pair that ever had a candle."""
        return list(self._known)

    def list_quality_flags(self) -> list[QualityFlag]:
        """What was refused or looked strange lately, the oldest first."""
        return self._making.flags.list_flags()

    def list_forming(self, pair: Pair, interval: Interval) -> list[Candle]:
        """What is not closed yet, the oldest first: two in the moment after one ended."""
        return self._making.list_forming(pair, interval)

    def find_forming(self, pair: Pair, interval: Interval) -> Candle | None:
        """The candle that is forming now; None before the first trade of its bucket."""
        return next(reversed(self._making.list_forming(pair, interval)), None)

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
        return await self.reading.list_candles(
            pair, interval, from_ms=from_ms, to_ms=to_ms, limit=limit, fill=fill
        )

    async def import_candles(
        self, pair: Pair, interval: Interval, candles: Iterable[Candle]
    ) -> int:
        """Take closed candles of the past in the order of time, and make everything above them
        anew; the number that was good. Raises IntervalNotStored, Unavailable.
        """
        return await self._history.import_candles(pair, interval, candles)

    def backfill(
        self, history: CandleHistory, pair: Pair, interval: Interval, *, from_ms: int, to_ms: int
    ) -> AsyncIterator[Step]:
        """Fetch and take what a source has of from_ms … to_ms − 1; see `History.backfill`."""
        return self._history.backfill(history, pair, interval, from_ms=from_ms, to_ms=to_ms)

    def import_archive(self, folder: Path) -> AsyncIterator[ArchiveStep]:
        """Take every candle of the archive files in `folder`; see `History.import_archive`."""
        return self._history.import_archive(folder)

    async def flush(self) -> None:
        """Save what is closed now instead of in a second. Raises Unavailable."""
        await self._keeper.flush()

    def _note(self, pair: Pair, candle: Candle) -> None:
        """A closed candle is new or changed."""
        self.reading.note(pair, candle)
        for listener in self.listeners:
            listener(pair, candle)

    def _close(self, pair: Pair, candle: Candle) -> None:
        if candle.interval is not Interval.SECOND:
            self._keeper.unsaved.add(pair, candle)
        self._note(pair, candle)

    def _closed(self, pair: Pair, candles: Sequence[Candle]) -> None:
        """Cascades closed or amended these."""
        for candle in candles:
            self._close(pair, candle)

    def _stored(self, pair: Pair, candles: Sequence[Candle]) -> None:
        """Candles of the past went to the store."""
        self._known.add(pair)
        for candle in candles:
            self._note(pair, candle)

    async def _import_late(self) -> None:
        await self._history.import_late()

    async def _close_overdue(self, overdue: Sequence[PairCandle]) -> None:
        """In the background of a start, again while the database is away."""
        while True:
            try:
                await self._history.close_overdue(overdue)
            except Unavailable as error:
                log.warning("overdue_candles_wait", reason=error.code)
                await asyncio.sleep(OVERDUE_EVERY_S)
            else:
                return


def make_candles(settings: Settings, database: Database, clock: Clock) -> Candles:
    """The candles of this database and of its archive folder; the feed opens them."""
    archive = Archive(settings.archive_dir or settings.data_dir / "archive")
    return Candles(
        StoredCandles(database, archive, clock),
        minute_days=settings.candles_minute_days,
        middle_months=settings.candles_middle_months,
        jump_factor=settings.candle_jump_factor,
    )


async def candles_of(connection: HTTPConnection) -> Candles:
    candles = connection.app.state.candles
    assert isinstance(candles, Candles)
    return candles


CandlesDep = Annotated[Candles, Depends(candles_of)]
