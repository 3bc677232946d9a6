"""Minutes are stored once, and hours are made of all of them, also of those that come late."""

from uuid import UUID

import pytest

from plimsoll.kernel.identifiers import new_id
from plimsoll.operations.domain.kpis import Facts, Minute, Stretch, join, sum_minutes
from plimsoll.operations.domain.uptime import ALL_SLOTS, Histogram, Rollup, Window
from plimsoll.operations.storage import rollups
from plimsoll.plumbing.database import Database

HOUR = 480_000
BEGIN = HOUR * 60
ONE, OTHER = new_id(), new_id()


def minute(at: int, *, requests: int = 1, ready: int = ALL_SLOTS) -> Minute:
    latency = Histogram.of([float(requests)] * requests)
    facts = Facts({"fills": requests}, {"exposure": at}, Histogram.of([2.0]))
    return Minute(Rollup(BEGIN + at, latency, requests, 0, ready), facts)


async def add(database: Database, *minutes: tuple[UUID, Minute]) -> None:
    async with database.write() as unit:
        await rollups.add(unit, minutes)


async def make_hours(database: Database) -> list[int]:
    async with database.write() as unit:
        found = await rollups.find_missing_hours(unit, Window(BEGIN, BEGIN + 600), limit=9)
        for hour in found:
            minutes = await rollups.list_minutes(unit, Window(hour * 60, hour * 60 + 60))
            await rollups.add_hour(unit, hour, sum_minutes(minutes))
    return found


async def read(database: Database, since: int, until: int) -> tuple[int, int, Stretch]:
    async with database.read() as unit:
        hours, minutes = await rollups.read(unit, Window(BEGIN + since, BEGIN + until))
    together = join([*(each for _, each in hours), sum_minutes(minutes)])
    return len(hours), len(minutes), together


async def test_a_minute_is_read_as_it_was_stored(database: Database) -> None:
    await add(database, (ONE, minute(3, requests=2)))

    async with database.read() as unit:
        assert await rollups.list_minutes(unit, Window(BEGIN, BEGIN + 60)) == [
            minute(3, requests=2)
        ]
        assert await rollups.find_first_whole(unit) == BEGIN + 4


async def test_a_minute_that_is_stored_again_counts_once(database: Database) -> None:
    await add(database, (ONE, minute(3, requests=2)))
    await add(database, (ONE, minute(3, requests=2)), (OTHER, minute(3, requests=5)))

    _, _, together = await read(database, 0, 60)

    assert (together.requests, together.known, together.held) == (7, 1, 1)
    assert dict(together.facts.counts) == {"fills": 7}


async def test_hours_answer_as_their_minutes_did(database: Database) -> None:
    told = [
        (process, minute(at, requests=at % 5, ready=ready))
        for at in range(30, 200)
        for process, ready in ((ONE, 0b000111), (OTHER, ALL_SLOTS if at % 7 else 0))
    ]
    await add(database, *told)
    before = [await read(database, *window) for window in ((0, 240), (30, 200), (61, 119))]

    assert await make_hours(database) == [HOUR + 3, HOUR + 2, HOUR + 1, HOUR]
    after = [await read(database, *window) for window in ((0, 240), (30, 200), (61, 119))]

    assert [each[2] for each in after] == [each[2] for each in before]
    # Only hours that lie in the window; the rest is read from the minutes.
    assert [each[:2] for each in after] == [(4, 0), (2, 100), (0, 116)]
    assert await make_hours(database) == []


async def test_an_hour_is_made_again_when_one_of_its_minutes_comes_late(database: Database) -> None:
    await add(database, (ONE, minute(3)))
    await make_hours(database)

    await add(database, (OTHER, minute(4, requests=6)))
    assert (await read(database, 0, 60))[2].requests == 7
    assert await make_hours(database) == [HOUR]

    hours, _, together = await read(database, 0, 60)
    assert (hours, together.requests, together.known) == (1, 7, 2)


async def test_what_is_old_is_forgotten(database: Database) -> None:
    await add(database, (ONE, minute(3)), (ONE, minute(70)))
    await make_hours(database)

    async with database.write() as unit:
        await rollups.forget(unit, minutes_before=BEGIN + 100, hours_before=HOUR + 1)

    assert (await read(database, 0, 60))[:2] == (0, 0)
    assert (await read(database, 60, 120))[:2] == (1, 0)
    async with database.read() as unit:  # nobody knows any more when in that hour it began
        assert await rollups.find_first_whole(unit) == BEGIN + 120


@pytest.mark.parametrize("window", [Window(5, 5), Window(7, 3)])
async def test_an_empty_window_has_nothing(database: Database, window: Window) -> None:
    async with database.read() as unit:
        assert await rollups.read(unit, window) == ([], [])
        assert await rollups.find_first_whole(unit) is None
