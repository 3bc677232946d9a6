"""What is forgotten once a day because nobody needs it any more.

What has a housekeeper of its own (sessions, idempotency keys, jobs, imports, candles, rollups) is
not here; docs/operating.md has the table of all.
"""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from plimsoll.access.service import personal as access
from plimsoll.alerts.service import personal as alerts
from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import Unavailable
from plimsoll.plumbing.database import Database, Unit

log = structlog.get_logger(__name__)

EVERY_S: Final = 86_400.0


async def forget_old(database: Database, clock: Clock, *, keep_days: int) -> None:
    """Raises Unavailable."""
    before = clock.now() - timedelta(days=keep_days)

    async def work(unit: Unit) -> None:
        await unit.lift_limits()
        await alerts.forget_before(unit, before)
        await access.forget_places_before(unit, before)
        await access.forget_keys_before(unit, before)

    await database.transact(work)


async def keep_house(database: Database, clock: Clock, *, keep_days: int) -> None:
    """Until cancelled."""
    while True:
        try:
            await forget_old(database, clock, keep_days=keep_days)
        except Unavailable as error:
            log.warning("retention_waits", reason=error.code)
        except Exception:
            log.exception("retention_failed")
        await asyncio.sleep(EVERY_S)
