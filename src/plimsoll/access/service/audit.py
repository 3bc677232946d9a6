"""Prove that the audit log is as it was written."""

from typing import Final

from plimsoll.access.domain.audit import Verdict, Walk
from plimsoll.access.storage import audit
from plimsoll.plumbing.database import Database

BATCH: Final = 2_000


async def verify(database: Database) -> Verdict:
    """Walk over the whole log in batches; memory does not grow with it.

    The recorded head is read first, so rows that are added during the walk do not disturb it.
    """
    walk = Walk()
    async with database.read() as unit:
        recorded = await audit.read_head(unit)
        while walk.sequence < recorded.sequence:
            limit = min(BATCH, recorded.sequence - walk.sequence)
            rows = await audit.read_after(unit, walk.sequence, limit=limit)
            if not rows:
                break
            if (broken := walk.take(rows)) is not None:
                return broken
        return walk.finish(recorded)
