"""The feed on a real database, with sources of every kind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from plimsoll.kernel.clock import SystemClock
from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.feeds import FeedKind, FeedMismatch, News, ReplayDirMissing
from plimsoll.markets.domain.prices import Pair, Price, Tick
from plimsoll.markets.service import feed as feed_module
from plimsoll.markets.service import opening
from plimsoll.markets.service.feed import Feed
from plimsoll.markets.service.prices import Prices
from plimsoll.markets.service.quality import QualityFlag
from plimsoll.markets.storage import prices as storage
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.outbound import Outbound
from plimsoll.settings import FeedChoice, Settings
from tests.fakes.http import FakeServer, Fault, Reply, json_reply

BTC, ETH, USD = AssetId("bitcoin"), AssetId("ethereum"), AssetId("usd")


class NoCandles:
    """The feed alone: nobody keeps candles."""

    async def open(self, now_ms: int) -> None: ...

    def take(self, news: News, now_ms: int) -> None: ...

    def list_quality_flags(self) -> list[QualityFlag]:
        return []

    def advance(self, now_ms: int) -> None: ...


@dataclass
class Desk:
    """What a feed needs, and how to open one on it."""

    database: Database
    outbound: Outbound
    server: FakeServer

    @asynccontextmanager
    async def open(self, **given: Any) -> AsyncIterator[Prices]:
        settings = Settings.read(
            **{
                "live_sources": ("coingecko",),
                "coingecko_url": self.server.url,
                "coingecko_top": 2,
                **given,
            }
        )
        outbound = Outbound(SystemClock())
        feed = Feed(
            settings=settings,
            database=self.database,
            outbound=outbound,
            clock=SystemClock(),
            candles=NoCandles(),
        )
        try:
            yield await feed.open()
        finally:
            await feed.close()
            await outbound.aclose()

    async def kind(self) -> str | None:
        async with self.database.read() as unit:
            feed = await storage.find_feed(unit)
        return feed.kind if feed else None


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with FakeServer() as server:
        outbound = Outbound(SystemClock())
        server.on("/simple/price", json_reply({"bitcoin": {"usd": 64000}}))
        yield Desk(database, outbound, server)
        await outbound.aclose()


@pytest.fixture
def candles(tmp_path: Path) -> Path:
    (tmp_path / "ETHBTC-5m.csv").write_text(
        "1515560100000,0.0994,0.0995,0.0993,0.0994766,1,1515560399999\n"
        "1515560400000,0.0994,0.0997,0.0994,0.09969,1,1515560699999\n"
    )
    return tmp_path


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the feed tells nobody, readers look
            await asyncio.sleep(0.005)


async def reach(prices: Prices, version: int) -> None:
    """Wait until the board has taken so many prices."""
    await until(lambda: prices.version >= version)


async def test_the_first_start_is_live_when_the_source_answers(desk: Desk) -> None:
    async with desk.open() as prices:
        assert prices.feed_kind is FeedKind.LIVE
        assert prices.simulated is False
        assert prices.get_quote(BTC, USD).value == 64000, "no second request is waited for"
    assert await desk.kind() == "live"


@pytest.mark.parametrize(
    "reply", [Reply(status=451), Reply(fault=Fault.SILENCE), Reply(body=b"<html>")]
)
async def test_the_first_start_simulates_loudly_when_no_source_answers(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, reply: Reply
) -> None:
    monkeypatch.setattr(feed_module, "FIRST_ANSWER_S", 0.2)
    desk.server.on("/simple/price", reply)
    with capture_logs() as logs:
        async with desk.open() as prices:
            await reach(prices, 1)
            assert prices.feed_kind is FeedKind.SIMULATED
            assert prices.simulated
            assert prices.get_quote(BTC, USD).simulated
    [said] = [entry for entry in logs if entry["event"] == "prices_are_simulated"]
    assert said["log_level"] == "warning"
    assert "--feed live" in said["to_get_live_prices"]
    assert await desk.kind() == "simulated"


async def test_later_starts_keep_the_kind_without_asking(desk: Desk) -> None:
    async with desk.open(feed=FeedChoice.SIMULATED) as prices:
        await reach(prices, 1)
    async with desk.open() as prices:
        assert prices.feed_kind is FeedKind.SIMULATED
    assert desk.server.requests == []


@pytest.mark.parametrize("asked", [FeedChoice.LIVE, FeedChoice.REPLAY])
async def test_another_kind_is_refused_and_nothing_is_changed(
    desk: Desk, candles: Path, asked: FeedChoice
) -> None:
    async with desk.open(feed=FeedChoice.SIMULATED):
        pass
    with pytest.raises(FeedMismatch):
        async with desk.open(feed=asked, replay_dir=candles):
            pass
    assert await desk.kind() == "simulated"
    assert desk.server.requests == []


async def test_a_replay_needs_a_folder_and_claims_nothing_without_one(desk: Desk) -> None:
    with pytest.raises(ReplayDirMissing):
        async with desk.open(feed=FeedChoice.REPLAY):
            pass
    assert await desk.kind() is None


async def test_a_replay_shows_the_recorded_close_with_the_age_since_it_was_received(
    desk: Desk, candles: Path
) -> None:
    replay = {"feed": FeedChoice.REPLAY, "replay_dir": candles}
    for _ in range(2):  # the second time it starts over: what it said last is in its future
        async with desk.open(**replay, replay_speed=1) as prices:  # the next one in five minutes
            await reach(prices, 1)
            found = prices.get_quote(ETH, BTC)
            assert found.value == Decimal("0.0994766")
            assert found.at.year == 2018
            assert found.age_ms < 1000
            assert not found.stale
        async with desk.open(**replay, replay_speed=1000) as prices:
            await reach(prices, 2)
            assert prices.get_quote(ETH, BTC).value == Decimal("0.09969")


async def test_the_last_good_value_survives_a_restart_with_its_age(desk: Desk) -> None:
    stamp = int((SystemClock().now() - timedelta(seconds=100)).timestamp())
    desk.server.on(
        "/simple/price", json_reply({"bitcoin": {"usd": 64000, "last_updated_at": stamp}})
    )
    async with desk.open() as prices:
        before = prices.get_quote(BTC, USD)
        assert before.age_ms >= 99_000, "a live price ages from the moment it held"

    desk.server.on("/simple/price", Reply(status=451))
    with capture_logs():
        async with desk.open(price_stale_after_s=30) as prices:
            after = prices.get_quote(BTC, USD)
            assert prices.interest.assets == {"bitcoin", "usd"}
    assert (after.value, after.at, after.source) == (before.value, before.at, before.source)
    assert before.age_ms <= after.age_ms < before.age_ms + 10_000
    assert after.stale


async def test_a_simulation_goes_on_where_it_stopped(desk: Desk) -> None:
    async with desk.open(feed=FeedChoice.SIMULATED) as prices:
        await reach(prices, 1)
        before = prices.get_quote(BTC, USD)
    async with desk.open(feed=FeedChoice.SIMULATED) as prices:
        moved = prices.get_quote(BTC, USD)
    assert moved.at > before.at
    assert abs(moved.value / before.value - 1) < Decimal("0.01")


class Moody:
    """A source of ours that fails in every way before it answers."""

    name = "moody"
    pushes = True
    silence_s = 10.0

    def __init__(self, *moods: Exception | None) -> None:
        self._moods = list(moods)

    def now_ms(self) -> int:
        return 0

    def state(self) -> None:
        return

    async def aclose(self) -> None:
        return

    async def next_news(self) -> News | None:
        if not self._moods:
            return None
        mood = self._moods.pop(0)
        if mood:
            raise mood
        price = Price(Decimal(1), "moody", SystemClock().now())
        return News(ticks=[Tick(Pair(BTC, USD), price)])


async def test_a_failing_round_is_logged_and_the_next_one_comes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "PAUSE_AFTER_FAILURE_S", 0.001)
    moody = Moody(Unavailable("away"), KeyError("a mistake of ours"), None)
    monkeypatch.setattr(opening, "SimulatedSource", lambda *_, **__: moody)
    with capture_logs() as logs:
        async with desk.open(feed=FeedChoice.SIMULATED) as prices:
            await until(lambda: any(entry["event"] == "source_ended" for entry in logs))
            assert prices.get_quote(BTC, USD).value == 1
    events = [entry["event"] for entry in logs]
    assert events.index("source_failed") < events.index("source_broke")


async def test_prices_are_saved_as_they_come_and_again_after_a_failure(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "SAVE_EVERY_S", 0.01)
    calls = list[str]()
    save = storage.save_prices

    async def save_second_time(*given: Any) -> None:
        calls.append("save")
        if len(calls) == 1:
            raise OSError("the disk is gone")
        await save(*given)

    monkeypatch.setattr(storage, "save_prices", save_second_time)
    with capture_logs() as logs:
        async with desk.open(feed=FeedChoice.SIMULATED):
            await until(lambda: len(calls) >= 2)
    async with desk.database.read() as unit:
        assert len(await storage.list_prices(unit)) > 60
    assert "prices_not_saved" in [entry["event"] for entry in logs]
