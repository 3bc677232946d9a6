"""A writer on a real database with people who trade, and what must be true of it afterwards."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import pytest

from plimsoll.kernel.clock import SystemClock
from plimsoll.plumbing.database import Database
from plimsoll.trading.domain.commands import Deposit, OpenAccount, PlaceOrder, SetIndex
from plimsoll.trading.domain.digest import state_digest
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.invariants import check
from plimsoll.trading.domain.orders import OrderType, Side
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine import recovery
from plimsoll.trading.engine.applied import Draft
from plimsoll.trading.engine.genesis import first_commands
from plimsoll.trading.engine.states import EngineState
from plimsoll.trading.engine.writer import Engine
from plimsoll.trading.storage import journal

FIRST: Final = tuple(first_commands(account_notional=0, venue_notional=0, orders_per_second=0))
PEOPLE: Final = (2, 3, 4, 5)
INDEX: Final = 600_000
SYMBOL: Final = "BTC-PERP"
BUY, SELL = Side.BUY, Side.SELL
SELDOM: Final = 100_000
"""Commands between two snapshots: more than a test has, so that there is one when it closes."""


def draft(kind: type[Any], **fields: Any) -> Draft:
    """A command but for its number and time."""

    def make(seq: int, at_ms: int) -> Any:
        return kind(seq=seq, at_ms=at_ms, **fields)

    return make


def place(who: int, side: Side, quantity: int, price: int = 0, **more: Any) -> Draft:
    """A limit order in BTC-PERP, or one at the market."""
    kind = OrderType.LIMIT if price else OrderType.MARKET
    fields = {"account": who, "symbol": SYMBOL, "side": side, "type": kind, "price": price}
    return draft(PlaceOrder, quantity=quantity, **(fields | more))


def deposit(who: int = PEOPLE[0], amount: int = MONEY) -> Draft:
    return draft(Deposit, account=who, asset="tether", amount=amount)


BEGINNING: Final = (
    *FIRST,
    *(draft(OpenAccount, account=who, leverage_cap=20) for who in PEOPLE),
    *(deposit(who, 10**6 * MONEY) for who in PEOPLE),
    draft(SetIndex, symbol=SYMBOL, index_price=INDEX),
)


def new_engine(database: Database, *, snapshot_every: int = SELDOM) -> Engine:
    return Engine(database, SystemClock(), snapshot_every=snapshot_every)


@asynccontextmanager
async def running(database: Database, *, snapshot_every: int = SELDOM) -> AsyncIterator[Engine]:
    """An engine with people and a price."""
    engine = new_engine(database, snapshot_every=snapshot_every)
    await engine.open(BEGINNING)
    try:
        yield engine
    finally:
        await engine.close()


@asynccontextmanager
async def connected(database_url: str) -> AsyncIterator[Database]:
    """A database of somebody else, as another process has it."""
    database = await Database.connect(database_url, pool_size=4)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def commits_held_up(database_url: str) -> AsyncIterator[None]:
    """Whoever wants to write to the journal waits until the end of this."""
    connection = await asyncpg.connect(database_url)
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("select from engine_lease for update")
        yield
    finally:
        await transaction.rollback()
        await connection.close()


@asynccontextmanager
async def commits_waiting() -> AsyncIterator[asyncio.Event]:
    """The same before the database hears of it, which gives a lock up after two seconds: this can
    last. What is yielded is set as soon as a batch waits.
    """
    append, waits, over = journal.append, asyncio.Event(), asyncio.Event()

    async def wait_and_append(*args: Any, **batch: Any) -> None:
        waits.set()
        await over.wait()
        await append(*args, **batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "append", wait_and_append)
        try:
            yield waits
        finally:
            over.set()


async def wait_until(true: Callable[[], bool], *, within_s: float = 20) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 -- another task's state, for a test
            await asyncio.sleep(0.01)


async def runs_again(engine: Engine) -> None:
    await wait_until(lambda: engine.state is EngineState.RUNNING)


WRITER: Final = """
    select pid from pg_locks where locktype = 'advisory' and granted
    and classid = $1 and objid = $2 and database =
    (select oid from pg_database where datname = current_database())
"""


async def find_writer(unit: Any) -> int | None:
    """The server's process behind the connection that has the lock."""
    pid: int | None = await unit.fetchval(WRITER, journal.LOCK >> 32, journal.LOCK & 0xFFFFFFFF)
    return pid


async def kill_writer(database_url: str) -> None:
    """End the writer's connection, from the server's side."""
    admin = await asyncpg.connect(database_url)
    try:
        pid = await find_writer(admin)
        assert pid is not None
        await admin.fetchval("select pg_terminate_backend($1, 5000)", pid)
    finally:
        await admin.close()


async def seqs_of(database: Database) -> list[int]:
    async with database.read() as unit:
        return [row["seq"] for row in await unit.fetch("select seq from journal order by seq")]


def digest_and_seq(venue: Venue) -> tuple[int, str]:
    return venue.seq, state_digest(venue)


async def prove(engine: Engine, database: Database) -> None:
    """Memory, the whole journal from its first command, and the numbers of it say the same."""
    seq, digest = await engine.read(digest_and_seq)
    replayed = await recovery.restore(database, until=seq, from_snapshot=False)
    assert state_digest(replayed.venue) == digest
    assert await engine.read(check) == []
    assert await seqs_of(database) == list(range(1, seq + 1))


async def ask(engine: Engine, *drafts: Draft) -> list[asyncio.Task[Any]]:
    """Callers who wait, each for one command."""
    tasks = [asyncio.create_task(engine.submit(each)) for each in drafts]
    await asyncio.sleep(0)
    return tasks
