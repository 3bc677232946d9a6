"""The journal, and everything that is written with it: one statement, so one transaction and one
round trip.

The statement raises the lease's `last_seq` under the writer's epoch first; when somebody else has
taken the lease, or wrote since, it finds no row and writes nothing. The row lock it takes makes two
writers wait for each other, so that they can never both commit.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from plimsoll.kernel.errors import Conflict
from plimsoll.plumbing.database import Database, ReadUnit, Unit
from plimsoll.plumbing.held import HeldConnection

LOCK: Final = 0x504C494D_0001
"""The advisory lock of the one writer, on its own connection for as long as it lives."""
PAGE: Final = 5_000

BIGINT, TEXT, BOOL, INT, SMALL, NUMERIC, BYTES, UUIDS = (
    "bigint", "text", "bool", "integer", "smallint", "numeric", "bytea", "uuid",
)  # fmt: skip

Columns = tuple[tuple[str, str], ...]


def _columns(*groups: tuple[str, str]) -> Columns:
    """`(type, "names of columns")` …: one pair of name and type for each."""
    return tuple((name, kind) for kind, names in groups for name in names.split())


JOURNAL: Final = _columns(
    (BIGINT, "seq at_ms"),
    (UUIDS, "actor"),
    (TEXT, "kind command events"),
    (BYTES, "chain"),
    (NUMERIC, "fees"),
    (BYTES, "request fingerprint"),
)
ACCOUNTS: Final = _columns((BIGINT, "account"), (UUIDS, "user_id"), (BIGINT, "opened_at_ms"))
ORDERS: Final = _columns(
    (BIGINT, "id account"),
    (TEXT, "symbol"),
    (SMALL, "side"),
    (TEXT, "type"),
    (BIGINT, "quantity price"),
    (TEXT, "time_in_force leg"),
    (BOOL, "reduce_only close_position"),
    (TEXT, "client_id trigger"),
    (BIGINT, "trigger_price callback_ppm expires_at_ms parent"),
    (TEXT, "status"),
    (BIGINT, "placed_at_ms changed_at_ms"),
    (TEXT, "reason"),
    (BIGINT, "filled"),
    (NUMERIC, "cost"),
    (BIGINT, "fee profit"),
)
CHANGES: Final = _columns(
    (BIGINT, "id changed_at_ms price quantity"),
    (TEXT, "status reason"),
    (BIGINT, "filled"),
    (NUMERIC, "cost"),
    (BIGINT, "fee profit"),
)
ORDER_EVENTS: Final = _columns(
    (BIGINT, "account seq"), (INT, "number"), (BIGINT, "order_id at_ms"), (TEXT, "event")
)
FILLS: Final = _columns(
    (BIGINT, "id"),
    (SMALL, "side"),
    (BIGINT, "seq at_ms account order_id other_order"),
    (TEXT, "symbol leg"),
    (BIGINT, "price quantity fee profit"),
    (BOOL, "maker"),
    (TEXT, "cause"),
    (INT, "level"),
    (BIGINT, "ahead"),
)
POSITIONS: Final = _columns(
    (BIGINT, "account"),
    (TEXT, "symbol leg"),
    (BIGINT, "quantity"),
    (NUMERIC, "cost"),
    (BIGINT, "isolated changed_at_ms"),
)
STAMPS: Final = _columns((TEXT, "symbol"), (BIGINT, "stamp_ms seq rate mark"))
PAYMENTS: Final = _columns(
    (BIGINT, "account"), (TEXT, "symbol"), (BIGINT, "stamp_ms seq rate mark amount")
)
LIQUIDATIONS: Final = _columns(
    (BIGINT, "seq"), (INT, "number"), (BIGINT, "at_ms account"), (TEXT, "symbol kind event")
)
ENTRIES: Final = _columns(
    (BIGINT, "seq"),
    (INT, "number"),
    (TEXT, "book"),
    (BIGINT, "account"),
    (TEXT, "asset"),
    (NUMERIC, "amount"),
    (TEXT, "reason"),
)
BALANCES: Final = _columns(
    (TEXT, "book"), (BIGINT, "account"), (TEXT, "asset"), (NUMERIC, "amount")
)

JSON: Final = frozenset({"command", "events", "event"})
"""Columns whose text is stored as JSON."""


class _Part(NamedTuple):
    """A table that a batch writes, what is done with its rows, and which columns those have."""

    name: str
    head: str
    columns: Columns
    tail: str = ""


_MERGE_POSITIONS: Final = """
    on conflict (account, symbol, leg) do update set quantity = excluded.quantity,
        cost = excluded.cost, isolated = excluded.isolated, changed_at_ms = excluded.changed_at_ms
