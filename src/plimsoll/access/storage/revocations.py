"""The numbered list of what every process has to forget: users, sessions and keys, by their id.

Numbers are given under a lock that is held until the commit, so they become visible in their order
and a reader that has seen number n has seen all before it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from plimsoll.plumbing.database import ReadUnit, Unit

LOCK: Final = 0x7265766F6B65


@dataclass(frozen=True, slots=True)
class Revocation:
    sequence: int
    subject: UUID


async def append(unit: Unit, subject: UUID) -> None:
    await unit.execute("select pg_advisory_xact_lock($1)", LOCK)
    await unit.execute("insert into revocations (subject) values ($1)", subject)


async def read_last(unit: ReadUnit) -> int:
    last: int = await unit.fetchval("select coalesce(max(sequence), 0) from revocations")
    return last


async def list_after(unit: ReadUnit, sequence: int) -> list[Revocation]:
    rows = await unit.fetch(
        "select sequence, subject from revocations where sequence > $1 order by sequence", sequence
    )
    return [Revocation(*row) for row in rows]


async def delete_before(unit: Unit, at: datetime) -> None:
    """Forget what every process has long heard of."""
    await unit.execute("delete from revocations where at < $1", at)
