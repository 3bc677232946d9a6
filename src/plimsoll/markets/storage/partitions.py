"""The partitions of the candles: made ahead of time, dropped by retention.

A partition is made as a table of its own and then attached, so that nobody who reads or writes
candles has to wait for it. Dropping one waits for those who read or write candles then, at most the
time limit of a lock, and may be repeated.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from plimsoll.markets.domain.candles import DAY_MS
from plimsoll.markets.domain.partitions import Family, Partition, missing
from plimsoll.plumbing.database import ReadUnit, Unit

DAYS_AHEAD: Final = 3

LIST_PARTITIONS: Final = """
    select child.relname from pg_inherits
    join pg_class child on child.oid = inhrelid
    join pg_class parent on parent.oid = inhparent
    where parent.oid in ('candles_short'::regclass, 'candles_middle'::regclass)
    order by child.relname
"""

LOCK: Final = "select pg_advisory_xact_lock(hashtext('plimsoll.candles'))"
"""One at a time makes or drops partitions; writers take it only when one is missing."""

MAKE: Final = """
    create table {name} (
        like candles including defaults including constraints including indexes
    ) with (fillfactor = 90);
    alter table {family} attach partition {name} for values from ({start}) to ({end});
"""


async def list_partitions(unit: ReadUnit) -> list[Partition]:
    return [Partition.parse(row["relname"]) for row in await unit.fetch(LIST_PARTITIONS)]


async def make_partitions(
    unit: Unit, times_ms: Mapping[Family, Iterable[int]], now_ms: int
) -> list[Partition]:
    """Make what candles of these times need; those that were made."""
    wanted = {family: list(times) for family, times in times_ms.items()}
    if not _missing(await list_partitions(unit), wanted, now_ms):
        return []
    await unit.execute(LOCK)
    made = _missing(await list_partitions(unit), wanted, now_ms)
    for each in made:
        await unit.execute(
            MAKE.format(
                name=each.name, family=each.family.value, start=each.start_ms, end=each.end_ms
            )
        )
    return made


async def make_ahead(unit: Unit, now_ms: int, *, days: int = DAYS_AHEAD) -> list[Partition]:
    """What the candles of now and the next days need, so that a write need not make it."""
    times_ms = [now_ms + day * DAY_MS for day in range(days + 1)]
    return await make_partitions(unit, dict.fromkeys(Family, times_ms), now_ms)


async def drop_before(unit: Unit, family: Family, end_ms: int) -> list[Partition]:
    """Drop the partitions that end by then; those that were dropped."""
    old = [
        each
        for each in await list_partitions(unit)
        if each.family is family and each.end_ms <= end_ms
    ]
    for each in old:
        await unit.execute(f"drop table {each.name}")
    return old


def _missing(
    existing: list[Partition], wanted: Mapping[Family, list[int]], now_ms: int
) -> list[Partition]:
    return [
        each
        for family, times in wanted.items()
        for each in missing(existing, family, times, now_ms=now_ms)
    ]
