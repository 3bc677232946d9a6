"""The audit log for other slices: add to it, and prove that it is as it was written."""

from typing import Final

from plimsoll.access.domain.audit import Happening, Verdict, Walk
from plimsoll.access.storage import audit
from plimsoll.plumbing.database import Database, Unit

BATCH: Final = 2_000

append = audit.append
"""Add what another slice does in its own transaction, as the last statement of it."""

append = audit.append
"""Add what another slice does, in the transaction in which it does it, as its last statement."""


async def record(database: Database, happening: Happening) -> None:
    """Add what another slice has done, in a transaction of its own; it is durable when this
    returns. Raises Unavailable.
    """

    async def work(unit: Unit) -> None:
        await audit.append(unit, happening)

    await database.transact(work)


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
