"""After a start: what was traded while the process was away is fetched, one job for each pair.

A source repairs by itself what it missed since it was opened. What came before that only the store
knows: it has candles up to where the process ended. As soon as a source that lists the pair is
there, a backfill begins a little before that place, the most traded pairs first. It ends at
whatever moment it is done, so one that was interrupted covers what came after as well.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog

from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import DAY_MS, MINUTE_MS, Interval
from plimsoll.markets.domain.failover import SourceState
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service.backfills import Backfills, NoHistory
from plimsoll.markets.service.intake import Intake
from plimsoll.markets.service.prices import Prices
from plimsoll.markets.storage import overview
from plimsoll.plumbing.database import Database

LOOK_EVERY_S: Final = 1.0
OVERLAP_MS: Final = 10 * MINUTE_MS
"""The last minutes before an end may lack what was not repaired yet."""
FARTHEST_MS: Final = 7 * DAY_MS
"""Ten requests for each pair; who wants more asks for a backfill."""
MOST_PAIRS: Final = 500
USD: Final = AssetId("usd")

log = structlog.get_logger(__name__)


async def list_stopped(database: Database, now_ms: int) -> dict[Pair, int]:
    """From when on minutes are missing, of each pair that has minutes but not those up to now.
    Raises Unavailable.
    """
    minute_ms = Interval.MINUTE.bucket_start(now_ms)
    async with database.read() as unit:
        newest = await overview.list_newest(unit, Interval.MINUTE, to_ms=minute_ms)
    return {
        pair: max(candle.open_time_ms - OVERLAP_MS, minute_ms - FARTHEST_MS)
        for pair, candle in newest
        if candle.forming or candle.open_time_ms < minute_ms - MINUTE_MS
    }


class CatchingUp:
    """Runs once, beside the feed."""

    def __init__(
        self,
        stopped: Mapping[Pair, int],
        *,
        database: Database,
        backfills: Backfills,
        intake: Intake,
        prices: Prices,
    ) -> None:
        """`stopped` is what `list_stopped` gave before anything was taken from a source."""
        self._waiting = dict(stopped)
        self._database = database
        self._backfills = backfills
        self._intake = intake
        self._prices = prices
        self._left = MOST_PAIRS

    async def run(self) -> None:
        """Ends when every pair has its job; pairs that no source lists go on waiting."""
        while self._waiting and self._left:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self._start_jobs()
            except Unavailable as error:
                log.warning("catching_up_waits", reason=error.code, pairs=len(self._waiting))
            except Exception:
                log.exception("catching_up_broke")
        if self._waiting:
            log.warning("holes_left", pairs=len(self._waiting))

    async def _start_jobs(self) -> None:
        if any(
            one.state is SourceState.STARTING and one.error is None
            for one in self._intake.list_sources()
        ):
            return  # a preferred source may yet have the pair
        started = 0
        for pair in sorted(self._waiting, key=self._turnover, reverse=True):
            if not self._left:
                break
            try:
                await self._backfills.start_catching_up(
                    self._database, pair, from_ms=self._waiting[pair]
                )
            except NoHistory:
                continue
            del self._waiting[pair]
            self._left -= 1
            started += 1
        if started:
            log.info("catching_up", pairs=started, waiting=len(self._waiting))

    def _turnover(self, pair: Pair) -> float:
        """What is traded of it in a day, in dollars, as far as that is known."""
        board, clock = self._prices.board, self._prices.clock
        try:
            volume = board.get_entry(pair).price.volume_24h
        except KeyError:
            return 0.0
        unit = board.find(pair.quote, USD, clock.monotonic(), clock.now())
        return float(volume * unit.value) if volume and unit else 0.0
