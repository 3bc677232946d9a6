"""What a process did in a minute is counted in memory and stored once."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.errors import Unavailable
from plimsoll.operations.domain.kpis import Minute, Period
from plimsoll.operations.domain.uptime import ALL_SLOTS, Window
from plimsoll.operations.service.health import Readiness
from plimsoll.operations.service.kpis import Kpis, minute_of
from plimsoll.operations.service.recording import SLOT_S, Recorder, Tally, until_next_slot
from plimsoll.operations.storage import rollups
from plimsoll.plumbing.database import Database, DatabaseUnavailable
from plimsoll.plumbing.telemetry import AUTH_FAILURES, Verdict
from tests.fakes.clock import ManualClock

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIRST = minute_of(BEGIN)


class Desk:
    """One process, whose seconds pass when they are told to, and that is ready while a test says
    so.
    """

    ready = True

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.clock = clock
        self.tally = Tally()
        self.kpis = Kpis(database, clock, keep_days=400)
        self.recorder = Recorder(
            database, clock, tally=self.tally, judge=self.judge, kpis=self.kpis
        )

    async def judge(self) -> Readiness:
        return Readiness(self.ready, ())

    async def pass_minutes(self, minutes: float) -> None:
        for _ in range(round(minutes * 6)):
            await self.recorder.tick()
            self.clock.advance(10)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(BEGIN)


@pytest.fixture
def desk(database: Database, clock: ManualClock) -> Desk:
    return Desk(database, clock)


async def stored(database: Database) -> list[Minute]:
    async with database.read() as unit:
        return await rollups.list_minutes(unit, Window(FIRST - 1000, FIRST + 1000))


async def test_a_minute_is_stored_when_it_is_over(desk: Desk, database: Database) -> None:
    for took_ms in (5, 5, 700):
        desk.tally.note(took_ms / 1000, Verdict.GOOD, by_key=took_ms == 700)
    desk.tally.note(0.003, Verdict.FAILED, by_key=False)
    desk.tally.note(30.0, Verdict.APART, by_key=True)
    await desk.pass_minutes(1)
    assert await stored(database) == []

    await desk.recorder.tick()

    (minute,) = await stored(database)
    rollup = minute.rollup
    assert (rollup.minute, rollup.requests, rollup.errors) == (FIRST, 4, 1)
    assert rollup.ready == ALL_SLOTS
    assert rollup.latency.total == 4
    slowest = rollup.latency.percentile_ms(100)
    assert slowest == pytest.approx(700, rel=0.03), "what stands apart is in no latency"
    assert minute.facts.counts["key-uses"] == 2


async def test_what_was_counted_once_is_not_counted_again(desk: Desk, database: Database) -> None:
    desk.tally.note(0.005, Verdict.GOOD, by_key=True)
    desk.recorder.traded.orders += 1
    desk.recorder.note_case()
    desk.recorder.note_lag(0.004)
    AUTH_FAILURES.labels("a-test").inc(2)
    await desk.pass_minutes(2)
    await desk.recorder.tick()

    first, second = await stored(database)

    assert dict(first.facts.counts) == {
        "orders": 1,
        "key-uses": 1,
        "anomalies": 1,
        "auth-failures": 2,
    }
    assert first.facts.lag.percentile_ms(99) == pytest.approx(4, rel=0.03)
    assert (second.rollup.requests, dict(second.facts.counts)) == (0, {})
    assert second.facts.lag.total == 0


async def test_ten_seconds_that_were_not_ready_are_a_minute_that_did_not_hold(
    desk: Desk, database: Database
) -> None:
    await desk.pass_minutes(0.5)
    desk.ready = False
    await desk.pass_minutes(1 / 6)
    desk.ready = True
    await desk.pass_minutes(1.5)

    assert [each.rollup.held for each in await stored(database)] == [False, True]


async def test_a_process_that_was_stuck_was_not_ready(desk: Desk, database: Database) -> None:
    await desk.recorder.tick()
    desk.clock.advance(30)
    await desk.pass_minutes(0.5)
    await desk.recorder.tick()

    assert [each.rollup.held for each in await stored(database)] == [False]


async def test_gauges_are_asked_for_and_what_is_away_is_left_out(
    desk: Desk, database: Database
) -> None:
    async def known() -> Mapping[str, int]:
        return {"exposure": 12}

    async def away() -> Mapping[str, int]:
        raise Unavailable("not now")

    desk.recorder.gather += [away, known]
    await desk.pass_minutes(1)
    await desk.recorder.tick()

    assert dict((await stored(database))[0].facts.gauges) == {"exposure": 12}


async def test_minutes_wait_for_a_database_that_is_away(
    database_url: str, database: Database, clock: ManualClock
) -> None:
    own = await Database.connect(database_url, pool_size=1)
    desk = Desk(own, clock)
    await own.close()
    desk.tally.note(0.005, Verdict.GOOD, by_key=False)
    await desk.pass_minutes(1)
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            await desk.pass_minutes(1)
        desk.clock.advance(60)

    again = await Database.connect(database_url, pool_size=1)
    desk.recorder._database = desk.kpis._database = again
    await desk.recorder.tick()
    await again.close()

    assert [each.rollup.requests for each in await stored(database)] == [1, 0, 0]


async def test_a_stop_in_order_stores_the_running_minute(desk: Desk, database: Database) -> None:
    desk.tally.note(0.005, Verdict.GOOD, by_key=False)

    await desk.recorder.close()

    assert [each.rollup.requests for each in await stored(database)] == [1]


async def test_a_clock_that_is_set_back_loses_nothing(desk: Desk, database: Database) -> None:
    for step in (60, -60, 60):
        desk.tally.note(0.005, Verdict.GOOD, by_key=False)
        desk.clock.advance(step)
        await desk.recorder.tick()

    assert sum(each.rollup.requests for each in await stored(database)) == 3


async def test_those_who_listen_are_told_every_kpi_once_a_minute(
    desk: Desk, database: Database
) -> None:
    told = list[Mapping[str, Decimal | None]]()
    desk.recorder.on_minute.append(told.append)
    desk.recorder.note_case()
    await desk.pass_minutes(2.5)

    assert len(told) == 2
    assert set(told[0]) >= {"latency_ms_p99", "error_rate", "uptime", "volume", "auth_failures"}
    # A minute counts a little after its end, so the first one is in the second telling.
    assert [each["anomalies"] for each in told] == [Decimal(0), Decimal(1)]


async def test_the_same_is_answered_by_every_process(
    desk: Desk, database: Database, clock: ManualClock
) -> None:
    other = Desk(database, clock)
    for index in range(120):
        for each in (desk, other):
            each.tally.note(0.001 * (index + 1), Verdict.GOOD, by_key=False)
            await each.recorder.tick()
        clock.advance(10)
    for period in (Period.FIVE_MINUTES, Period.HOUR, Period.DAY):
        assert await desk.kpis.system(period) == await other.kpis.system(period)
        assert await desk.kpis.trading(period) == await other.kpis.trading(period)
        assert await desk.kpis.security(period) == await other.kpis.security(period)
    uptime = (await desk.kpis.system(Period.HOUR)).kpis["uptime"]
    assert uptime.value == 1


async def test_uptime_goes_through_restarts(
    desk: Desk, database: Database, clock: ManualClock
) -> None:
    await desk.pass_minutes(10)
    await desk.recorder.close()
    clock.advance(120)
    again = Desk(database, clock)
    await again.pass_minutes(8 + 1 / 6)
    clock.advance(10)

    report = await again.kpis.system(Period.HOUR)

    # From the first whole minute on: 9 that held, 2 without a process, 8 that held. The minute in
    # which the first one stopped had no slot more than was marked in it.
    assert report.window == Window(FIRST + 1, FIRST + 20)
    assert report.kpis["uptime"].value == pytest.approx(17 / 19)


@given(
    begun_s=st.floats(0, 1e6),
    naps=st.lists(st.tuples(st.floats(-0.05, 1), st.floats(0, 8)), min_size=12, max_size=40),
)
def test_no_slot_is_left_out_when_sleeps_end_early_or_late(
    begun_s: float, naps: list[tuple[float, float]]
) -> None:
    """Each nap: how much later than asked it ends, and how long the judging takes."""
    now_s, judged = begun_s, list[int]()
    for late_s, took_s in naps:
        now_s += max(0.0, until_next_slot(now_s) + late_s)
        judged.append(int(now_s) // SLOT_S)
        now_s += took_s
    gaps = {after - before for before, after in pairwise(judged)}
    assert gaps <= {0, 1}


async def test_the_end_in_the_middle_of_a_slot_stores_a_minute_once(desk: Desk) -> None:
    await desk.pass_minutes(2)
    desk.clock.advance(60)
    await asyncio.gather(desk.recorder.tick(), desk.recorder.close(), desk.recorder.close())
    assert not desk.recorder._waiting
