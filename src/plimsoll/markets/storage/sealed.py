"""Which months are sealed in which files, and when PostgreSQL may let go of their rows.

The horizon of a sealed month is the oldest transaction that was under way before its rows were
read: what that one or a later one wrote may be missing in the file. So a partition is dropped only
while nobody writes, and only when it has no row from beyond the horizon; else its month is sealed
again first.
"""

from dataclasses import dataclass
from typing import BinaryIO, Final

from plimsoll.markets.domain.candles import Interval
from plimsoll.markets.domain.partitions import Partition
from plimsoll.markets.storage.archive import SealedFile
from plimsoll.markets.storage.partitions import LOCK
from plimsoll.plumbing.database import ReadUnit, Unit


@dataclass(frozen=True, slots=True)
class SealedMonth:
    interval: Interval
    month_ms: int
    file: str


FIND_HORIZON: Final = "select pg_snapshot_xmin(pg_current_snapshot())::text"

LIST_PAIR_IDS: Final = "select id from pairs order by base, quote"

EXPORT: Final = """
    select base, quote, open_time_ms, open, high, low, close, volume, trades, amended
    from candles join pairs on pairs.id = pair_id
    where interval = $1 and pair_id = $2 and open_time_ms >= $3 and open_time_ms < $4
    and not forming
    order by open_time_ms
"""

LIST_SEALED: Final = """
    select interval, month_ms, file from sealed_months
    where interval = $1 and month_ms >= $2 and month_ms < $3
    order by month_ms
"""

LIST_FILES: Final = "select file from sealed_months"

SAVE_SEALED: Final = """
    insert into sealed_months (interval, month_ms, file, rows, sha256, horizon)
    values ($1, $2, $3, $4, $5, $6::text::xid8)
    on conflict (interval, month_ms) do update set
        file = excluded.file, rows = excluded.rows, sha256 = excluded.sha256,
        horizon = excluded.horizon, sealed_at = now()
"""

HAS_UNSEALED: Final = """
    select exists (
        select from {name} as leaf
        left join sealed_months as month on month.interval = leaf.interval and month.month_ms = $1
        where month.horizon is null or age(leaf.xmin) <= age(month.horizon::xid)
    )
"""


FORGET_HORIZONS: Final = "update sealed_months set horizon = '3'::xid8"
"""The first transaction of any database: every row is later."""


async def forget_horizons(unit: Unit) -> None:
    await unit.execute(FORGET_HORIZONS)


async def find_horizon(unit: ReadUnit) -> str:
    return str(await unit.fetchval(FIND_HORIZON))


async def export_month(unit: ReadUnit, output: BinaryIO, interval: Interval, month_ms: int) -> int:
    """Write the closed candles of a month as CSV, pair by pair; their number."""
    end_ms = Interval.MONTH.next_start(month_ms)
    ids = [row["id"] for row in await unit.fetch(LIST_PAIR_IDS)]
    rows = 0
    for pair_id in ids:
        rows += await unit.copy_csv(output, EXPORT, interval.value, pair_id, month_ms, end_ms)
    return rows


async def list_sealed(
    unit: ReadUnit, interval: Interval, *, from_ms: int, to_ms: int
) -> list[SealedMonth]:
    """The sealed months that reach into from_ms … to_ms − 1, in the order of time."""
    first_ms = Interval.MONTH.bucket_start(from_ms)
    rows = await unit.fetch(LIST_SEALED, interval.value, first_ms, to_ms)
    return [SealedMonth(Interval(row["interval"]), row["month_ms"], row["file"]) for row in rows]


async def list_files(unit: ReadUnit) -> set[str]:
    """Every file that a month has."""
    return {row["file"] for row in await unit.fetch(LIST_FILES)}


async def save_sealed(
    unit: Unit, interval: Interval, month_ms: int, file: SealedFile, horizon: str
) -> None:
    await unit.execute(
        SAVE_SEALED, interval.value, month_ms, file.name, file.rows, file.sha256, horizon
    )


async def drop_if_sealed(unit: Unit, partition: Partition) -> bool:
    """Drop a partition all of whose rows are in files; False when some are not.

    Locks the table above it, as everybody does first; while the rows are looked at writers wait,
    and readers only for the moment of dropping.
    """
    await unit.execute(LOCK)
    await unit.execute(f"lock table only {partition.family.value} in share mode")
    month_ms = Interval.MONTH.bucket_start(partition.start_ms)
    if await unit.fetchval(HAS_UNSEALED.format(name=partition.name), month_ms):
        return False
    await unit.execute(f"drop table {partition.name}")
    return True
