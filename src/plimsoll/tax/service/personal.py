"""Tax reports and decisions of one person, handed out and removed."""

from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import Unit
from plimsoll.plumbing.personal import Section, remove
from plimsoll.tax.storage import personal as storage


def export_of() -> tuple[Section, ...]:
    return storage.SECTIONS


async def erase_of(unit: Unit, user_id: UserId) -> dict[str, int]:
    """In the transaction of an erasure."""
    return await remove(unit, storage.REMOVALS, user_id)
