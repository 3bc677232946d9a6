"""The exchange in a database that was restored: who wrote before does not write on."""

from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.trading.storage import lease


async def find_epoch(unit: ReadUnit) -> int:
    """Of the last writer."""
    return (await lease.read(unit)).epoch


async def count_commands(unit: ReadUnit) -> int:
    """Of the journal."""
    return (await lease.read(unit)).seq


async def fence(unit: Unit, *, above: int) -> None:
    """Begin an epoch after this one and all before: a writer of any of them is refused from now
    on, also one that wrote to what stood here before the restore.
    """
    await lease.raise_epoch(unit, above=above)