"""
_MERGE_BALANCES: Final = """
    on conflict (book, account, asset) do update set amount = balances.amount + excluded.amount
"""
_CHANGE_ORDERS: Final = """
    update orders set
        changed_at_ms = rows.changed_at_ms,
        price = coalesce(rows.price, orders.price),
        quantity = coalesce(rows.quantity, orders.quantity),
        status = coalesce(rows.status, orders.status),
        reason = coalesce(rows.reason, orders.reason),
        filled = orders.filled + rows.filled,
        cost = orders.cost + rows.cost,
        fee = orders.fee + rows.fee,
        profit = orders.profit + rows.profit
"""

MODELS: Final = (
    _Part("trading_accounts", "insert", ACCOUNTS),
    _Part("orders", "insert", ORDERS),
    _Part("changes", _CHANGE_ORDERS, CHANGES),
    _Part("order_events", "insert", ORDER_EVENTS),
    _Part("fills", "insert", FILLS),
    _Part("positions", "insert", POSITIONS, _MERGE_POSITIONS),
    _Part("funding_stamps", "insert", STAMPS),
    _Part("funding_payments", "insert", PAYMENTS),
    _Part("liquidations", "insert", LIQUIDATIONS),
    _Part("entries", "insert", ENTRIES),
    _Part("balances", "insert", BALANCES, _MERGE_BALANCES),
)
"""The read models, in the order in which `write` takes their rows."""
TABLES: Final = tuple(part.name for part in MODELS if part.name != "changes")

Table = Sequence[Sequence[Any]]
"""Rows of a table, each with its columns in order."""


def _clause(part: _Part, first: int, *, fenced: bool) -> str:
    """One data-modifying part of the statement, its columns as arrays from parameter `first` on."""
    names = [name for name, _ in part.columns]
    arrays = ", ".join(f"${first + at}::{kind}[]" for at, (_, kind) in enumerate(part.columns))
    source = f"unnest({arrays}) as rows({', '.join(names)})"
    lease = ", lease" if fenced else ""
    if part.head != "insert":
        return f"{part.head} from {source}{lease} where orders.id = rows.id"
    shown = ", ".join(f"rows.{name}::json" if name in JSON else f"rows.{name}" for name in names)
    head = f"insert into {part.name} ({', '.join(names)})"
    return f"{head} select {shown} from {source}{lease} {part.tail}"  # noqa: S608 -- of constants


def _append() -> str:
    """Parameters: epoch, last number before, last number after; then the arrays."""
    lease = """lease as (
        update engine_lease set last_seq = $3 where epoch = $1 and last_seq = $2 returning epoch
    )"""
    names = [name for name, _ in JOURNAL]
    arrays = ", ".join(f"${4 + at}::{kind}[]" for at, (_, kind) in enumerate(JOURNAL))
    shown = ", ".join(f"rows.{name}::json" if name in JSON else f"rows.{name}" for name in names)
    journal = f"""insert into journal (epoch, {", ".join(names)})
        select lease.epoch, {shown} from unnest({arrays}) as rows({", ".join(names)}), lease"""  # noqa: S608 -- of constants
    clauses = [lease, f"journal_rows as ({journal})"]
    first = 4 + len(JOURNAL)
    for part in MODELS:
        clauses.append(f"{part.name}_rows as ({_clause(part, first, fenced=True)})")
        first += len(part.columns)
    return f"with {', '.join(clauses)} select epoch from lease"  # noqa: S608 -- of constants


APPEND: Final = _append()
MODEL_STATEMENTS: Final = tuple(_clause(part, 1, fenced=False) for part in MODELS)


class Fenced(Conflict):
    """Somebody else writes the journal now; nothing was written."""

    code = "engine-fenced"
    title = "Another process runs the exchange"


def _arrays(columns: Columns, rows: Table) -> list[list[Any]]:
    return [list(each) for each in zip(*rows, strict=True)] if rows else [[] for _ in columns]


async def append(
    line: HeldConnection,
    *,
    epoch: int,
    before_seq: int,
    journal: Table,
    models: Sequence[Table],
) -> None:
    """Write a batch, durable when this returns; raises Fenced."""
    arguments = _arrays(JOURNAL, journal)
    for part, rows in zip(MODELS, models, strict=True):
        arguments += _arrays(part.columns, rows)
    after_seq = journal[-1][0]
    if not await line.fetch(APPEND, epoch, before_seq, after_seq, *arguments):
        raise Fenced("another writer has taken the lease")


async def write_models(unit: Unit, models: Sequence[Table]) -> None:
    """Read models alone, when they are made again from the journal."""
    for part, statement, rows in zip(MODELS, MODEL_STATEMENTS, models, strict=True):
        if rows:
            await unit.execute(statement, *_arrays(part.columns, rows))


class Lease(NamedTuple):
    epoch: int
    last_seq: int


async def take_lease(line: HeldConnection) -> Lease:
    """Begin a new epoch; every writer before is fenced from here on."""
    rows = await line.fetch(
        "update engine_lease set epoch = epoch + 1, taken_at = now() returning epoch, last_seq"
    )
    return Lease(rows[0]["epoch"], rows[0]["last_seq"])


async def find_outcome(unit: ReadUnit, *, seq: int, epoch: int) -> bool | None:
    """Whether the writer of `epoch` has written command `seq`; None: not yet, and it still could.
    A failed commit may be under way on a connection that only the server has not given up.
    """
    written: bool | None = await unit.fetchval(
        """
        select coalesce(
            (select epoch = $2 from journal where seq = $1),
            case when epoch > $2 then false end
        ) from engine_lease
        """,
        seq,
        epoch,
    )
    return written


class CommandRow(NamedTuple):
    """What replaying takes: `chain` in bytes."""

    seq: int
    at_ms: int
    kind: str
    command: str
    chain: bytes


class JournalRow(NamedTuple):
    """As it is stored: `command` and `events` are JSON text. `epoch`: of the writer, 0 where nobody
    asks.
    """

    seq: int
    at_ms: int
    actor: UUID | None
    kind: str
    command: str
    events: str
    chain: str
    fees: int
    epoch: int = 0


_COMMANDS: Final = """
    select seq, at_ms, kind, command, chain
    from journal where seq > $1 and seq <= $2 order by seq limit $3
