"""What has changed in a ledger since somebody looked."""

from datetime import datetime

from plimsoll.kernel.identifiers import AssetId, UserId
from plimsoll.plumbing.database import ReadUnit

FIND_VERSION = "select version from ledger_heads where user_id = $1"
FIND_EARLIEST = """
    select min(coalesce(v.occurred_at, t.occurred_at)) from transactions t
    left join transactions v on v.id = t.voids
    where t.user_id = $1 and t.seq > $2
"""
LIST_ASSETS = """
    select asset_id from transactions t join legs l on l.transaction_id = t.id
    where t.user_id = $1 and t.seq > $2
    union select cost_currency from transactions t join legs l on l.transaction_id = t.id
    where t.user_id = $1 and t.seq > $2 and cost_currency is not null
    union select currency from transactions where user_id = $1 and seq > $2 and voids is null
"""


async def find_version(unit: ReadUnit, user_id: UserId) -> int:
    """How far the ledger is: the sequence of its last transaction, 0 before the first."""
    return await unit.fetchval(FIND_VERSION, user_id) or 0


async def find_earliest(unit: ReadUnit, user_id: UserId, *, since: int) -> datetime | None:
    """The earliest moment that a transaction after the sequence `since` is about; a void is about
    the moment of what it voids.
    """
    found: datetime | None = await unit.fetchval(FIND_EARLIEST, user_id, since)
    return found


async def list_assets(unit: ReadUnit, user_id: UserId, *, since: int) -> set[AssetId]:
    """Every asset and currency that transactions after the sequence `since` speak of."""
    return {row[0] for row in await unit.fetch(LIST_ASSETS, user_id, since)}
