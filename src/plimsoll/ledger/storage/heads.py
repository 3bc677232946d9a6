"""How far each person's ledger is.

A person's ledger is written in one order: every write first locks and advances that person's row,
so its `version` is both the sequence of the transaction and the sign that something changed.
"""

from collections.abc import Sequence

from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import ReadUnit, Unit

LOCK_HEAD = """
    insert into ledger_heads (user_id, version) values ($1, 1)
    on conflict (user_id) do update set version = ledger_heads.version + 1
    returning version
"""


async def lock_head(unit: Unit, user_id: UserId) -> int:
    """The sequence of the next transaction; nobody else writes this ledger until the unit ends."""
    version: int = await unit.fetchval(LOCK_HEAD, user_id)
    return version


FIND_VERSIONS = "select user_id, version from ledger_heads where user_id = any($1)"


async def list_versions(unit: ReadUnit, user_ids: Sequence[UserId]) -> dict[UserId, int]:
    """How far each ledger is; people without one are missing."""
    rows = await unit.fetch(FIND_VERSIONS, user_ids)
    return {row["user_id"]: row["version"] for row in rows}
