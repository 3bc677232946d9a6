"""How many API keys there are."""

from datetime import datetime
from typing import Final

from plimsoll.plumbing.database import ReadUnit

COUNT_USED: Final = """
    select count(*) from api_keys
    where last_used_at >= $1 and revoked_at is null
        and (expires_at is null or expires_at > $2)
"""


async def count_used(unit: ReadUnit, *, since: datetime, now: datetime) -> int:
    """Those used since then that can still be used."""
    found: int = await unit.fetchval(COUNT_USED, since, now)
    return found