"""
_ROWS: Final = """
    select seq, at_ms, actor, kind, command, events, encode(chain, 'hex') as chain, fees, epoch
    from journal where seq > $1 and seq <= $2 order by seq limit $3
"""


async def read_commands(
    database: Database, *, after: int, until: int
) -> AsyncIterator[list[CommandRow]]:
    """The commands with numbers above `after`, in order, page by page."""
    async for rows in _pages(database, _COMMANDS, after=after, until=until):
        yield [CommandRow(*row) for row in rows]


async def read_journal(
    database: Database, *, after: int, until: int
) -> AsyncIterator[list[JournalRow]]:
    """The same with all there is to know."""
    async for rows in _pages(database, _ROWS, after=after, until=until):
        yield [JournalRow(*row) for row in rows]


async def list_rows(unit: ReadUnit, *, after: int, until: int) -> list[JournalRow]:
    """One page of it; empty at the end."""
    return [JournalRow(*row) for row in await unit.fetch(_ROWS, after, until, PAGE)]


async def _pages(
    database: Database, sql: str, *, after: int, until: int
) -> AsyncIterator[list[asyncpg.Record]]:
    """The server looks for the next page while somebody is busy with this one."""

    async def read(after: int) -> list[asyncpg.Record]:
        async with database.read() as unit:
            return await unit.fetch(sql, after, until, PAGE)

    rows = await read(after)
    while rows:
        following = asyncio.create_task(read(rows[-1]["seq"]))
        try:
            await asyncio.sleep(0)
            yield rows
            rows = await following
        finally:
            following.cancel()


async def find_last(unit: ReadUnit) -> int:
    """The number of the last command that is durable."""
    last: int = await unit.fetchval("select last_seq from engine_lease")
    return last


class Request(NamedTuple):
    """What an Idempotency-Key was used for."""

    row: JournalRow
    fingerprint: bytes


_FIND_REQUEST: Final = """
    select seq, at_ms, actor, kind, command, events, encode(chain, 'hex') as chain, fees,
        fingerprint
    from journal where request = $1
"""


async def find_request(unit: ReadUnit, request: bytes) -> Request | None:
    row = await unit.fetchrow(_FIND_REQUEST, request)
    return Request(JournalRow(*tuple(row)[:-1]), row["fingerprint"]) if row else None


async def list_houses(unit: ReadUnit) -> Iterable[int]:
    rows = await unit.fetch(
        "select account from trading_accounts where user_id is null order by account"
    )
    return [row["account"] for row in rows]
