"""Guesses at one account are judged one by one, so that a volley cannot outrun the lock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from plimsoll.access.service.hashing import Busy

LANES: Final = 256
LONGEST_QUEUE: Final = 256


class Turns:
    """One lane per first byte of the account's hash.

    Strangers who share a lane wait a few hash times for it.
    """

    def __init__(self) -> None:
        self._lanes = tuple(asyncio.Lock() for _ in range(LANES))
        self._waiting = [0] * LANES

    @asynccontextmanager
    async def take(self, email_hash: bytes) -> AsyncIterator[None]:
        """Hold the account's turn; raises Busy when too many are waiting for it."""
        lane = email_hash[0]
        if self._waiting[lane] >= LONGEST_QUEUE:
            raise Busy("try again shortly", retry_after_s=1)
        self._waiting[lane] += 1
        try:
            async with self._lanes[lane]:
                yield
        finally:
            self._waiting[lane] -= 1
