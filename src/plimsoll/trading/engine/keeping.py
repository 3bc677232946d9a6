"""Snapshots beside the writer's work: copied between two batches, packed and stored meanwhile."""

import asyncio
import gc

import structlog

from plimsoll.kernel.errors import PlimsollError
from plimsoll.plumbing.database import Database
from plimsoll.trading.domain import restoring
from plimsoll.trading.domain.restoring import Snapshot
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine import recovery
from plimsoll.trading.engine.present import Present

log = structlog.get_logger(__name__)


class Keeper:
    """Takes a snapshot every so many commands. `seq`: of the last one, or where the next interval
    begins. A snapshot that cannot be stored is no reason to stop: the next one is tried sooner.
    """

    def __init__(self, database: Database, *, every: int) -> None:
        self.seq = 0
        self._database = database
        self._every = every
        self._saving: asyncio.Task[None] | None = None

    def look_at(self, present: Present) -> None:
        """`present` is what the journal says; when it is time, a copy of it will be stored."""
        if present.venue.seq - self.seq < self._every:
            return
        if self._saving is None or self._saving.done():
            self._begin(present)

    async def finish(self, present: Present) -> None:
        """A last one, so that the next start has nothing to replay."""
        if self._saving is not None:
            await self._saving
        if present.venue.seq != self.seq:
            await self._begin(present)

    def cancel(self) -> None:
        if self._saving is not None:
            self._saving.cancel()

    def _begin(self, present: Present) -> "asyncio.Task[None]":
        snapshot = copy(present.venue)
        self.seq = snapshot.seq
        self._saving = asyncio.create_task(self._save(snapshot, present.chain))
        return self._saving

    async def _save(self, snapshot: Snapshot, chain: str) -> None:
        try:
            await recovery.save(self._database, snapshot, chain)
        except PlimsollError as error:
            log.warning("snapshot_failed", code=error.code)
            self.seq -= self._every * 9 // 10
        except Exception:
            log.exception("snapshot_failed")
            self.seq -= self._every * 9 // 10


def copy(venue: Venue) -> Snapshot:
    """Everything waits for it. Without the collector, which would look at all the new tuples
    again and again: a third of the time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return restoring.take(venue)
    finally:
        if collecting:
            gc.enable()
