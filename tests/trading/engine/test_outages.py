"""A database that fails in the middle: memory is the journal again, and nobody waits for ever."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from plimsoll.kernel.errors import Unavailable
from plimsoll.plumbing import held
from plimsoll.plumbing.database import Database, OutcomeUnknown
from plimsoll.trading.domain.orders import IDS_PER_COMMAND
from plimsoll.trading.domain.refusals import DuplicateClientId
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine import writer
from plimsoll.trading.engine.applied import Applied, Draft
from plimsoll.trading.engine.states import EngineAway, EngineState
from plimsoll.trading.engine.writer import Engine
from tests.plumbing.cutting_proxy import Cut, CuttingProxy
from tests.trading.engine.writing import (
    BUY,
    INDEX,
    PEOPLE,
    ask,
    commits_held_up,
    connected,
    deposit,
    kill_writer,
    place,
    prove,
    running,
    runs_again,
    wait_until,
)

MARK = b"cut-here"


@dataclass(frozen=True, slots=True)
class Desk:
    """An engine behind a network that fails, beside which `direct` always works."""

    engine: Engine
    network: CuttingProxy
    direct: Database
    heard: list[int]

    async def wallet(self) -> int:
        return await self.engine.read(wallet_of)


def wallet_of(venue: Venue) -> int:
    return venue.accounts[PEOPLE[0]].wallet


@pytest.fixture
async def desk(database: Database, database_url: str) -> AsyncIterator[Desk]:
    heard: list[int] = []
    async with (
        CuttingProxy.before(database_url) as network,
        connected(network.dsn) as through,
        running(through) as engine,
    ):
        engine.listeners.append(lambda batch: heard.extend(each.seq for each in batch))
        yield Desk(engine, network, database, heard)


def marked(price: int = INDEX - 200) -> Draft:
    """An order whose commit the network can tell: its client id is in what the client sends."""
    return place(PEOPLE[0], BUY, 5, price, client_id=MARK.decode())


async def results(*tasks: "asyncio.Task[Any]") -> list[Any]:
    async with asyncio.timeout(15):
        return await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_writer_killed_before_the_commit_answers_that_nothing_changed(
    desk: Desk, database_url: str
) -> None:
    before, epoch = await desk.wallet(), desk.engine.epoch
    async with commits_held_up(database_url):
        first = await ask(desk.engine, deposit(), deposit())
        await asyncio.sleep(0.1)
        waits = await ask(desk.engine, deposit(amount=5))
        look = asyncio.create_task(desk.wallet())
        await kill_writer(database_url)
    told = await results(*first)
    assert [type(each) for each in told] == [EngineAway] * 2
    (later,) = await results(*waits)
    assert isinstance(later, Applied), "who was not begun with is served by the next machine"
    assert await look in {before, before + 5}
    assert await desk.wallet() == before + 5
    assert desk.engine.epoch > epoch
    await prove(desk.engine, desk.direct)


async def test_a_connection_that_dies_idle_costs_nobody_anything(
    desk: Desk, database_url: str
) -> None:
    epoch = desk.engine.epoch
    await kill_writer(database_url)
    await wait_until(lambda: desk.engine.epoch > epoch)
    await desk.engine.submit(deposit())
    await prove(desk.engine, desk.direct)


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
async def test_a_commit_whose_answer_is_lost_is_looked_up(desk: Desk, cut: Cut) -> None:
    before, heard = await desk.wallet(), len(desk.heard)
    desk.network.cut_at(MARK, cut)
    told = await results(*await ask(desk.engine, marked(), deposit(amount=4)))
    await runs_again(desk.engine)
    if cut is Cut.AFTER:
        assert [each.seq for each in told] == desk.heard[heard:]
        assert await desk.wallet() == before + 4
    else:
        assert [type(each) for each in told] == [EngineAway] * 2
        assert await desk.wallet() == before
    await desk.engine.submit(deposit())
    assert desk.heard == list(range(desk.heard[0], desk.heard[-1] + 1)), "each batch, once"
    await prove(desk.engine, desk.direct)


async def test_a_server_that_does_it_and_says_nothing_is_given_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "ANSWER_S", 0.5)
    heard = len(desk.heard)
    desk.network.cut_at(MARK, Cut.SILENT)
    (told,) = await results(*await ask(desk.engine, marked()))
    assert told.seq == desk.heard[heard]
    await runs_again(desk.engine)
    await prove(desk.engine, desk.direct)


async def test_a_lock_on_the_lease_that_lasts_fails_the_commit_and_not_the_writer(
    desk: Desk, database_url: str
) -> None:
    async with commits_held_up(database_url):
        (told,) = await results(*await ask(desk.engine, deposit()))
    assert isinstance(told, EngineAway)
    await runs_again(desk.engine)
    await desk.engine.submit(deposit())
    await prove(desk.engine, desk.direct)


async def test_ten_seconds_without_a_database(desk: Desk) -> None:
    """Who waits is told after a while, who comes is told at once, and then it goes on by itself."""
    before = await desk.wallet()
    desk.network.cut_at(MARK, Cut.AFTER)
    doubtful = await ask(desk.engine, marked())
    await asyncio.sleep(0.05)
    await desk.network.close()
    down_s = time.monotonic()
    waiting = await ask(desk.engine, deposit())
    look = asyncio.create_task(desk.wallet())
    told = await results(*doubtful, *waiting, look)
    assert [type(each) for each in told] == [OutcomeUnknown, EngineAway, EngineAway]
    assert writer.PATIENCE_S - 1 < time.monotonic() - down_s < writer.PATIENCE_S + 2
    assert desk.engine.state is EngineState.AWAY
    for asked in (desk.engine.submit(deposit()), desk.wallet()):
        with pytest.raises(EngineAway):
            await asyncio.wait_for(asked, timeout=0.1)
    await asyncio.sleep(max(0, 10 - (time.monotonic() - down_s)))
    await desk.network.open()
    await runs_again(desk.engine)
    assert await desk.wallet() == before
    await desk.engine.submit(deposit())
    await prove(desk.engine, desk.direct)


async def test_closing_while_the_database_is_away_leaves_nobody_waiting(desk: Desk) -> None:
    desk.network.cut_at(MARK, Cut.BEFORE)
    doubtful = await ask(desk.engine, marked())
    await desk.network.close()
    waiting = await ask(desk.engine, deposit())
    await asyncio.sleep(0.3)
    await desk.engine.close()
    told = await results(*doubtful, *waiting)
    assert [type(each) for each in told] == [OutcomeUnknown, EngineAway]


async def test_under_load_every_answer_is_in_the_journal_once_whatever_dies(
    desk: Desk, database_url: str
) -> None:
    answered: dict[str, int] = {}

    async def trade(caller: int) -> None:
        for turn in range(25):
            client_id = f"{caller}-{turn}"
            order = place(PEOPLE[caller % 4], BUY, 1, INDEX - 1_000 - turn, client_id=client_id)
            while client_id not in answered:
                try:
                    answered[client_id] = (await desk.engine.submit(order)).seq
                except DuplicateClientId as known:  # an answer that was lost on the way
                    answered[client_id] = int(known.facts["order"] or 0) // IDS_PER_COMMAND
                except Unavailable:
                    await asyncio.sleep(0.02)

    async def harm() -> None:
        for turn in range(6):
            await asyncio.sleep(0.15)
            if turn % 2:
                desk.network.cut_at(b"place-order", Cut.AFTER)
            else:
                with suppress(AssertionError):
                    await kill_writer(database_url)

    async with asyncio.timeout(60):
        await asyncio.gather(harm(), *map(trade, range(16)))
    assert len(set(answered.values())) == len(answered) == 400
    async with desk.direct.read() as unit:
        rows = await unit.fetch("select client_id, id from orders where client_id is not null")
    assert {row["client_id"]: row["id"] // IDS_PER_COMMAND for row in rows} == answered
    await prove(desk.engine, desk.direct)
