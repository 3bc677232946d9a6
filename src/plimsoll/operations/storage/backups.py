"""What a backup asks of a database of any revision."""

from plimsoll.plumbing.database import ReadUnit


async def has_table(unit: ReadUnit, name: str) -> bool:
    return bool(await unit.fetchval("select to_regclass($1) is not null", name))
