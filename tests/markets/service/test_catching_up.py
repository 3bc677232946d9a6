"""What was traded while the process was away is fetched after a start."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.candles import MINUTE_MS
from plimsoll.markets.domain.feeds import FeedKind, MarketSource, News
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service import catching_up
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.service.catching_up import (
    FARTHEST_MS,
    OVERLAP_MS,
    CatchingUp,
    list_stopped,
)
from plimsoll.markets.service.intake import Intake
from plimsoll.markets.service.prices import Prices
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs.job import JobState
from tests.fakes.clock import ManualClock
from tests.markets.candle_desk import BTC, ETH, NOW, NOW_MS, minute, stored
from tests.markets.test_jobs import PAST, Process, process, read

DOGE = Pair(AssetId("dogecoin"), AssetId("tether"))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catching_up, "LOOK_EVERY_S", 0.02)


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[Process]:
    async with process(database, tmp_path) as desk:
        yield desk


def catch_up(desk: Process, stopped: dict[Pair, int]) -> tuple[CatchingUp, Intake]:
    clock, board = ManualClock(NOW), PriceBoard(stale_after_s=60)
    sources: list[MarketSource] = [desk.source]
    intake = Intake(
        sources,
        board=board,
        candles=desk.candles,
        clock=clock,
        orders={},
        disagreement=0.02,
        dated=True,
    )
    prices = Prices(catalogue=load_catalogue(), board=board, clock=clock, feed_kind=FeedKind.LIVE)
    catching = CatchingUp(
        stopped,
        database=desk.database,
        backfills=desk.backfills,
        intake=intake,
        prices=prices,
    )
    return catching, intake


async def test_where_the_stored_minutes_of_a_pair_end_is_known(
    database: Database, tmp_path: Path
) -> None:
    store = stored(database, tmp_path)
    await store.save(
        [
            (BTC, minute(-30)),
            (BTC, minute(-20)),
            (ETH, minute(-1)),
            (DOGE, minute(-20 * 1440)),
        ]
    )
    assert await list_stopped(database, NOW_MS + 5) == {
        BTC: NOW_MS - 20 * MINUTE_MS - OVERLAP_MS,
        DOGE: NOW_MS - FARTHEST_MS,
    }
    await store.save([(ETH, minute(0, forming=True))])
    assert set(await list_stopped(database, NOW_MS + 2 * MINUTE_MS)) == {BTC, ETH, DOGE}


async def test_a_pair_gets_one_job_that_reaches_until_now_once_its_source_is_there(
    desk: Process,
) -> None:
    from_ms = NOW_MS - len(PAST) * MINUTE_MS
    catching, intake = catch_up(desk, {ETH: from_ms, BTC: from_ms})
    running = asyncio.create_task(catching.run())
    await asyncio.sleep(0.1)
    assert desk.source.asked == [], "a preferred source may yet be heard from"

    desk.source.gate.clear()
    intake.take(desk.source, News())
    async with asyncio.timeout(10):
        while len(desk.source.asked) < 3:  # noqa: ASYNC110 - a list sets no event
            await asyncio.sleep(0.01)
    job_id = await desk.backfills.start_catching_up(desk.database, BTC, from_ms=0)
    desk.source.gate.set()
    job = await desk.ended(job_id)
    assert (job.kind, job.state) == ("candles.backfill", JobState.DONE)
    assert f'"from_ms":{from_ms},"to_ms":null' in job.args, "it was the first one still"
    assert await read(desk.candles) == PAST

    assert not running.done(), "nobody lists the other pair, perhaps later"
    running.cancel()
    await asyncio.wait((running,))
