"""Whose account is whose, and what their tier allows them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import pytest

from plimsoll.access.domain.principals import Principal, Role, Tier, scopes_of
from plimsoll.kernel.clock import SystemClock
from plimsoll.kernel.identifiers import UserId, new_id
from plimsoll.plumbing.database import Database
from plimsoll.settings import Settings
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine.states import EngineAway
from plimsoll.trading.service.exchange import Exchange


@pytest.fixture
async def exchange(settings: Settings, database: Database) -> AsyncIterator[Exchange]:
    exchange = Exchange(settings, database, SystemClock())
    await exchange.open()
    yield exchange
    await exchange.close()


def somebody(tier: Tier = Tier.BEGINNER) -> Principal:
    return Principal(
        UserId(new_id()), Role.USER, tier, scopes_of(Role.USER), None, None, float("inf")
    )


async def cap_of(exchange: Exchange, account: int) -> int:
    def look(venue: Venue) -> int:
        return venue.accounts[account].leverage_cap

    return await exchange.read(look)


async def test_an_account_is_opened_once(exchange: Exchange) -> None:
    person = somebody()
    numbers = await asyncio.gather(*(exchange.account_of(person) for _ in range(10)))
    assert len(set(numbers)) == 1
    assert await exchange.find_account(person.user_id) == numbers[0]
    assert await exchange.find_account(UUID(int=1)) is None


async def test_everybody_has_their_own(exchange: Exchange) -> None:
    people = [somebody() for _ in range(10)]
    assert len({await exchange.account_of(each) for each in people}) == 10


async def test_a_new_tier_reaches_the_machine_with_the_next_request(exchange: Exchange) -> None:
    person = somebody()
    account = await exchange.account_of(person)
    assert await cap_of(exchange, account) == 5
    assert await exchange.account_of(replace(person, tier=Tier.ADVANCED)) == account
    assert await cap_of(exchange, account) == 20
    await exchange.account_of(person)
    assert await cap_of(exchange, account) == 5


async def test_the_same_tier_tells_the_machine_nothing(
    exchange: Exchange, settings: Settings, database: Database
) -> None:
    person = somebody(Tier.INTERMEDIATE)
    account = await exchange.account_of(person)
    await exchange.account_of(person)
    await exchange.close()
    later = Exchange(settings, database, SystemClock())
    await later.open()
    try:
        assert await later.account_of(person) == account
        await later.account_of(person)
    finally:
        await later.close()
    async with database.read() as unit:
        assert await unit.fetchval("select count(*) from journal where kind = 'set-tier'") == 0


async def test_a_second_one_stands_by_and_takes_over_with_all_that_is_listed(
    settings: Settings, database: Database
) -> None:
    first, second = (Exchange(settings, database, SystemClock()) for _ in range(2))
    await first.open()
    await second.open()
    person = somebody()
    with pytest.raises(EngineAway):
        await second.account_of(person)
    account = await first.account_of(person)
    await first.close()
    async with asyncio.timeout(10):
        while not second.instruments:  # noqa: ASYNC110 -- it takes over by itself
            await asyncio.sleep(0.05)
    assert second.instruments == first.instruments
    assert await second.account_of(person) == account
    await second.close()
