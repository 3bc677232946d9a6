"""The writer with many callers: one order of things, and only what is durable is told and shown."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from plimsoll.plumbing.database import Database
from plimsoll.trading.domain.commands import Countdown, PlaceOrder
from plimsoll.trading.domain.refusals import OutOfRange, UnknownAccount
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine import asking
from plimsoll.trading.engine.applied import Applied, Draft
from plimsoll.trading.engine.states import EngineAway, EngineBusy, EngineState
from plimsoll.trading.engine.writer import Engine
from plimsoll.trading.storage import journal
from tests.trading.engine.writing import (
    BEGINNING,
    BUY,
    INDEX,
    PEOPLE,
    SELL,
    ask,
    commits_waiting,
    deposit,
    draft,
    new_engine,
    place,
    prove,
    running,
    runs_again,
    wait_until,
)


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[Engine]:
    async with running(database) as engine:
        yield engine


def seq_of(venue: Venue) -> int:
    return venue.seq


def wallet_of(venue: Venue) -> int:
    return venue.accounts[PEOPLE[0]].wallet


async def test_an_empty_journal_begins_with_what_comes_first_once(database: Database) -> None:
    async with running(database) as engine:
        assert engine.seq == len(BEGINNING)
    async with running(database) as again:
        assert (again.seq, again.epoch) == (len(BEGINNING), 2)


async def test_thirty_two_callers_get_their_own_answers_in_one_order(
    engine: Engine, database: Database
) -> None:
    told: list[Applied] = []
    engine.listeners.append(told.extend)
    began = engine.seq

    async def trade(caller: int) -> list[Applied]:
        who, own = PEOPLE[caller % len(PEOPLE)], []
        for turn in range(8):
            side, sign = (BUY, -1) if (caller + turn) % 2 else (SELL, 1)
            client_id = f"{caller}-{turn}"
            price = INDEX + sign * (caller - 5)
            asked = place(who, side, 2, price, client_id=client_id)
            applied = await engine.submit(asked)
            assert isinstance(applied.command, PlaceOrder)
            assert applied.command.client_id == client_id
            own.append(applied)
        return own

    answers = [one for own in await asyncio.gather(*map(trade, range(32))) for one in own]
    numbers = sorted(each.seq for each in answers)
    assert numbers == sorted(set(numbers)), "no number is given twice"
    assert set(numbers) <= set(range(began + 1, engine.seq + 1))
    assert [each.seq for each in told] == list(range(began + 1, engine.seq + 1))
    rows = [
        row
        async for page in journal.read_journal(database, after=began, until=engine.seq)
        for row in page
    ]
    assert [(row.seq, row.chain) for row in rows] == [(each.seq, each.chain) for each in told]
    await prove(engine, database)


async def test_what_waits_together_is_written_together(engine: Engine) -> None:
    batches: list[int] = []
    engine.listeners.append(lambda batch: batches.append(len(batch)))
    async with commits_waiting() as waits:
        first = await ask(engine, deposit())
        await waits.wait()
        others = await ask(engine, *[deposit() for _ in range(31)])
    await asyncio.gather(*first, *others)
    assert batches == [1, 31]


async def test_what_one_caller_asks_together_stays_together(engine: Engine) -> None:
    ours, others = await asyncio.gather(
        engine.submit_all([deposit(), place(99, BUY, 5, INDEX), deposit()]),
        engine.submit_all([deposit(PEOPLE[1]), deposit(PEOPLE[1])]),
    )
    first = ours[0].seq
    assert [each.seq for each in ours] == [first, first + 1, first + 2]
    assert [each.refusal_code for each in ours] == [None, "unknown-account", None]
    assert others[1].seq == others[0].seq + 1
    assert await engine.submit_all([]) == []


async def test_a_refusal_is_raised_and_is_in_the_journal(
    engine: Engine, database: Database
) -> None:
    before = engine.seq
    with pytest.raises(UnknownAccount) as refused:
        await engine.submit(place(99, BUY, 5, INDEX))
    assert refused.value.facts == {"account": 99}
    assert engine.seq == before + 1
    await prove(engine, database)


@pytest.mark.parametrize(
    "asked",
    [
        place(2, BUY, 10**30, INDEX),
        draft(
            PlaceOrder,
            account=2,
            symbol="X",
            side=BUY,
            type="limit",
            quantity=1,
            attached=((-(2**62),),),
        ),
    ],
)
async def test_numbers_that_fit_nowhere_do_not_get_a_place_in_the_order(
    engine: Engine, asked: Draft
) -> None:
    before = engine.seq
    with pytest.raises(OutOfRange):
        await engine.submit(asked)
    await engine.submit(deposit())
    assert engine.seq == before + 1


async def test_reads_show_what_is_durable_while_a_commit_is_slow(engine: Engine) -> None:
    before, wallet = engine.seq, await engine.read(wallet_of)
    async with commits_waiting():
        (asked,) = await ask(engine, deposit(amount=7))
        await wait_until(lambda: engine.seq == before + 1)
        look = asyncio.create_task(engine.read(wallet_of))
        done, _ = await asyncio.wait({look, asked}, timeout=0.3)
        assert not done, "the machine is ahead of the journal: nobody may see it"
    await asked
    assert await look == wallet + 7


async def test_whoever_looks_wrongly_gets_their_own_error_and_nobody_else(engine: Engine) -> None:
    def wrong(_: Venue) -> int:
        return 1 // 0

    async with commits_waiting() as waits:
        (asked,) = await ask(engine, deposit())
        await waits.wait()
        looks = [asyncio.create_task(engine.read(each)) for each in (wrong, seq_of)]
        await asyncio.sleep(0.05)
    epoch = engine.epoch
    with pytest.raises(ZeroDivisionError):
        await looks[0]
    assert await looks[1] == (await asked).seq
    assert engine.epoch == epoch, "and the machine is still the same"


async def test_a_caller_who_goes_before_the_turn_is_not_served(
    engine: Engine, database: Database
) -> None:
    before = engine.seq
    async with commits_waiting() as waits:
        (under_way,) = await ask(engine, deposit())
        await waits.wait()
        gone, stays = await ask(engine, deposit(), deposit())
        gone.cancel()
        under_way.cancel()
        await asyncio.sleep(0.05)
    assert (await stays).seq == before + 2, "what was being written is written"
    assert engine.waiting == 0
    await prove(engine, database)


async def test_a_batch_of_people_who_all_went_leaves_nothing_hanging(engine: Engine) -> None:
    async with commits_waiting() as waits:
        (first,) = await ask(engine, deposit())
        await waits.wait()
        for gone in await ask(engine, deposit(), deposit()):
            gone.cancel()
    seq = (await first).seq
    await asyncio.sleep(0.05)
    async with asyncio.timeout(2):
        assert await engine.read(seq_of) >= seq


async def test_a_listener_that_raises_hinders_nobody(engine: Engine) -> None:
    heard: list[int] = []

    def broken(_: Sequence[Applied]) -> None:
        raise RuntimeError

    engine.listeners += [broken, lambda batch: heard.extend(each.seq for each in batch)]
    epoch = engine.epoch
    applied = await engine.submit(deposit())
    assert (heard, engine.epoch) == ([applied.seq], epoch)


async def test_too_many_waiting_are_refused_at_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MOST_WAITING", 10)
    async with commits_waiting() as waits:
        await ask(engine, deposit())
        await waits.wait()
        waiting = await ask(engine, *[deposit() for _ in range(10)])
        with pytest.raises(EngineBusy) as busy:
            await engine.submit(deposit())
    assert busy.value.facts == {"waiting": 10, "most": 10}
    assert busy.value.retry_after_s == 1
    await asyncio.gather(*waiting)
    await engine.submit(deposit())


async def test_a_command_that_breaks_the_machine_is_answered_and_forgotten(
    engine: Engine, database: Database
) -> None:
    def poison(seq: int, at_ms: int) -> Any:
        return place(2, BUY, 5, INDEX)(seq + (seq > 0), at_ms)

    before = engine.seq
    broken, beside = await ask(engine, poison, deposit())
    results = await asyncio.gather(broken, beside, return_exceptions=True)
    assert all(isinstance(each, EngineAway) for each in results), results
    await runs_again(engine)
    assert (await engine.submit(deposit())).seq == before + 1
    await prove(engine, database)


async def test_closing_finishes_what_waits_and_takes_a_snapshot(database: Database) -> None:
    engine = new_engine(database)
    await engine.open(BEGINNING)
    async with commits_waiting():
        waiting = await ask(engine, *[deposit() for _ in range(20)])
        closing = asyncio.create_task(engine.close())
        await asyncio.sleep(0.1)
    answers = await asyncio.gather(*waiting)
    await closing
    assert len({each.seq for each in answers}) == 20
    assert engine.state is EngineState.CLOSED
    for asked in (engine.submit(deposit()), engine.read(seq_of)):
        with pytest.raises(EngineAway):
            await asked
    async with database.read() as unit:
        assert await unit.fetchval("select max(seq) from engine_snapshots") == engine.seq


async def test_time_passes_while_nobody_asks(engine: Engine, database: Database) -> None:
    rests = await engine.submit(place(2, BUY, 5, INDEX - 100))
    due = rests.at_ms + 2_000
    await engine.submit(draft(Countdown, account=2, until_ms=due))
    async with asyncio.timeout(7):
        while await engine.read(lambda venue: len(venue.orders)):  # noqa: ASYNC110 - to look is not to ask
            await asyncio.sleep(0.05)
    await prove(engine, database)
