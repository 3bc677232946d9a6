"""A price is told when it changes, whichever prices it follows from."""

from datetime import timedelta
from decimal import Decimal

import pytest

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.assets import UnknownAssetField
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.feeds import FeedKind, Interest
from plimsoll.markets.domain.prices import Pair, Price
from plimsoll.markets.live.prices import PriceChannel
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.service.prices import Prices
from plimsoll.plumbing.streams.messages import BadMessage, Subscribe
from tests.fakes.clock import ManualClock
from tests.markets.live.hearing import Ear

BTC_USD = Pair(AssetId("bitcoin"), AssetId("usd"))
ETH_USD = Pair(AssetId("ethereum"), AssetId("usd"))
STALE_AFTER_S = 60


class Desk:
    """Prices on a board, and somebody who listens to them."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.board = PriceBoard(stale_after_s=STALE_AFTER_S)
        self.interest = Interest()
        self.prices = Prices(
            catalogue=load_catalogue(),
            board=self.board,
            clock=self.clock,
            feed_kind=FeedKind.LIVE,
            interest=self.interest,
        )
        self.channel = PriceChannel(self.prices)
        self.ear = Ear(self.clock, self.channel)

    def put(self, pair: Pair, value: str) -> None:
        self.clock.advance(0.01)
        price = Price(Decimal(value), "one", self.clock.now())
        assert self.board.put(pair, price, self.clock.monotonic())


def asked(*symbols: str) -> Subscribe:
    return Subscribe(channel="prices", symbols=list(symbols))


async def test_a_snapshot_says_what_the_route_says() -> None:
    desk = Desk()
    desk.put(BTC_USD, "64000.5")
    (frame,) = await desk.ear.subscribe(asked("BTC/usd"))
    assert (frame["sub"], frame["sym"]) == ("prices:btc/usd", "btc/usd")
    assert (frame["price"], frame["source"], frame["stale"]) == ("64000.5", "one", False)
    assert frame["simulated"] is False


async def test_only_what_changed_is_told() -> None:
    desk = Desk()
    desk.put(BTC_USD, "64000")
    desk.put(ETH_USD, "3200")
    await desk.ear.subscribe(asked("btc/usd", "eth/usd"))
    assert await desk.ear.flush() == []
    desk.put(BTC_USD, "64001")
    (frame,) = await desk.ear.flush()
    assert (frame["sub"], frame["price"]) == ("prices:btc/usd", "64001")
    assert await desk.ear.flush() == []


async def test_a_price_through_a_common_quote_changes_with_either() -> None:
    desk = Desk()
    desk.put(BTC_USD, "64000")
    desk.put(ETH_USD, "3200")
    (frame,) = await desk.ear.subscribe(asked("eth/btc"))
    assert (frame["price"], frame["via"]) == ("0.05", "usd")
    desk.put(ETH_USD, "6400")
    assert [frame["price"] for frame in await desk.ear.flush()] == ["0.1"]
    desk.put(BTC_USD, "32000")
    assert [frame["price"] for frame in await desk.ear.flush()] == ["0.2"]
    desk.put(Pair(AssetId("solana"), AssetId("usd")), "100")
    assert await desk.ear.flush() == []


async def test_a_price_that_is_not_known_is_null_and_is_asked_for() -> None:
    desk = Desk()
    (frame,) = await desk.ear.subscribe(asked("btc/usd"))
    assert frame["price"] is None
    assert {"bitcoin", "usd"} <= desk.interest.assets
    desk.put(BTC_USD, "64000")
    assert [frame["price"] for frame in await desk.ear.flush()] == ["64000"]


async def test_a_price_that_becomes_stale_is_told_once() -> None:
    desk = Desk()
    desk.put(BTC_USD, "64000")
    await desk.ear.subscribe(asked("btc/usd"))
    desk.clock.advance(STALE_AFTER_S - 1)
    assert await desk.ear.flush() == []
    desk.clock.advance(2)
    (frame,) = await desk.ear.flush()
    assert (frame["stale"], frame["price"]) == (True, "64000")
    assert timedelta(milliseconds=frame["age_ms"]) > timedelta(seconds=STALE_AFTER_S)
    desk.clock.advance(10)
    assert await desk.ear.flush() == []
    desk.put(BTC_USD, "64000")
    assert [frame["stale"] for frame in await desk.ear.flush()] == [False]


@pytest.mark.parametrize("symbol", ["btc", "btc/", "/usd", "btc/zzz", "btc/usd/eur", "x" * 100])
async def test_an_unknown_pair_is_refused_with_its_place(symbol: str) -> None:
    desk = Desk()
    with pytest.raises(UnknownAssetField) as refusal:
        await desk.ear.subscribe(asked("btc/usd", symbol))
    assert refusal.value.faults[0].pointer == "#/symbols/1"
    assert desk.ear.listener.subs == {}


async def test_no_pair_is_refused_and_what_nobody_hears_is_not_looked_at() -> None:
    desk = Desk()
    with pytest.raises(BadMessage):
        await desk.ear.subscribe(asked())
    await desk.ear.subscribe(asked("btc/usd"))
    desk.ear.leave()
    assert desk.channel._topics == {}
