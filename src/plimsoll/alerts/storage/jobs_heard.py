"""Which jobs those who want to know were told of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from plimsoll.plumbing.database import ReadUnit, Unit

READ: Final = "select until, ids, ended_at from alert_jobs_heard"
KEEP: Final = "update alert_jobs_heard set until = $1, ids = $2, ended_at = $3"


class JobsHeard(NamedTuple):
    """Which jobs were told: all that had ended `until` then by the clock of the database, and of
    the last moments before it these, with when they had.
    """

    until: datetime
    ended: Mapping[UUID, datetime]


async def read(unit: ReadUnit) -> JobsHeard:
    row = await unit.fetchrow(READ)
    assert row is not None
    return JobsHeard(row["until"], dict(zip(row["ids"], row["ended_at"], strict=True)))


async def keep(unit: Unit, heard: JobsHeard) -> None:
    await unit.execute(KEEP, heard.until, list(heard.ended), list(heard.ended.values()))
