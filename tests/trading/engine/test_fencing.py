"""Two writers on one database: one runs, the other stands by, and never do both commit."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from plimsoll.plumbing.database import Database
from plimsoll.plumbing.held import hold
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine import recovery, writer
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.engine.asking import Asked
from plimsoll.trading.engine.present import Batch, Present
from plimsoll.trading.engine.states import EngineAway, EngineState
from plimsoll.trading.engine.writer import Engine
from plimsoll.trading.storage import journal
from tests.plumbing.cutting_proxy import CuttingProxy
from tests.trading.engine.writing import (
    BEGINNING,
    PEOPLE,
    ask,
    commits_held_up,
    connected,
    deposit,
    kill_writer,
    new_engine,
    prove,
    running,
    runs_again,
    seqs_of,
    wait_until,
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "STANDBY_S", 0.1)
    monkeypatch.setattr(writer, "LOCK_RETRY_S", 0.02)


@pytest.fixture
async def second(database_url: str) -> AsyncIterator[Engine]:
    async with connected(database_url) as database:
        engine = new_engine(database)
        yield engine
        await engine.close()


def wallet_of(venue: Venue) -> int:
    return venue.accounts[PEOPLE[0]].wallet


async def test_the_second_stands_by_and_says_so(database: Database, second: Engine) -> None:
    async with running(database) as first:
        await second.open(BEGINNING)
        assert (first.state, second.state) == (EngineState.RUNNING, EngineState.STANDBY)
        with pytest.raises(EngineAway) as away:
            await second.submit(deposit())
        assert away.value.facts == {"state": "standby"}
        with pytest.raises(EngineAway):
            await second.read(wallet_of)
        await first.submit(deposit())


async def test_the_second_takes_over_when_the_first_closes(
    database: Database, second: Engine
) -> None:
    restored: list[int] = []
    second.on_restored.append(lambda: restored.append(second.seq))
    async with running(database) as first:
        await second.open(BEGINNING)
        await first.submit(deposit())
    await runs_again(second)
    assert restored == [first.seq]
    assert (await second.submit(deposit())).seq == first.seq + 1
    assert second.epoch == first.epoch + 1
    await prove(second, database)


async def test_there_and_back_again_when_one_is_cut_off(
    database: Database, database_url: str, second: Engine
) -> None:
    """The first loses its network in the middle of a commit, and the second goes on; then the
    second is killed, and the first is the writer again.
    """
    async with (
        CuttingProxy.before(database_url) as network,
        connected(network.dsn) as through,
        running(through) as first,
    ):
        await second.open(BEGINNING)
        async with commits_held_up(database_url):
            lost = await ask(first, deposit(amount=1), deposit(amount=2))
            await asyncio.sleep(0.05)
            await network.close()
            await asyncio.sleep(0.05)
        await runs_again(second)
        ours = await second.submit(deposit(amount=100))
        await network.open()
        told = await asyncio.gather(*lost, return_exceptions=True)
        kept = set(await seqs_of(database))
        for each in told:
            if isinstance(each, Applied):
                assert each.seq in kept
                assert each.seq < ours.seq
            else:
                assert isinstance(each, EngineAway)
        await wait_until(lambda: first.state is EngineState.STANDBY)
        await prove(second, database)
        await second.close()
        await runs_again(first)
        assert first.epoch == second.epoch + 1
        assert (await first.submit(deposit())).seq > ours.seq
        await prove(first, database)


async def test_a_writer_whose_lease_was_taken_writes_nothing(
    database: Database, database_url: str
) -> None:
    async with running(database) as engine:
        before, wallet = await seqs_of(database), await engine.read(wallet_of)
        async with database.write() as unit:
            await unit.execute("update engine_lease set epoch = epoch + 1")
        told = await asyncio.gather(*await ask(engine, deposit()), return_exceptions=True)
        assert [type(each) for each in told] == [EngineAway]
        assert await seqs_of(database) == before
        await runs_again(engine)
        assert await engine.read(wallet_of) == wallet
        await engine.submit(deposit())
        await prove(engine, database)


async def test_a_writer_that_slept_through_its_end_can_never_commit(
    database: Database, second: Engine
) -> None:
    """A batch made under an old epoch, sent late: by hand, as the machine that slept would."""
    async with running(database) as first:
        stale = Batch(first.epoch, first.seq)
        asked = Asked([deposit()], None, None, asyncio.get_running_loop().create_future())
        restored = await recovery.restore(database, until=first.seq)
        Present(restored).apply(stale, [asked], 0)
    await second.open(BEGINNING)
    for applied in (False, True):
        if applied:
            await second.submit(deposit())
        before = await seqs_of(database)
        async with hold(database) as line:
            with pytest.raises(journal.Fenced):
                await journal.append(
                    line,
                    epoch=stale.epoch,
                    before_seq=stale.before_seq,
                    journal=stale.journal,
                    models=stale.rows.tables(),
                )
        assert await seqs_of(database) == before
    await second.submit(deposit())
    await prove(second, database)


async def test_of_two_who_race_for_the_lease_one_commits_and_one_is_fenced(
    database: Database, database_url: str
) -> None:
    """Both have the row in their hands at the same moment: one waits for the other's end."""
    async with running(database) as engine:
        before = len(await seqs_of(database))
        rival = await asyncpg.connect(database_url)
        transaction = rival.transaction()
        await transaction.start()
        await rival.execute("update engine_lease set epoch = epoch + 1")
        (asked,) = await ask(engine, deposit())
        await asyncio.sleep(0.1)
        assert not asked.done(), "it waits for who was first"
        await transaction.commit()
        await rival.close()
        assert isinstance((await asyncio.gather(asked, return_exceptions=True))[0], EngineAway)
        assert len(await seqs_of(database)) == before
        await runs_again(engine)


async def test_a_killed_writer_is_the_writer_again(database: Database, database_url: str) -> None:
    async with running(database) as engine:
        epoch = engine.epoch
        await kill_writer(database_url)
        await wait_until(lambda: engine.epoch > epoch)
        await runs_again(engine)
        await engine.submit(deposit())
        await prove(engine, database)


async def test_what_became_of_a_batch_is_known_by_who_wrote_it(database: Database) -> None:
    """Numbers alone do not say it: another writer may have used them since."""
    async with running(database) as engine:
        await engine.submit(deposit())
    seq, epoch = engine.seq, engine.epoch
    async with database.read() as unit:
        assert await journal.find_outcome(unit, seq=seq, epoch=epoch) is True
        assert await journal.find_outcome(unit, seq=seq, epoch=epoch + 1) is False
        assert await journal.find_outcome(unit, seq=seq + 1, epoch=epoch) is None
        assert await journal.find_outcome(unit, seq=seq + 1, epoch=epoch - 1) is False
