"""PostgreSQL for everyone above: a pool, one transaction per unit of work, and what its failures
mean.

`ReadUnit` and `Unit` are two types, so that a handler which only reads cannot be handed a
writer: reads run on connections that PostgreSQL itself keeps read-only. A `Unit` is one
transaction; it is committed by the code here, before the answer leaves, and nowhere else.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final, TypeVar

import asyncpg
import structlog
from fastapi import Depends, Request

from plimsoll.kernel.errors import Conflict, PlimsollError, Unavailable
from plimsoll.plumbing import telemetry
from plimsoll.plumbing.losses import CONFLICTS, LOST, READS_ONLY
from plimsoll.plumbing.pools import SILENCE, Pool
from plimsoll.plumbing.tracing import Tracing

log = structlog.get_logger(__name__)

T = TypeVar("T")

ATTEMPTS: Final = 4
RETRY_WITHIN_S: Final = 4.0
SILENT_S: Final = 1.0
"""Past its own time limit a server says so; one that says nothing is frozen, or out of reach."""
UNLIMITED_S: Final = 86_400.0
OLDEST_SERVER: Final = 15


class DatabaseUnavailable(Unavailable):
    """PostgreSQL does not answer; nothing was changed."""

    code = "database-unavailable"
    title = "The database is not available"


class OutcomeUnknown(Unavailable):
    """The connection died while a commit was under way: the write may or may not be there."""

    code = "outcome-unknown"
    title = "The connection was lost during the commit"


class Contended(Unavailable):
    """Others kept changing the same rows; nothing was changed."""

    code = "contended"
    title = "The same rows are being changed by others"


class TookTooLong(Unavailable):
    """A statement ran into the time limit; nothing was changed."""

    code = "statement-timeout"
    title = "The database took too long"


class Locked(Conflict):
    """The rows are held by another request for longer than a request may wait."""

    code = "locked"
    title = "Another request is working on the same thing"


for _kind in (DatabaseUnavailable, OutcomeUnknown, Contended, TookTooLong, Locked):
    telemetry.DB_ERRORS.labels(_kind.code)  # from 0 on, so that the first one is an increase


class ReadUnit:
    """A connection that can only read. Every statement sees what is committed when it starts."""

    __slots__ = ("_connection", "_within_s")

    def __init__(self, connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]") -> None:
        self._connection = connection
        self._within_s: float | None = None

    async def fetch(self, sql: str, *args: object) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await self._connection.fetch(
            sql, *args, timeout=self._within_s
        )
        return rows

    async def fetchrow(self, sql: str, *args: object) -> asyncpg.Record | None:
        return await self._connection.fetchrow(sql, *args, timeout=self._within_s)

    async def fetchval(self, sql: str, *args: object) -> Any:
        return await self._connection.fetchval(sql, *args, timeout=self._within_s)

    async def lift_limits(self) -> None:
        """Of time, until the end of the transaction: for work that nobody waits for."""
        self._within_s = UNLIMITED_S
        await self._connection.execute(
            "set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0"
        )

    async def stream(
        self, sql: str, *args: object, at_once: int
    ) -> AsyncIterator[list[asyncpg.Record]]:
        """What the query finds, as it is now, some rows at a time; other statements may be run in
        between. Only within a transaction: of `look` or of `write`.
        """
        rows: list[asyncpg.Record] = []
        async for row in self._connection.cursor(
            sql, *args, prefetch=at_once, timeout=self._within_s
        ):
            rows.append(row)
            if len(rows) == at_once:
                yield rows
                rows = []
        if rows:
            yield rows

    async def copy_csv(self, output: BinaryIO, sql: str, *args: object) -> int:
        """Write what the query finds to `output` as CSV without a header; the number of rows."""
        status: str = await self._connection.copy_from_query(
            sql, *args, output=output, format="csv", timeout=self._within_s
        )
        return int(status.removeprefix("COPY "))


class Unit(ReadUnit):
    """One transaction: all of it, or none of it."""

    __slots__ = ()

    async def execute(self, sql: str, *args: object) -> str:
        status: str = await self._connection.execute(sql, *args, timeout=self._within_s)
        return status

    async def executemany(self, sql: str, rows: list[tuple[object, ...]]) -> None:
        await self._connection.executemany(sql, rows, timeout=self._within_s)

    async def copy_records(
        self, table: str, columns: Sequence[str], records: Iterable[Sequence[object]]
    ) -> None:
        """Write many rows at once; nothing in them may be there already."""
        await self._connection.copy_records_to_table(
            table, columns=columns, records=records, timeout=self._within_s
        )

    async def copy_csv_in(self, table: str, columns: Sequence[str], file: Path) -> None:
        """The rows of a CSV file without a header, handed on as they are read: neither memory nor
        the event loop knows how many there are.
        """
        await self._connection.copy_to_table(
            table, columns=columns, source=file, format="csv", timeout=self._within_s
        )


async def _keep_session(_connection: object) -> None:
    """Nothing here changes a session's state, so a returned connection needs no reset round
    trip.
    """


class Database:
    """Two pools on one database: writers, and readers that the server keeps read-only."""

    def __init__(self, writers: Pool, readers: Pool) -> None:
        self._writers = writers
        self._readers = readers

    @classmethod
    async def connect(
        cls,
        dsn: str,
        *,
        pool_size: int = 10,
        statement_timeout_ms: int = 5_000,
        tracing: Tracing | None = None,
    ) -> "Database":
        """Open both pools; refuses a server older than PostgreSQL 15."""

        async def listen(connection: Any) -> None:
            if tracing is not None:
                connection.add_query_logger(tracing.note_statement)

        session = {
            "application_name": "plimsoll",
            "timezone": "UTC",
            "statement_timeout": str(statement_timeout_ms),
            "lock_timeout": "2000",
            "idle_in_transaction_session_timeout": "30000",
            "jit": "off",
        }
        options: dict[str, Any] = {
            "min_size": 1,
            "max_size": pool_size,
            "max_inactive_connection_lifetime": 0,
            "init": listen,
            "reset": _keep_session,
            "timeout": 5,
            "command_timeout": statement_timeout_ms / 1000 + SILENT_S,
        }
        read_only = session | {"default_transaction_read_only": "on"}
        try:
            writers = await asyncpg.create_pool(dsn, server_settings=session, **options)
            readers = await asyncpg.create_pool(dsn, server_settings=read_only, **options)
        except (*LOST, asyncpg.PostgresError) as error:
            raise DatabaseUnavailable(f"PostgreSQL does not answer: {error}") from error
        database = cls(Pool("writers", writers, tracing), Pool("readers", readers, tracing))
        async with database.read() as unit:
            version = int(await unit.fetchval("show server_version_num")) // 10_000
        if version < OLDEST_SERVER:
            await database.close()
            raise DatabaseUnavailable(
                f"the server is PostgreSQL {version}; Plimsoll needs {OLDEST_SERVER} or newer"
            )
        return database

    async def close(self) -> None:
        for pool in (self._readers, self._writers):
            try:
                async with asyncio.timeout(5):
                    await pool.pool.close()
            except LOST:
                pool.pool.terminate()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadUnit]:
        """A read-only connection."""
        with told(Progress(writes=False)):
            async with self._readers.acquire() as connection:
                yield ReadUnit(connection)

    @asynccontextmanager
    async def look(self) -> AsyncIterator[ReadUnit]:
        """A read-only connection on which everything stands still as it is at the first statement.
        For long looks: no time limits.
        """
        with told(Progress(writes=False)):
            async with (
                self._readers.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                unit = ReadUnit(connection)
                await unit.lift_limits()
                yield unit

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Unit]:
        """One transaction, committed on leaving; rolled back when the body raises."""
        progress = Progress()
        with told(progress):
            async with self._writers.acquire() as connection:
                transaction = connection.transaction()
                await transaction.start()
                try:
                    yield Unit(connection)
                except BaseException as error:
                    if isinstance(error, SILENCE):
                        connection.terminate()
                    elif not connection.is_closed():
                        await transaction.rollback()
                    raise
                progress.in_doubt = not connection.is_closed()
                await transaction.commit()

    async def transact(self, work: Callable[[Unit], Awaitable[T]]) -> T:
        """Run `work` in one transaction, again when that is safe.

        A deadlock or serialization failure, and a connection that died before the commit, leave
        nothing behind, so the whole of `work` is run once more; a connection that died during
        the commit is not retried. Neither is it after seconds: somebody waits for an answer.
        """
        began_s = time.monotonic()
        for attempt in range(1, ATTEMPTS):
            try:
                async with self.write() as unit:
                    return await work(unit)
            except (Contended, DatabaseUnavailable) as error:
                if time.monotonic() - began_s > RETRY_WITHIN_S:
                    raise
                log.info("transaction_retried", attempt=attempt, reason=error.code)
                await asyncio.sleep(random.uniform(0.005, 0.05) * attempt)  # noqa: S311 - jitter
        async with self.write() as unit:
            return await work(unit)

    @asynccontextmanager
    async def lend(
        self,
    ) -> AsyncIterator["asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"]:
        """A connection of the writers, as it is: for `held.hold`."""
        with told(Progress()):
            lent = self._writers.acquire()
            connection = await lent.__aenter__()
        try:
            yield connection
        finally:
            await lent.give_back()

    async def once(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """One statement that is its own transaction: durable when this returns, in one round
        trip.
        """
        progress = Progress()
        with told(progress):
            async with self._writers.acquire() as connection:
                progress.in_doubt = True
                rows: list[asyncpg.Record] = await connection.fetch(sql, *args)
        return rows


@dataclass(slots=True)
class Progress:
    """`in_doubt`: a commit is under way, so a lost connection leaves its outcome open.

    A reader (`writes` False) that is refused a write is our mistake and no state of the server.
    """

    writes: bool = True
    in_doubt: bool = False


@contextmanager
def told(progress: Progress) -> Iterator[None]:
    """What the driver raises, as what it means to a caller."""
    try:
        yield
    except (asyncpg.PostgresError, *LOST) as error:
        meaning = _meaning(error, progress)
        if meaning is None:
            raise
        telemetry.DB_ERRORS.labels(meaning.code).inc()
        raise meaning from error


def _meaning(  # noqa: PLR0911 - one for each meaning
    error: BaseException, progress: Progress
) -> PlimsollError | None:
    """None: our own mistake, and no state of the server."""
    match error:
        case asyncpg.LockNotAvailableError():
            return Locked("waited 2 s for another request", retry_after_s=1)
        case asyncpg.QueryCanceledError():
            return TookTooLong("the statement was stopped", retry_after_s=1)
    if isinstance(error, CONFLICTS):
        return Contended("try again", retry_after_s=1)
    if isinstance(error, READS_ONLY):
        if not progress.writes:
            return None
        return DatabaseUnavailable("the server only reads now", retry_after_s=5)
    if not isinstance(error, LOST):
        return None
    if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
        return None  # a value that does not fit its column is our mistake, not the network's
    if progress.in_doubt:
        return OutcomeUnknown(
            "look it up, or repeat the request with the same Idempotency-Key", retry_after_s=1
        )
    return DatabaseUnavailable("nothing was changed", retry_after_s=1)


def database_of(request: Request) -> Database:
    database = request.app.state.database
    assert isinstance(database, Database)
    return database


async def _reading(request: Request) -> AsyncIterator[ReadUnit]:
    async with database_of(request).read() as unit:
        yield unit


async def _writing(request: Request) -> AsyncIterator[Unit]:
    async with database_of(request).write() as unit:
        yield unit


Reading = Annotated[ReadUnit, Depends(_reading, scope="function")]
"""A read-only unit for a handler."""

Writing = Annotated[Unit, Depends(_writing, scope="function")]
"""One transaction for a handler, committed when the handler returns and before the answer is
sent.
"""
