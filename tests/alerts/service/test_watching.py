"""What is said about prices becomes events, once each, whatever else goes on."""

import asyncio
from dataclasses import replace
from datetime import time, timedelta
from decimal import Decimal

import pytest

from plimsoll.access.domain.preferences import AfterQuiet, Preferences, QuietTimes
from plimsoll.access.storage import preferences
from plimsoll.alerts.domain.alerts import AlertState, QuietChoice, Terms
from plimsoll.alerts.domain.allowance import HELD_BACK, MOST_AT_ONCE
from plimsoll.alerts.domain.conditions import Comparison, Phase, Repeat
from plimsoll.alerts.service.watching import WatchTerms
from plimsoll.alerts.storage import conditions
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.prices import Pair
from plimsoll.plumbing.database import Database
from tests.alerts.desk import (
    BEN,
    BTC,
    ETH,
    events_of,
    make_alert,
    standing_of,
    until,
    watching,
)
from tests.fakes.clock import START, ManualClock

LONG = WatchTerms(beat_s=0.05, lease_s=600.0)


async def shown(database: Database) -> list[str]:
    rows = await database.once("select title from alert_notifications order by at, number")
    return [row["title"] for row in rows]


async def test_a_price_above_its_threshold_is_told_once(database: Database) -> None:
    alert = await make_alert(database, Comparison.ABOVE, "100", hysteresis="5")
    async with watching(database) as desk:
        await desk.until_watching()
        for price in ("99", "101.5", "103", "96", "102", "95", "100.25"):
            desk.say(price)
        await desk.settle()

    happened = await events_of(database)
    assert [(each.number, each.value) for each in happened] == [
        (1, Decimal("101.5")),
        (2, Decimal("100.25")),
    ]
    assert happened[0].text == (
        "btc/usd is 101.5 usd, at 2026-01-01T00:00:00Z, says test."
        " Told again after it was 5 usd away."
    )
    assert await shown(database) == ["btc/usd above 100 usd"] * 2
    stands = await standing_of(database, alert)
    assert (stands.state, stands.standing.events) == (AlertState.FIRED, 2)
    assert await events_of(database, BEN) == []


async def test_without_alerts_nothing_is_written(database: Database) -> None:
    async with watching(database) as desk:
        await asyncio.sleep(0.2)
        assert desk.watching.epoch is None
    rows = await database.once("select epoch from alert_watch")
    assert rows[0]["epoch"] == 0


async def test_what_holds_already_is_told_with_the_known_price(database: Database) -> None:
    async with watching(database) as desk:
        desk.say("101")
        await make_alert(database)
        await desk.until_watching()
        await until(lambda: bool(desk.watching._recorder._waiting) or len(desk.watching) == 1)
        await desk.settle()
        later = await make_alert(database, Comparison.BELOW, "200")
        desk.watching.nudge()
        await until(lambda: len(desk.watching) == 2)
        await desk.settle()

    happened = await events_of(database)
    assert [each.value for each in happened] == [Decimal(101), Decimal(101)]
    assert later.id in {each.condition_id for each in happened}


async def test_a_stale_price_is_not_told(database: Database) -> None:
    await make_alert(database)
    async with watching(database) as desk:
        await desk.until_watching()
        desk.hearing.hear([desk.put("150", old_s=61)])
        await desk.settle()
        assert await events_of(database) == []
        desk.say("150")
        await desk.settle()
    assert len(await events_of(database)) == 1


async def test_a_price_that_follows_from_others_is_told_when_a_leg_moves(
    database: Database,
) -> None:
    await make_alert(database, Comparison.ABOVE, "20", of="bitcoin/ethereum")
    await make_alert(database, Comparison.BELOW, "0.05", of="ethereum/bitcoin")
    async with watching(database) as desk:
        await desk.until_watching()
        desk.say("60000", BTC)
        desk.say("4000", ETH)
        desk.say("2500", ETH)
        await desk.settle()
        assert sorted(each.value for each in await events_of(database)) == [
            Decimal("0.041666666666666667"),
            Decimal(24),
        ]
        # as soon as a source prices the pair itself, that is what counts
        desk.say("19", Pair(AssetId("bitcoin"), AssetId("ethereum")))
        desk.say("2000", ETH)
        await desk.settle()
        assert len(await events_of(database)) == 2


async def test_people_change_silence_and_remove_alerts_while_they_are_watched(
    database: Database,
) -> None:
    clock = ManualClock()
    first, second = await make_alert(database), await make_alert(database)
    async with watching(database, clock) as desk:
        await desk.until_watching()
        async with database.write() as unit:
            await conditions.remove(unit, first.user_id, first.id)
            silent = second.standing.snoozed(START + timedelta(minutes=5))
            second = await conditions.change(unit, second, second.terms, silent)
        desk.watching.nudge()
        await until(lambda: len(desk.watching) == 1)
        await until(lambda: desk.watching._watch.standing_of(second.id) == second.standing)
        desk.say("150")
        await desk.settle()
        assert await events_of(database) == []
        clock.advance(301)
        desk.say("151")
        await desk.settle()
    assert [each.condition_id for each in await events_of(database)] == [second.id]


async def test_what_was_judged_under_other_terms_is_judged_anew(database: Database) -> None:
    """The person changes the alert between its firing and the writing of that."""
    alert = await make_alert(database, repeat=Repeat.ONCE)
    async with watching(database) as desk:
        await desk.until_watching()
        async with database.write() as unit:
            locked = await conditions.lock(unit, alert.user_id, alert.id)
            assert locked is not None
            desk.say("150")
            await asyncio.sleep(0.1)  # the recorder waits for the row
            condition = locked.terms.condition
            higher = Terms(replace(condition, threshold=Decimal(200)))
            await conditions.change(unit, locked, higher, locked.standing)
        await desk.settle()
        assert await events_of(database) == []
        await until(lambda: desk.watching._watch.standing_of(alert.id) == locked.standing)
        desk.say("201")
        await desk.settle()
    assert [(each.number, each.value) for each in await events_of(database)] == [(1, Decimal(201))]


