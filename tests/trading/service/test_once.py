"""A request with an Idempotency-Key does its commands once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import pytest

from plimsoll.kernel.clock import SystemClock
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.idempotency import InFlight, Key, KeyReused
from plimsoll.settings import Settings
from plimsoll.trading.domain.commands import Deposit, Withdraw
from plimsoll.trading.domain.refusals import InsufficientBalance
from plimsoll.trading.engine.applied import Draft
from plimsoll.trading.engine.genesis import HOUSE
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.once import do_once, once

ANYBODY, OTHER = uuid4(), uuid4()
KEY = Key("k", b"a" * 32)


@pytest.fixture
async def exchange(settings: Settings, database: Database) -> AsyncIterator[Exchange]:
    exchange = Exchange(settings, database, SystemClock())
    await exchange.open()
    yield exchange
    await exchange.close()


def deposit(seq: int, at_ms: int) -> Deposit:
    return Deposit(seq, at_ms, HOUSE, "tether", 100)


def too_much(seq: int, at_ms: int) -> Withdraw:
    return Withdraw(seq, at_ms, HOUSE, "tether", 10**18)


async def test_without_a_key_it_is_done_each_time(exchange: Exchange) -> None:
    first = await once(exchange, ANYBODY, None, [deposit])
    second = await once(exchange, ANYBODY, None, [deposit])
    assert second.applied[0].seq == first.applied[0].seq + 1
    assert not second.replayed


async def test_with_a_key_the_first_answer_comes_again(exchange: Exchange) -> None:
    first = await once(exchange, ANYBODY, KEY, [deposit, too_much, deposit])
    second = await once(exchange, ANYBODY, KEY, [deposit])
    assert second.applied == first.applied
    assert (first.replayed, second.replayed) == (False, True)
    assert [each.refusal is None for each in second.applied] == [True, False, True]
    assert exchange.engine.seq == first.applied[-1].seq


async def test_it_comes_again_after_a_restart(
    exchange: Exchange, settings: Settings, database: Database
) -> None:
    first = await once(exchange, ANYBODY, KEY, [deposit])
    await exchange.close()
    later = Exchange(settings, database, SystemClock())
    await later.open()
    try:
        assert (await once(later, ANYBODY, KEY, [deposit])).applied == first.applied
    finally:
        await later.close()


async def test_what_was_refused_whole_leaves_its_key_free(exchange: Exchange) -> None:
    with pytest.raises(InsufficientBalance) as refused:
        await do_once(exchange, ANYBODY, KEY, too_much)
    assert refused.value.facts["required"] == "10000000000"
    first = await once(exchange, ANYBODY, KEY, [deposit])
    assert not first.replayed
    assert (await once(exchange, ANYBODY, KEY, [deposit])).applied == first.applied


async def test_a_key_belongs_to_one_request_of_one_person(exchange: Exchange) -> None:
    first = await once(exchange, ANYBODY, KEY, [deposit])
    with pytest.raises(KeyReused):
        await once(exchange, ANYBODY, Key("k", b"b" * 32), [deposit])
    assert not (await once(exchange, OTHER, KEY, [deposit])).replayed
    assert not (await once(exchange, ANYBODY, KEY, [deposit], part="before")).replayed
    assert exchange.engine.seq == first.applied[0].seq + 2


async def test_of_many_at_once_one_is_done(exchange: Exchange) -> None:
    before = exchange.engine.seq
    results = await asyncio.gather(
        *(once(exchange, ANYBODY, KEY, [deposit]) for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(each, InFlight) for each in results) == 19
    assert exchange.engine.seq == before + 1
    assert (await once(exchange, ANYBODY, KEY, [deposit])).replayed


async def test_whoever_goes_away_is_done_once(exchange: Exchange) -> None:
    """The command may be on its way: a repeat waits for it instead of breaking its batch."""
    before = exchange.engine.seq
    going = asyncio.create_task(once(exchange, ANYBODY, KEY, [deposit]))
    await asyncio.sleep(0)
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    with pytest.raises(InFlight):
        await once(exchange, ANYBODY, KEY, [deposit])
    while exchange.keys_in_flight:  # noqa: ASYNC110 -- another task's state
        await asyncio.sleep(0.01)
    assert (await once(exchange, ANYBODY, KEY, [deposit])).replayed
    assert exchange.engine.seq == before + 1


async def test_a_plan_is_made_only_when_it_is_needed(exchange: Exchange) -> None:
    made = []

    async def plan() -> Sequence[Draft]:
        made.append(1)
        return [deposit]

    for _ in range(3):
        await once(exchange, ANYBODY, KEY, plan)
    assert made == [1]


async def test_a_plan_that_fails_leaves_the_key_free(exchange: Exchange) -> None:
    async def plan() -> Sequence[Draft]:
        raise InsufficientBalance("not yet")

    with pytest.raises(InsufficientBalance):
        await once(exchange, ANYBODY, KEY, plan)
    assert not (await once(exchange, ANYBODY, KEY, [deposit])).replayed
