"""Alerts of one person, handed out and removed; those of everybody forgotten in time."""

from datetime import datetime

from plimsoll.alerts.storage import personal as storage
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import Unit
from plimsoll.plumbing.personal import Section, remove


def export_of() -> tuple[Section, ...]:
    return storage.SECTIONS


async def erase_of(unit: Unit, user_id: UserId) -> dict[str, int]:
    """In the transaction of an erasure."""
    return await remove(unit, storage.REMOVALS, user_id)


async def forget_before(unit: Unit, at: datetime) -> None:
    """What was told, and conditions that were removed, of everybody."""
    await storage.forget_before(unit, at)