async def test_one_process_watches_and_another_takes_over(database: Database) -> None:
    await make_alert(database, hysteresis="10")
    stopped = WatchTerms(beat_s=600, lease_s=600)  # it does not renew, and does not know
    async with watching(database, terms=stopped) as first:
        await first.until_watching()
        async with watching(database, terms=LONG) as second:
            await asyncio.sleep(0.2)
            assert second.watching.epoch is None
            first.say("150")
            second.say("150")
            await first.settle()
            await database.once("update alert_watch set until = until - interval '600 s'")
            await second.until_watching()
            first.say("80")
            first.say("150")
            second.say("85")
            second.say("151")
            await second.settle()

            def ended() -> bool:
                first.watching.nudge()  # more than once: it may not have tried to write yet
                return first.watching.epoch is None

            await until(ended)

    assert [(each.number, each.value) for each in await events_of(database)] == [
        (1, Decimal(150)),
        (2, Decimal(151)),
    ]


async def test_a_process_that_stops_in_order_lets_the_next_one_watch_at_once(
    database: Database,
) -> None:
    alert = await make_alert(database)
    async with watching(database) as first:
        await first.until_watching()
        first.say("150")
    rows = await database.once("select until < now() as free, epoch from alert_watch")
    assert (rows[0]["free"], rows[0]["epoch"]) == (True, 1)
    assert (await standing_of(database, alert)).standing.phase is Phase.FIRED


@pytest.mark.parametrize(
    ("rule", "choice", "hour"),
    [
        (AfterQuiet.HOLD, QuietChoice.RESPECT, 6),
        (AfterQuiet.HOLD, QuietChoice.IGNORE, 0),
        (AfterQuiet.DROP, QuietChoice.RESPECT, None),
    ],
)
async def test_quiet_hours_are_those_of_the_person(
    database: Database, rule: AfterQuiet, choice: QuietChoice, hour: int | None
) -> None:
    """Midnight of UTC is one o'clock in Vienna; the quiet hours end at seven there."""
    alert = await make_alert(database)
    quiet = QuietTimes(time(22), time(7), rule)
    async with database.write() as unit:
        likes = Preferences(time_zone="Europe/Vienna", quiet=quiet, changed_at=START)
        await preferences.put(unit, alert.user_id, likes, version=None)
        terms = Terms(alert.terms.condition, choice)
        await conditions.change(unit, alert, terms, alert.standing)
    async with watching(database) as desk:
        await desk.until_watching()
        desk.say("150")
        await desk.settle()
    (happened,) = await events_of(database)
    expected = None if hour is None else START.replace(hour=hour)
    assert happened.tell_at == expected


async def test_what_cannot_be_written_now_is_written_later(database: Database) -> None:
    """Somebody holds the table for longer than a statement waits."""
    await make_alert(database, hysteresis="10")
    async with watching(database) as desk:
        await desk.until_watching()
        async with database.write() as unit:
            await unit.execute("lock table alert_events in exclusive mode")
            for price in ("150", "80", "151"):
                desk.say(price)
            await asyncio.sleep(2.2)
            assert await events_of(database) == []
        await desk.settle()
    assert [(each.number, each.value) for each in await events_of(database)] == [
        (1, Decimal(150)),
        (2, Decimal(151)),
    ]


async def test_who_is_shut_out_is_told_nothing(database: Database) -> None:
    await make_alert(database, Comparison.ABOVE, "100")
    await make_alert(database, Comparison.ABOVE, "100", user_id=BEN)
    await database.once("update users set disabled_at = now() where id = $1", BEN)
    async with watching(database) as desk:
        await desk.until_watching()
        desk.say("101")
        await desk.settle()

    assert [each.value for each in await events_of(database)] == [Decimal(101)]
    assert await events_of(database, BEN) == []


async def test_the_process_that_hears_everything_is_the_one_that_watches(
    database: Database,
) -> None:
    await make_alert(database, Comparison.ABOVE, "100")
    async with watching(database, terms=LONG) as here, watching(database, terms=LONG) as there:
        there.hears = False
        await here.until_watching()
        here.say("101")
        here.hears, there.hears = False, True
        await until(lambda: here.watching.epoch is None)
        await there.until_watching()

    assert [each.value for each in await events_of(database)] == [Decimal(101)]


async def test_what_was_seen_of_changes_is_not_read_again(database: Database) -> None:
    await make_alert(database)
    async with database.read() as unit:
        kept, _, looked_at = await conditions.list_changed(unit, START - timedelta(days=9_999))
        again = await conditions.list_changed(unit, looked_at)

    assert (len(kept), again[:2]) == (1, ([], []))


async def test_alerts_that_never_stop_firing_are_held_back_and_fire_later(
    database: Database,
) -> None:
    await make_alert(database, Comparison.ABOVE, "100")
    clock = ManualClock()
    async with watching(database, clock) as desk:
        await desk.until_watching()
        for _ in range(MOST_AT_ONCE + 50):
            desk.say("101")
            desk.say("99")
        desk.say("102")
        await desk.settle()
        held = await events_of(database)
        clock.advance(HELD_BACK.total_seconds())
        desk.say("103")
        await desk.settle()

    assert len(held) == MOST_AT_ONCE
    later = (await events_of(database))[MOST_AT_ONCE:]
    assert [(each.number, each.value) for each in later] == [(MOST_AT_ONCE + 1, Decimal(103))]
