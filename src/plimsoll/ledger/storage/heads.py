"""How far each person's ledger is.

A person's ledger is written in one order: every write first locks and advances that person's row,
so its `version` is both the sequence of the transaction and the sign that something changed.
"""

from collections.abc import Sequence

from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import ReadUnit, Unit

ADVANCE = """
    insert into ledger_heads (user_id, version) values ($1, $2)
    on conflict (user_id) do update set version = ledger_heads.version + $2
    returning version
"""


async def lock_head(unit: Unit, user_id: UserId) -> int:
    """The sequence of the next transaction; nobody else writes this ledger until the unit ends."""
    return await advance(unit, user_id, 1)


async def advance(unit: Unit, user_id: UserId, count: int) -> int:
    """The last of the next `count` sequences; with 0 the ledger is only taken, as by a lock."""
    version: int = await unit.fetchval(ADVANCE, user_id, count)
    return version


FIND_VERSIONS = "select user_id, version from ledger_heads where user_id = any($1)"


async def list_versions(unit: ReadUnit, user_ids: Sequence[UserId]) -> dict[UserId, int]:
    """How far each ledger is; people without one are missing."""
    rows = await unit.fetch(FIND_VERSIONS, user_ids)
    return {row["user_id"]: row["version"] for row in rows}
