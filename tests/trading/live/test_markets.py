"""What is told of markets in random worlds is what the venue has; and what was missed while another
process was the writer is told late, but told.
"""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from plimsoll.plumbing.database import Database
from plimsoll.settings import Settings
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.live.amounts import price_text, quantity_text
from plimsoll.trading.service.exchange import Exchange
from tests.fakes.clock import ManualClock
from tests.trading.engine.writing import BUY, SELL, SYMBOL, place, running, wait_until
from tests.trading.live.hearing import Ear, Follower, House, user_of
from tests.trading.live.test_private import Life, process
from tests.trading.worlds import PRICES


class Replica:
    """A book as a client keeps it."""

    def __init__(self) -> None:
        self.sides: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}

    def hear(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "snapshot":
            self.sides = {"bids": {}, "asks": {}}
        for name, side in self.sides.items():
            side |= dict(frame[name])
            for price in [price for price, quantity in side.items() if quantity == "0"]:
                del side[price]


def book_of(symbol: str, depth: int, venue: Venue) -> dict[str, dict[str, str]]:
    market = venue.markets[symbol]
    found = market.book.depth(depth)
    return {
        name: {
            price_text(market.instrument, price): quantity_text(market.instrument, quantity)
            for price, quantity in side
        }
        for name, side in (("bids", found.bids), ("asks", found.asks))
    }


@pytest.mark.parametrize("seed", [2, 8])
async def test_a_book_put_together_from_updates_is_the_venues_own(
    settings: Settings, database: Database, seed: int
) -> None:
    life = Life(seed)
    life.stays = life.comes_and_goes = {}
    compared = 0
    async with process(settings, database, life.clock) as (exchange, house):
        await life.go_on(exchange, house, 40)
        ears = {(symbol, depth): Ear(house) for symbol in PRICES for depth in (10, 500)}
        replicas = {key: Replica() for key in ears}
        for (symbol, depth), ear in ears.items():
            await ear.subscribe("book", symbols=[symbol], depth=depth)
        for _ in range(25):
            await life.go_on(exchange, house, 20)
            await asyncio.sleep(0.12)
            for key, ear in ears.items():
                for frame in await ear.hear():
                    replicas[key].hear(frame)
                now = await exchange.read(partial(book_of, *key))
                assert replicas[key].sides == now, key
                compared += bool(now["bids"])
        assert compared > 50
        for ear in ears.values():
            ear.leave()
        assert house.broadcasting._markets == {}


async def test_the_tape_has_the_trades_that_are_stored(
    settings: Settings, database: Database
) -> None:
    life = Life(5)
    life.stays = life.comes_and_goes = {}
    async with process(settings, database, life.clock) as (exchange, house):
        await life.go_on(exchange, house, 40)
        stays = {symbol: Follower("trades", None, since=0, symbols=[symbol]) for symbol in PRICES}
        for follower in stays.values():
            await follower.come(house)
        await life.go_on(exchange, house, 400)
        for follower in stays.values():
            await follower.hear()
    async with process(settings, database, life.clock) as (exchange, house):
        for symbol, stayed in stays.items():
            late = Follower("trades", None, since=0, symbols=[symbol])
            await late.come(house)
            await late.hear()
            late.go()
            assert late.bodies == stayed.bodies
            async with database.read() as unit:
                rows = await unit.fetch(
                    """select id, seq from fills where symbol = $1 and not maker
                    and cause in ('order', 'liquidation') order by id""",
                    symbol,
                )
            told = [
                (int(row["id"]), seq) for seq, body in late.bodies.items() for row in body["trades"]
            ]
            assert told == [tuple(row) for row in rows]
            assert late.state is not None
            assert [int(row["id"]) for row in late.state["trades"]] == [
                row["id"] for row in rows[-50:]
            ]


@pytest.fixture
async def exchange(settings: Settings, database: Database) -> AsyncIterator[Exchange]:
    """With people 2 to 5 and a price, run by an engine of its own."""
    async with running(database) as engine:
        exchange = Exchange(settings, database, ManualClock())
        exchange.engine = engine
        await exchange._load_instruments()
        yield exchange


async def test_what_another_process_wrote_meanwhile_is_told_late_but_told(
    exchange: Exchange,
) -> None:
    house = House(exchange, exchange.clock)
    me = Follower("orders", user_of(2))
    exchange._accounts[user_of(2)] = 2
    tape = Follower("trades", None, symbols=[SYMBOL])
    for follower in (me, tape):
        await follower.come(house)
    engine = exchange.engine
    await engine.submit(place(2, BUY, 5, 600_000))
    listening, engine.listeners = engine.listeners, []
    await engine.submit(place(3, SELL, 2, 600_000))  # as far as anybody here knows, another's
    engine.listeners = listening
    for told_of_it in engine.on_restored:
        told_of_it()
    assert house.broadcasting._behind
    await engine.submit(place(4, SELL, 1, 600_000))
    await wait_until(lambda: not house.broadcasting._behind)
    for follower in (me, tape):
        await follower.hear()
    told = [
        (row["event"], row["filled_quantity"])
        for body in me.bodies.values()
        for row in body["orders"]
    ]
    assert told == [("accepted", "0"), ("filled", "0.002"), ("filled", "0.003")]
    assert [row["quantity"] for body in tape.bodies.values() for row in body["trades"]] == [
        "0.002",
        "0.001",
    ]
    await house.close()
