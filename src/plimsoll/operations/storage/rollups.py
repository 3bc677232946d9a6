"""Minutes of processes, and hours of all of them.

Whoever adds a minute or makes an hour holds one lock until the end of its transaction, so that an
hour never misses a minute that was there before it.
"""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from plimsoll.operations.domain.kpis import Facts, Minute, Stretch
from plimsoll.operations.domain.uptime import Histogram, Rollup, Window
from plimsoll.plumbing.database import ReadUnit, Unit

LOCK: Final = 0x706C_6D73_726F_6C6C
"""`plmsroll`"""

TAKE_LOCK: Final = "select pg_advisory_xact_lock($1)"
ADD: Final = """
    with added as (
        insert into minute_rollups (minute, process, requests, errors, ready, latency, facts)
        select * from unnest($1::int[], $2::uuid[], $3::bigint[], $4::bigint[], $5::smallint[],
            $6::json[], $7::json[])
        on conflict do nothing returning minute / 60 as hour
    )
    delete from hour_rollups where hour in (select hour from added)
"""


async def add(unit: Unit, minutes: Sequence[tuple[UUID, Minute]]) -> None:
    """What is there already is the same and stays; an hour that lacked one will be made again."""
    await unit.execute(TAKE_LOCK, LOCK)
    rows = [
        (
            each.rollup.minute,
            process,
            each.rollup.requests,
            each.rollup.errors,
            each.rollup.ready,
            _write(each.rollup.latency.counts),
            _write_facts(each.facts),
        )
        for process, each in minutes
    ]
    await unit.execute(ADD, *zip(*rows, strict=True))


FIND_MISSING: Final = """
    select distinct minute / 60 as hour from minute_rollups m
    where minute >= $1 and minute < $2
        and not exists (select from hour_rollups h where h.hour = m.minute / 60)
    order by hour desc limit $3
"""


async def find_missing_hours(unit: Unit, window: Window, *, limit: int) -> list[int]:
    """Hours with minutes in the window that are not made, the latest first; takes the lock."""
    await unit.execute(TAKE_LOCK, LOCK)
    rows = await unit.fetch(FIND_MISSING, window.since, window.until, limit)
    return [row["hour"] for row in rows]


MAKE: Final = """
    insert into hour_rollups (hour, requests, errors, known, held, latency, facts)
    values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing
"""


async def add_hour(unit: Unit, hour: int, stretch: Stretch) -> None:
    await unit.execute(
        MAKE,
        hour,
        stretch.requests,
        stretch.errors,
        stretch.known,
        stretch.held,
        _write(stretch.latency.counts),
        _write_facts(stretch.facts),
    )


LIST_MINUTES: Final = """
    select minute, requests, errors, ready, latency, facts from minute_rollups
    where minute >= $1 and minute < $2 order by minute
"""


async def list_minutes(unit: ReadUnit, window: Window) -> list[Minute]:
    return [_minute(row) for row in await unit.fetch(LIST_MINUTES, window.since, window.until)]


LIST_MARKS: Final = """
    select hour / 24 as day, array_agg(xmin::text order by hour) as marks from hour_rollups
    where hour >= ($1::int + 59) / 60 and hour < $2::int / 60
    group by 1 having count(*) = 24
"""


async def list_marks(unit: ReadUnit, window: Window) -> dict[int, tuple[str, ...]]:
    """Days that lie in the window and have all their hours made: a mark of each hour, which is
    another one when the hour was made again.
    """
    rows = await unit.fetch(LIST_MARKS, window.since, window.until)
    return {row["day"]: tuple(row["marks"]) for row in rows}


AT_ONCE: Final = 48
"""Rows that are decoded before others have their turn; a few milliseconds."""
READ: Final = """
    with hours as materialized (
        select * from hour_rollups
        where hour >= ($1::int + 59) / 60 and hour < $2::int / 60 and hour / 24 <> all ($3::int[])
    ),
    gaps as (
        select hour from generate_series($1::int / 60, ($2::int - 1) / 60) hour
        where hour / 24 <> all ($3::int[])
            and not exists (select from hours where hours.hour = hour.hour)
    )
    select hour * 60 as minute, requests, errors, 0 as ready, known, held, latency, facts
    from hours
    union all
    select m.minute, m.requests, m.errors, m.ready, null, null, m.latency, m.facts
    from gaps cross join lateral (
        select * from minute_rollups m
        where m.minute >= greatest(gaps.hour * 60, $1) and m.minute < least(gaps.hour * 60 + 60, $2)
    ) m
    order by minute
"""


async def read(
    unit: ReadUnit, window: Window, *, without: Collection[int] = ()
) -> tuple[list[tuple[int, Stretch]], list[Minute]]:
    """What is known of a window but for some days: hours that lie in it, each with its first
    minute, and the minutes of what is not made into hours or is part of one only.
    """
    hours = list[tuple[int, Stretch]]()
    minutes = list[Minute]()
    if not window.minutes:
        return hours, minutes
    rows = await unit.fetch(READ, window.since, window.until, list(without))
    for done, row in enumerate(rows, start=1):
        if done % AT_ONCE == 0:
            await asyncio.sleep(0)
        if row["known"] is None:
            minutes.append(_minute(row))
        else:
            hours.append((row["minute"], _stretch(row)))
    return hours, minutes


FIRST_WHOLE: Final = """
    select least((select min(minute) + 1 from minute_rollups),
        (select (min(hour) + 1) * 60 from hour_rollups)) as first
"""


async def find_first_whole(unit: ReadUnit) -> int | None:
    """The first minute that is known to have been whole, of all that is still kept: the service
    began within the one before, or within the hour before where only hours are left. None before
    the first.
    """
    first: int | None = await unit.fetchval(FIRST_WHOLE)
    return first


async def forget(unit: Unit, *, minutes_before: int, hours_before: int) -> None:
    """Minutes and hours that lie before these."""
    await unit.execute("delete from minute_rollups where minute < $1", minutes_before)
    await unit.execute("delete from hour_rollups where hour < $1", hours_before)


class _StoredFacts(msgspec.Struct, forbid_unknown_fields=False):
    counts: dict[str, int]
    gauges: dict[str, int]
    lag: tuple[tuple[int, int], ...]


_COUNTS: Final = msgspec.json.Decoder(tuple[tuple[int, int], ...])
_FACTS: Final = msgspec.json.Decoder(_StoredFacts)


def _write(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _write_facts(facts: Facts) -> str:
    return _write(_StoredFacts(dict(facts.counts), dict(facts.gauges), facts.lag.counts))


def _facts(text: str) -> Facts:
    stored = _FACTS.decode(text)
    return Facts(stored.counts, stored.gauges, Histogram(stored.lag))


def _minute(row: asyncpg.Record) -> Minute:
    latency = Histogram(_COUNTS.decode(row["latency"]))
    rollup = Rollup(row["minute"], latency, row["requests"], row["errors"], row["ready"])
    return Minute(rollup, _facts(row["facts"]))


def _stretch(row: asyncpg.Record) -> Stretch:
    return Stretch(
        Histogram(_COUNTS.decode(row["latency"])),
        row["requests"],
        row["errors"],
        row["known"],
        row["held"],
        _facts(row["facts"]),
    )
