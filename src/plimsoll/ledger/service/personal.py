"""The ledger of one person, handed out and removed."""

from plimsoll.kernel.identifiers import UserId
from plimsoll.ledger.storage import personal as storage
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.plumbing.personal import Section, remove


def export_of() -> tuple[Section, ...]:
    return storage.SECTIONS


async def erase_of(unit: Unit, user_id: UserId) -> dict[str, int]:
    """In the transaction of an erasure; whoever writes for the person has ended or waits."""
    await unit.execute(storage.HOLD, user_id)
    return await remove(unit, storage.REMOVALS, user_id)


async def count_transactions(unit: ReadUnit) -> int:
    """Of everybody."""
    return int(await unit.fetchval(storage.COUNT))
