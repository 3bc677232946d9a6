"""How candles get into the store and out of it again, without a request.

Closed candles wait in memory until they are saved, a second or two; those that form are laid aside
every few seconds. While the database is away they go on waiting, the newest value of each bucket,
and nothing is lost until there are more than a night brings.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog
from prometheus_client import Counter, Gauge

from plimsoll.kernel.errors import PlimsollError, Unavailable
from plimsoll.markets.domain.candles import DAY_MS, HOUR_MS, Candle, Interval
from plimsoll.markets.domain.partitions import Family
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service.making import Making, PairCandle
from plimsoll.markets.storage.store import CandleStore

log = structlog.get_logger(__name__)

SAVE_EVERY_S: Final = 1.0
FORMING_EVERY: Final = 5
"""Rounds of saving between two of the forming candles."""
RETIRE_EVERY_S: Final = 86_400.0
BATCH: Final = 10_000
MOST_UNSAVED: Final = 500_000
PAIRS_AT_ONCE: Final = 50
"""Pairs whose forming candles are put together before others have their turn."""

WAITING: Final = Gauge("market_candles_unsaved", "Closed candles that wait to be saved.")
LOST: Final = Counter("market_candles_lost", "Closed candles that could not be kept in memory.")

Key = tuple[Pair, Interval]


class Unsaved:
    """Closed candles that are not stored yet; of several for one bucket the last one counts."""

    def __init__(self, *, most: int = MOST_UNSAVED) -> None:
        self._candles: dict[Key, dict[int, Candle]] = {}
        self._count = 0
        self._most = most

    def __len__(self) -> int:
        return self._count

    def add(self, pair: Pair, candle: Candle) -> None:
        waiting = self._candles.setdefault((pair, candle.interval), {})
        if candle.open_time_ms not in waiting:
            if self._count >= self._most:
                LOST.inc()
                return
            self._count += 1
        waiting[candle.open_time_ms] = candle

    def find(self, key: Key) -> dict[int, Candle]:
        """What waits of one pair and interval, by open time."""
        return dict(self._candles.get(key, ()))

    def list_some(self, most: int) -> list[PairCandle]:
        """The next ones to be saved; they stay here until `settle`."""
        some = list[PairCandle]()
        for (pair, _), waiting in self._candles.items():
            some.extend((pair, candle) for candle in waiting.values())
            if len(some) >= most:
                break
        return some

    def settle(self, saved: list[PairCandle]) -> None:
        """These are stored; what was amended meanwhile goes on waiting."""
        for pair, candle in saved:
            key = (pair, candle.interval)
            waiting = self._candles.get(key)
            if waiting is None or waiting.get(candle.open_time_ms) is not candle:
                continue
            del waiting[candle.open_time_ms]
            self._count -= 1
            if not waiting:
                del self._candles[key]


class Keeper:
    """The two schedule loops; `import_late` puts late candles into the store."""

    def __init__(
        self,
        store: CandleStore,
        making: Making,
        *,
        minute_days: int,
        middle_months: int,
        import_late: Callable[[], Awaitable[None]],
    ) -> None:
        self.unsaved = Unsaved()
        self._store = store
        self._making = making
        self._minute_days = minute_days
        self._middle_months = middle_months
        self._import_late = import_late
        self._room_until_ms = -1
        self._tasks: list[asyncio.Task[None]] = []
        self._saving = asyncio.Lock()

    async def open(self) -> None:
        """Make room for what comes next, and begin."""
        await self._make_room()
        self._tasks = [
            asyncio.create_task(self._keep_saving(), name="candle-saver"),
            asyncio.create_task(self._keep_retiring(), name="candle-retirer"),
        ]

    async def close(self) -> None:
        """End, and save what is left, forming candles too."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        if self._tasks:
            self._tasks = []
            with suppress(PlimsollError):
                await self.flush()
                await self.save_forming()

    async def flush(self) -> None:
        """Save every closed candle that waits. Raises Unavailable; what is not saved stays."""
        async with self._saving:
            while some := self.unsaved.list_some(BATCH):
                await self._store.save(some)
                self.unsaved.settle(some)
                WAITING.set(len(self.unsaved))

    async def save_forming(self) -> None:
        """Lay aside what forms, of the pairs that changed; raises Unavailable."""
        changed, self._making.changed = self._making.changed, set()
        forming = list[PairCandle]()
        try:
            await self._make_room()
            for number, pair in enumerate(changed):
                forming += [(pair, each) for each in self._making.list_all_forming(pair)]
                if number % PAIRS_AT_ONCE == PAIRS_AT_ONCE - 1:
                    await asyncio.sleep(0)
            await self._store.save_forming(forming)
        except BaseException:
            self._making.changed |= changed
            raise

    async def retire(self) -> None:
        """Seal and let go of what is older than the settings want, whole months at a time."""
        now_ms, month = self._making.now_ms, Interval.MONTH
        end_ms = month.bucket_start(now_ms - self._minute_days * DAY_MS)
        await self._store.retire(Family.SHORT, end_ms=end_ms)
        end_ms = month.bucket_start(now_ms)
        for _ in range(self._middle_months):
            end_ms = month.bucket_start(end_ms - 1)
        await self._store.retire(Family.MIDDLE, end_ms=end_ms)

    async def _make_room(self) -> None:
        """Partitions for now and the next days; again when an hour has gone by."""
        now_ms = self._making.now_ms
        if now_ms >= self._room_until_ms:
            await self._store.make_ahead(now_ms)
            self._room_until_ms = now_ms + HOUR_MS

    async def _keep_saving(self) -> None:
        rounds = 0
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            rounds += 1
            try:
                await self.flush()
                await self._import_late()
                if rounds % FORMING_EVERY == 0:
                    await self.save_forming()
            except Unavailable as error:
                log.warning("candles_wait", reason=error.code, waiting=len(self.unsaved))
            except Exception:
                log.exception("candles_not_saved", waiting=len(self.unsaved))

    async def _keep_retiring(self) -> None:
        while True:
            try:
                await self.retire()
            except Unavailable as error:
                log.warning("candles_not_retired", reason=error.code)
            except Exception:
                log.exception("candles_not_retired")
            await asyncio.sleep(RETIRE_EVERY_S)
