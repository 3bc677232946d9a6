"""Logs of accounts in random worlds: whoever comes and goes is told the very same as whoever stays,
and that is what is stored.
"""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from plimsoll.plumbing.database import Database
from plimsoll.settings import Settings
from plimsoll.trading.domain.commands import OpenAccount
from plimsoll.trading.domain.machine import Machine
from plimsoll.trading.domain.refusals import OutOfRange
from plimsoll.trading.domain.units import money_of, price_of, quantity_of
from plimsoll.trading.live import private
from plimsoll.trading.service.exchange import Exchange
from tests.fakes.clock import ManualClock
from tests.trading.live.hearing import Follower, House, user_of
from tests.trading.worlds import World

STORIES = ("orders", "fills", "liquidations")


@asynccontextmanager
async def process(
    settings: Settings, database: Database, clock: ManualClock
) -> AsyncIterator[tuple[Exchange, House]]:
    """One life of the service, without what ships."""
    exchange = Exchange(settings, database, clock)
    await exchange.engine.open(())
    await exchange._load_instruments()
    house = House(exchange, clock)
    try:
        yield exchange, house
    finally:
        await house.close()
        await exchange.close()


class Life:
    """A world on a real writer, and people who listen to it."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.drafts = self.world.drafts()
        self.clock = ManualClock()
        self.chance = random.Random(seed)  # noqa: S311 -- the same life for the same seed
        self.accounts = (2, 3, 4)
        self.stays = {
            (story, who): Follower(story, user_of(who))
            for story in STORIES
            for who in self.accounts
        }
        self.comes_and_goes = {
            key: Follower(key[0], user_of(key[1]), since=0) for key in self.stays
        }

    async def go_on(self, exchange: Exchange, house: House, commands: int) -> None:
        for follower in self.stays.values():
            await follower.come(house)
        self.world.machine = Machine(exchange.engine._present.venue)
        for _ in range(commands):
            draft = next(self.drafts)
            self.clock.advance(max(0, self.world.at_ms / 1000 - self.clock.now().timestamp()))
            command = draft(seq=0, at_ms=0)
            actor = user_of(command.account) if isinstance(command, OpenAccount) else None

            def made(seq: int, at_ms: int, draft: Any = draft) -> Any:
                return draft(seq=seq, at_ms=at_ms)

            with suppress(OutOfRange):  # numbers nobody can mean
                await exchange.engine.submit_all([made], actor=actor)
            await self._move(house)
        for follower in (*self.stays.values(), *self.comes_and_goes.values()):
            if not follower.present:
                await follower.come(house)
            await follower.hear()
            follower.go()

    async def _move(self, house: House) -> None:
        chance = self.chance
        if chance.random() < 0.2:
            for follower in self.stays.values():
                await follower.hear()
        for follower in self.comes_and_goes.values():
            drawn = chance.random()
            if follower.present and drawn < 0.02:
                if chance.random() < 0.5:  # what is on its way is lost with the connection
                    await follower.hear()
                follower.go()
            elif not follower.present and drawn < 0.02:
                await follower.come(house)
                await follower.hear()
            elif follower.present and drawn < 0.1:
                await follower.hear()


@pytest.mark.parametrize("seed", [1, 3, 4, 5])
async def test_whoever_comes_and_goes_is_told_the_same_as_whoever_stays(
    settings: Settings, database: Database, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private, "PAGE", 7)
    life = Life(seed)
    for _ in range(2):  # the service is started anew in between
        async with process(settings, database, life.clock) as (exchange, house):
            await life.go_on(exchange, house, 400)
    heard = sum(len(follower.told) for follower in life.stays.values())
    assert heard > 50, heard
    async with process(settings, database, life.clock) as (exchange, house):
        afterwards = {}
        for key, stays in life.stays.items():
            afterwards[key] = from_the_first = Follower(key[0], user_of(key[1]), since=0)
            await from_the_first.come(house)
            await from_the_first.hear()
            from_the_first.go()
            assert stays.bodies == from_the_first.bodies, key
            assert life.comes_and_goes[key].bodies == stays.bodies, key
        for who in life.accounts:
            await check_orders(exchange, afterwards["orders", who], who)
            await check_fills(exchange, afterwards["fills", who], who)
            await check_liquidations(exchange, afterwards["liquidations", who], who)


async def check_orders(exchange: Exchange, heard: Follower, who: int) -> None:
    """The last that was told of each order is what is stored of it."""
    told = {row["id"]: row for body in heard.bodies.values() for row in body["orders"]}
    async with exchange.database.read() as unit:
        rows = await unit.fetch("select * from orders where account = $1", who)
    assert len(told) == len(rows)
    still_open = []
    for row in rows:
        order, instrument = told[str(row["id"])], exchange.get_instrument(row["symbol"])
        assert order["status"] == row["status"]
        assert order["reason"] == row["reason"]
        assert order["quantity"] == text(quantity_of(instrument, row["quantity"]))
        assert order["filled_quantity"] == text(quantity_of(instrument, row["filled"]))
        assert order["price"] == (
            text(price_of(instrument, row["price"])) if row["price"] else None
        )
        assert order["fee"] == text(money_of(row["fee"]))
        assert order["realised_profit"] == text(money_of(row["profit"]))
        assert order["close_position"] == row["close_position"]
        assert order["expires_at_ms"] == (row["expires_at_ms"] or None)
        assert order["parent_id"] == (str(row["parent"]) if row["parent"] else None)
        if row["status"] in {"open", "waiting"}:
            still_open.append(order["id"])
    assert heard.state is not None
    assert sorted(each["id"] for each in heard.state["orders"]) == sorted(still_open)
    for row in heard.state["orders"]:
        told_of_it = {name: told[row["id"]][name] for name in row}
        assert told_of_it == row


async def check_fills(exchange: Exchange, heard: Follower, who: int) -> None:
    async with exchange.database.read() as unit:
        rows = await unit.fetch(
            "select id, side, seq from fills where account = $1 order by id, side", who
        )
    told = [
        (int(row["id"]), 1 if row["side"] == "buy" else -1, seq)
        for seq, body in heard.bodies.items()
        for row in body["fills"]
    ]
    assert sorted(told) == [tuple(row) for row in rows]


async def check_liquidations(exchange: Exchange, heard: Follower, who: int) -> None:
    async with exchange.database.read() as unit:
        rows = await unit.fetch(
            "select seq, kind from liquidations where account = $1 order by seq, number", who
        )
    told = [
        (seq, row["event"]) for seq, body in heard.bodies.items() for row in body["liquidations"]
    ]
    assert told == [tuple(row) for row in rows]


def text(amount: Any) -> str:
    shown = format(amount, "f")
    return (shown.rstrip("0").rstrip(".") if "." in shown else shown) or "0"
