"""How many API keys are in use."""

from datetime import datetime, timedelta
from typing import Final

from plimsoll.access.storage import key_counts
from plimsoll.plumbing.database import ReadUnit

IN_USE: Final = timedelta(hours=24)


async def count_active(unit: ReadUnit, now: datetime) -> int:
    """Keys used within the last day, neither revoked nor expired."""
    return await key_counts.count_used(unit, since=now - IN_USE, now=now)
