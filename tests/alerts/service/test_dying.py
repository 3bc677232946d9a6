"""Killed at any moment, again and again: each event is there once, and none is missing."""

import asyncio
import random
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from plimsoll.alerts.domain.alerts import Alert
from plimsoll.alerts.domain.conditions import Comparison, observe
from plimsoll.plumbing.database import Database
from tests.alerts.desk import events_of, make_alert, standing_of
from tests.alerts.dying import prices
from tests.fakes.clock import START

SEED: Final = 7
COUNT: Final = 400
FAR: Final = 4_000
"""Whoever is to be killed at work has so much of it."""
KILLS: Final = 3


def model(alert: Alert, walk: Sequence[Decimal]) -> list[tuple[int, Decimal]]:
    """The events of one alert if nothing ever dies."""
    standing, found = alert.standing, list[tuple[int, Decimal]]()
    for price in walk:
        standing, event = observe(standing, alert.terms.condition, price, START)
        if event:
            found.append((event.number, price))
    return found


async def live(
    dsn: str, first: int, count: int, *, kill_at: int | None = None, rest_s: float = 0
) -> int:
    """One life, up to the price `count` or until `rest_s` after the price `kill_at` was written;
    the number of the first price that is not known to be written.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.alerts.dying", dsn, str(SEED), str(first), str(count)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    killing: asyncio.TimerHandle | None = None
    try:
        async for line in process.stdout:
            if not line.strip().isdigit():
                continue  # the log
            first = int(line) + 1
            if kill_at is not None and first > kill_at and killing is None:
                killing = asyncio.get_running_loop().call_later(rest_s, process.kill)
    finally:
        if process.returncode is None and killing is None:
            process.kill()
        await process.wait()
    return first


async def test_whatever_is_killed_each_event_is_stored_and_shown_once(
    database: Database, database_url: str
) -> None:
    alerts = [
        await make_alert(database, comparison, threshold, hysteresis=hysteresis)
        for comparison in (Comparison.ABOVE, Comparison.BELOW, Comparison.CROSSES)
        for threshold, hysteresis in (("99", "0.5"), ("100", "1"), ("100.5", "2"))
    ]
    dice = random.Random(SEED)  # noqa: S311 - when to kill is no secret
    first = 0
    for _ in range(KILLS):
        kill_at, rest_s = first + dice.randrange(60), dice.uniform(0, 0.01)
        first = await live(database_url, first, FAR, kill_at=kill_at, rest_s=rest_s)
        await database.once("update alert_watch set until = '-infinity'")  # nobody waits for it
    killed_at = first
    count = max(COUNT, killed_at + 100)
    first = await live(database_url, first, count)

    assert 0 < killed_at < FAR, "it was killed at work"
    assert first == count
    walk = prices(SEED, count)
    happened = await events_of(database)
    for alert in alerts:
        found = [(each.number, each.value) for each in happened if each.condition_id == alert.id]
        assert sorted(found) == model(alert, walk)
        assert (await standing_of(database, alert)).standing.events == len(found)
    assert len(happened) > 100
    rows = await database.once(
        "select condition_id, number from alert_notifications order by condition_id, number"
    )
    assert [tuple(row) for row in rows] == sorted(
        (each.condition_id, each.number) for each in happened
    )
