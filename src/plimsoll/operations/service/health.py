"""Whether the service can do its work.

Live: the event loop answers. Ready: PostgreSQL takes writes within a second. A price source that is
away never makes the service unready, for ledgers can still be kept; it is named as degraded. So are
limits that this process counts alone because the shared count is away, and whatever a judge names
that the application adds.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import Unavailable
from plimsoll.markets.service.prices import Prices
from plimsoll.operations.storage import health as storage
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.limits import Limiter

PROBE_WITHIN_S: Final = 1.0
KEEP_S: Final = 0.5
"""An answer is good for this long, so that probes cannot load the database."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """`degraded` names what is away without keeping the service from its work."""

    ready: bool
    degraded: tuple[str, ...]


class Health:
    """Judges readiness; remembers the last judgement for half a second."""

    def __init__(self, database: Database, prices: Prices, clock: Clock, limiter: Limiter) -> None:
        self._database = database
        self._limiter = limiter
        self._prices = prices
        self._clock = clock
        self._last: Readiness | None = None
        self._judged_s = 0.0
        self._one_at_a_time = asyncio.Lock()
        self.judges: list[Callable[[], str | None]] = []
        """What else is away, by its name; None while it is not."""

    async def readiness(self) -> Readiness:
        async with self._one_at_a_time:
            now_s = self._clock.monotonic()
            if self._last is None or now_s - self._judged_s > KEEP_S:
                self._last = Readiness(await self._takes_writes(), self._degraded())
                self._judged_s = now_s
            return self._last

    async def _takes_writes(self) -> bool:
        try:
            async with asyncio.timeout(PROBE_WITHIN_S):
                await storage.take_transaction_number(self._database)
        except (Unavailable, TimeoutError):
            return False
        return True

    def _degraded(self) -> tuple[str, ...]:
        board = self._prices.board
        silent_s = self._clock.monotonic() - board.last_received_s
        prices = ("prices",) if silent_s > board.stale_after_s else ()
        limits = ("limits",) if self._limiter.degraded else ()
        return (*prices, *limits, *filter(None, (judge() for judge in self.judges)))
