"""The prices facade in memory, and the feed on a real database with sources of every kind."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
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
from plimsoll.markets import service
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.feeds import FeedKind, FeedMismatch, ReplayDirMissing
from plimsoll.markets.domain.prices import Pair, Price, Tick
from plimsoll.markets.schemas import PairPriceView, PriceView
from plimsoll.markets.service import (
    Feed,
    Prices,
    PriceUnavailable,
    load_catalogue,
    prepared_price,
)
from plimsoll.markets.storage import prices as storage
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.outbound import Outbound
from plimsoll.settings import FeedChoice, Settings
from tests.fakes.clock import START, ManualClock
from tests.fakes.http import FakeServer, Fault, Reply, json_reply

BTC, ETH, USD = AssetId("bitcoin"), AssetId("ethereum"), AssetId("usd")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def prices(clock: ManualClock) -> Prices:
    """Bitcoin at 64000 usd and ether at 3200 usd, fresh for a minute."""
    made = Prices(
        catalogue=load_catalogue(),
        board=PriceBoard(stale_after_s=60),
        clock=clock,
        feed_kind=FeedKind.LIVE,
    )
    put(made, BTC, "64000")
    put(made, ETH, "3200")
    return made


def put(prices: Prices, base: AssetId, value: str) -> None:
    price = Price(Decimal(value), "test", START, change_24h=Decimal("0.05"))
    prices.board.put(Pair(base, USD), price, prices.clock.monotonic())


def test_a_quote_is_found_or_its_absence_is_an_error_and_a_wish(prices: Prices) -> None:
    assert prices.get_quote(ETH, BTC).value == Decimal("0.05")
    assert prices.interest.assets == set()

    with pytest.raises(PriceUnavailable) as missing:
        prices.get_quote(AssetId("dash"), USD)
    assert missing.value.facts == {"base": "dash", "quote": "usd", "feed": "live"}
    assert prices.interest.assets == {"dash", "usd"}


def test_a_prepared_price_is_the_declared_shape(prices: Prices, clock: ManualClock) -> None:
    clock.advance(1.5)
    answer = prepared_price(prices, "BTC", "usd")
    assert answer == (
        b'{"coin_id":"bitcoin","vs":"usd","price":"64000","change_24h":"0.05","source":"test",'
        b'"via":null,"at":"2026-01-01T00:00:00Z","simulated":false,"age_ms":1500,"stale":false}'
    )
    assert PriceView.model_validate_json(answer).price == "64000"


def test_a_prepared_price_ages_and_goes_stale_without_being_written_anew(
    prices: Prices, clock: ManualClock
) -> None:
    prepared_price(prices, "bitcoin", "usd")
    clock.advance(60.5)
    view = PriceView.model_validate_json(prepared_price(prices, "bitcoin", "usd") or b"")
    assert (view.age_ms, view.stale) == (60_500, True)


def test_a_prepared_price_follows_the_board(prices: Prices, clock: ManualClock) -> None:
    def now() -> PriceView:
        return PriceView.model_validate_json(prepared_price(prices, "ethereum", "bitcoin") or b"")

    assert now().price == "0.05"
    put(prices, AssetId("dash"), "30")
    assert now().price == "0.05"
    clock.advance(5)
    put(prices, ETH, "6400")
    assert (now().price, now().via, now().age_ms) == ("0.1", "usd", 5000)
    put(prices, BTC, "128000")
    assert (now().price, now().age_ms) == ("0.05", 0)


def test_prepared_answers_agree_with_quotes(prices: Prices, clock: ManualClock) -> None:
    clock.advance(7)
    for base in ("bitcoin", "ethereum", "usd"):
        for quote in ("bitcoin", "ethereum", "usd"):
            assets = prices.catalogue.resolve(base), prices.catalogue.resolve(quote)
            single = PriceView.model_validate_json(prepared_price(prices, base, quote) or b"")
            pair = PairPriceView.model_validate_json(prices.prepare(*assets, as_pair=True) or b"")
            found = prices.get_quote(assets[0].id, assets[1].id)
            for view in (single, pair):
                assert Decimal(view.price) == found.value
                assert (view.age_ms, view.stale, view.at) == (found.age_ms, found.stale, found.at)
            assert (single.coin_id, single.vs) == (base, quote)
            assert pair.pair == f"{assets[0].symbol}/{assets[1].symbol}"


def test_prepared_answers_are_bounded(prices: Prices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_PREPARED", 2)
    for base in ("bitcoin", "ethereum", "bitcoin"):
        for quote in ("usd", "bitcoin", "ethereum"):
            assert prepared_price(prices, base, quote)
    assert len(prices._prepared) <= 2


def test_what_has_no_price_has_no_prepared_answer(prices: Prices) -> None:
    assert prepared_price(prices, "dash", "usd") is None
    assert prepared_price(prices, "nosuchcoin", "usd") is None
    assert prepared_price(prices, "bitcoin", "nosuchcurrency") is None
    assert prices.interest.assets == {"dash", "usd"}


@dataclass
class Desk:
    """What a feed needs, and how to open one on it."""

    database: Database
    outbound: Outbound
    server: FakeServer

    @asynccontextmanager
    async def open(self, **given: Any) -> AsyncIterator[Prices]:
        settings = Settings.read(**{"coingecko_url": self.server.url, "coingecko_top": 2, **given})
        outbound = Outbound(SystemClock())
        feed = Feed(
            settings=settings, database=self.database, outbound=outbound, clock=SystemClock()
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
        "1515560100000,1,1,1,0.0994766,1,1515560399999\n"
        "1515560400000,1,1,1,0.09969,1,1515560699999\n"
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
    monkeypatch.setattr(service, "FIRST_ANSWER_S", 0.2)
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
    for _ in range(2):  # the second time it starts over: what it said last is in its future
        async with desk.open(
            feed=FeedChoice.REPLAY, replay_dir=candles, replay_speed=1000
        ) as prices:
            await reach(prices, 1)
            found = prices.get_quote(ETH, BTC)
            assert found.value == Decimal("0.0994766")
            assert found.at.year == 2018
            assert found.age_ms < 1000
            assert not found.stale
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
        again = prices.get_quote(BTC, USD)
        assert (again.value, again.at) == (before.value, before.at)
        loaded = prices.version
        await until(lambda: prices.version > loaded)
        moved = prices.get_quote(BTC, USD)
    assert abs(moved.value / before.value - 1) < Decimal("0.01")


class Moody:
    """A source of ours that fails in every way before it answers."""

    def __init__(self, *moods: Exception | None) -> None:
        self._moods = list(moods)

    def state(self) -> None:
        return

    async def next_ticks(self) -> Sequence[Tick] | None:
        if not self._moods:
            return None
        mood = self._moods.pop(0)
        if mood:
            raise mood
        return [Tick(Pair(BTC, USD), Price(Decimal(1), "moody", SystemClock().now()))]


async def test_a_failing_round_is_logged_and_the_next_one_comes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PAUSE_AFTER_FAILURE_S", 0.001)
    moody = Moody(Unavailable("away"), KeyError("a mistake of ours"), None)
    monkeypatch.setattr(service, "SimulatedSource", lambda *_, **__: moody)
    with capture_logs() as logs:
        async with desk.open(feed=FeedChoice.SIMULATED) as prices:
            await until(lambda: any(entry["event"] == "price_source_ended" for entry in logs))
            assert prices.get_quote(BTC, USD).value == 1
    events = [entry["event"] for entry in logs]
    assert events.index("price_source_unavailable") < events.index("price_source_failed")


async def test_prices_are_saved_as_they_come_and_again_after_a_failure(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "SAVE_EVERY_S", 0.01)
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
