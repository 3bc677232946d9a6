"""Proof that the exchange is what its journal says, and the read models made again from it.

`verify` applies the journal to a machine of its own, beside whoever runs the exchange, and compares
what comes out with what was written: the journal itself, then every read model, then the books.
Memory grows with what is open, not with the journal. `rebuild` makes all read models anew from the
events of the journal, in one transaction.
"""

import asyncio
from collections import Counter
from collections.abc import Hashable, Mapping
from typing import Final, NamedTuple, TypeVar

from plimsoll.kernel.errors import Conflict
from plimsoll.plumbing.database import Database, ReadUnit, Unit
from plimsoll.trading.domain.bookkeeping import Book, books_of
from plimsoll.trading.domain.commands import ListInstrument
from plimsoll.trading.domain.digest import START
from plimsoll.trading.domain.invariants import check
from plimsoll.trading.domain.machine import Machine
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine import recovery
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.engine.recovery import JournalDiffers
from plimsoll.trading.engine.rows import Projector, Rows
from plimsoll.trading.storage import journal, proving
from plimsoll.trading.storage.encoding import decode_command, decode_events, encode_events
from plimsoll.trading.storage.journal import JournalRow

AT_ONCE: Final = 500
"""Commands whose rows are written together by a rebuild."""

LOCK_TRIES: Final = 10
LOCK_RETRY_S: Final = 0.1

K = TypeVar("K", bound=Hashable)


class EngineRuns(Conflict):
    """The read models belong to a writer that runs now."""

    code = "engine-runs"
    title = "The exchange is running"


class JournalUnreadable(Conflict):
    """A row that is no command with its events; nothing was changed."""

    code = "journal-unreadable"
    title = "The journal cannot be read"


class Check(NamedTuple):
    """One thing that was proved, with its figures; `fault`: what differs first, empty when nothing
    does.
    """

    what: str
    figures: str
    fault: str = ""


class Table(NamedTuple):
    """A read model before and after it was made anew."""

    name: str
    rows_before: int
    rows: int
    same: bool


async def verify(database: Database, *, from_start: bool = False) -> list[Check]:
    """Every check in the order in which they are told. `from_start`: the journal is replayed from
    its first command, not from the last snapshot.
    """
    async with database.read() as unit:
        until = await journal.find_last(unit)
    replay = _Replay()
    try:
        await replay.begin(database, until=until, from_start=from_start)
        async for rows in journal.read_journal(database, after=replay.seq, until=until):
            replay.do(rows)
    except JournalDiffers as error:
        return [Check("journal", f"{replay.seq:,} commands", str(error))]
    async with database.look() as unit:  # what was written meanwhile, and all the rest with it
        try:
            until = await journal.find_last(unit)
            while rows := await journal.list_rows(unit, after=replay.seq, until=until):
                replay.do(rows)
            replay.end(until)
        except JournalDiffers as error:
            return [Check("journal", f"{replay.seq:,} commands", str(error))]
        return [
            replay.told(),
            await _gaps(unit, until),
            *await _models(unit, replay),
            *await _books(unit, replay.venue),
        ]


class _Replay:
    """The journal applied anew, and how many rows of what that makes."""

    def __init__(self) -> None:
        self._machine = Machine()
        self._chain = START
        self._projector = Projector()
        self.begun = 0
        self.counts: Counter[str] = Counter()

    @property
    def venue(self) -> Venue:
        return self._machine.venue

    @property
    def seq(self) -> int:
        return self.venue.seq

    async def begin(self, database: Database, *, until: int, from_start: bool) -> None:
        if from_start:
            return
        begun = await recovery.begin(database, until=until)
        self._machine, self._chain = begun.machine, begun.chain
        houses = [each.id for each in self.venue.accounts.values() if each.house]
        self._projector = Projector(houses=houses, fees=self.venue.fees)
        self.begun = self.seq

    def do(self, rows: list[JournalRow]) -> None:
        """Raises JournalDiffers: also when what is stored beside a command is not what it does."""
        made = Rows()
        for row in rows:
            command = journal.CommandRow(
                row.seq, row.at_ms, row.kind, row.command, bytes.fromhex(row.chain)
            )
            applied = recovery.replay(self._machine, command, self._chain)
            self._chain = applied.chain
            venue = self.venue
            if encode_events(applied.command, applied.events) != row.events:
                raise JournalDiffers(f"command {row.seq} did something else than was written")
            if venue.fees != row.fees:
                raise JournalDiffers(f"after command {row.seq} the fees are {venue.fees}")
            self._projector.add(made, applied, settle=venue.settle, fees=venue.fees)
        for part, table in zip(journal.MODELS, made.tables(), strict=True):
            self.counts[part.name] += len(table)

    def end(self, until: int) -> None:
        if self.seq != until:
            raise JournalDiffers(f"the journal ends at {self.seq} instead of {until}")

    def told(self) -> Check:
        begun = f"from a snapshot of {self.begun:,}" if self.begun else "from the first one"
        figures = f"{self.seq:,} commands, {begun}, hash {self._chain[:16]}"
        faults = check(self.venue)
        return Check("journal", figures, faults[0] if faults else "")


async def _gaps(unit: ReadUnit, last: int) -> Check:
    fault = await proving.find_gap(unit)
    return Check("numbers, writers, times", f"1 to {last:,}", _worded(fault))


def _worded(fault: proving.Fault | None) -> str:
    if fault is None:
        return ""
    return fault.first if fault.places == 1 else f"{fault.first} ({fault.places:,} such)"


def _compared(what: str, made: Mapping[K, object], stored: Mapping[K, object]) -> Check:
    """`made` by the replay, `stored` in the tables."""
    figures = f"{len(stored):,}"
    for key in [*made, *(each for each in stored if each not in made)]:
        if made.get(key) != stored.get(key):
            name = " ".join(map(str, key)) if isinstance(key, tuple) else key
            fault = f"{name}: stored {stored.get(key)}, replayed {made.get(key)}"
            return Check(what, figures, fault)
    return Check(what, figures)


async def _models(unit: ReadUnit, replay: _Replay) -> list[Check]:
    venue = replay.venue
    houses = {each.id for each in venue.accounts.values() if each.house}
    orders = {
        each.id: (each.account, each.status.value, each.price, each.quantity, each.filled)
        for each in venue.orders.values()
        if each.account not in houses
    }
    positions = {
        (account.id, exposure.symbol, leg.value): (each.quantity, each.cost, each.isolated)
        for account in venue.accounts.values()
        for exposure in account.exposures.values()
        for leg, each in exposure.positions.items()
    }
    counts = await proving.count_rows(unit)
    orders_fault = await proving.find_wrong_order(unit)
    halves = await proving.find_half_fill(unit)
    funding = await proving.find_wrong_funding(unit)
    fills = "" if counts["fills"] == 2 * venue.fills else f"{venue.fills:,} were made"
    return [
        _compared("open orders", orders, await proving.list_open_orders(unit)),
        _compared("positions", positions, await proving.list_positions(unit)),
        Check("orders and their fills", f"{counts['orders']:,}", _worded(orders_fault)),
        Check("fills, both sides", f"{counts['fills']:,}", fills or _worded(halves)),
        Check("funding payments", f"{counts['funding_payments']:,}", _worded(funding)),
        *_counted(replay, counts),
    ]


_APPENDED: Final = {
    "trading_accounts", "orders", "order_events", "fills", "funding_stamps", "funding_payments",
    "liquidations", "entries",
}  # fmt: skip


def _counted(replay: _Replay, counts: Mapping[str, int]) -> list[Check]:
    """Rows of the tables that only grow; known only when everything was replayed."""
    if replay.begun:
        return []
    made = {name: replay.counts[name] for name in sorted(_APPENDED)}
    stored = {name: counts[name] for name in made}
    check = _compared("rows of each table", made, stored)
    return [check._replace(figures=f"{sum(stored.values()):,}")]


async def _books(unit: ReadUnit, venue: Venue) -> list[Check]:
    """Double entry: of every command, of every balance, of each asset, and of all there is."""
    stored = await proving.list_balances(unit)
    unbalanced = await proving.find_unbalanced(unit)
    wrong = await proving.find_wrong_balance(unit)
    sums: Counter[str] = Counter()
    by_book: Counter[str] = Counter()
    for (book, _, asset), amount in stored.items():
        sums[asset] += amount
        if asset == venue.settle:
            by_book[book] += amount
    off = next((f"{amount} {asset}" for asset, amount in sums.items() if amount), "")
    money = sum(by_book[each.value] for each in (Book.MARGIN, Book.SPOT, Book.FEES, Book.INSURANCE))
    paid_in, cost = -by_book[Book.OUTSIDE.value], -by_book[Book.CLEARING.value]
    conserved = "" if money == paid_in + cost else f"{money - paid_in - cost} too much"
    return [
        _compared("balances", books_of(venue), stored),
        Check("entries of each command", f"{venue.seq:,} commands", _worded(unbalanced)),
        Check("balances are their entries", f"{len(stored):,}", _worded(wrong)),
        Check("each asset adds up to 0", f"{len(sums):,} assets", off),
        Check("wallets, fees, insurance", f"{money:,} = {paid_in:,} + {cost:,}", conserved),
    ]


async def rebuild(database: Database) -> list[Table]:
    """Make every read model anew from the events of the journal; raises EngineRuns and
    JournalUnreadable.
    """
    async with database.write() as unit:
        await unit.lift_limits()
        await _keep_writers_out(unit)
        before = await proving.hash_tables(unit)
        await proving.empty_tables(unit)
        until, seq, settle = await journal.find_last(unit), 0, ""
        projector = Projector()
        while page := await journal.list_rows(unit, after=seq, until=until):
            for first in range(0, len(page), AT_ONCE):
                rows = Rows()
                for row in page[first : first + AT_ONCE]:
                    applied = _stored(row)
                    if isinstance(applied.command, ListInstrument) and not settle:
                        settle = str(applied.command.instrument.settle)
                    projector.add(rows, applied, settle=settle, fees=int(row.fees))
                await journal.write_models(unit, rows.tables())
            seq = page[-1].seq
        after = await proving.hash_tables(unit)
    return [
        Table(name, before[name].rows, state.rows, same=before[name] == state)
        for name, state in after.items()
    ]


async def _keep_writers_out(unit: Unit) -> None:
    """A writer that has just stopped keeps its lock until the server has noticed."""
    for _ in range(LOCK_TRIES):
        if await proving.keep_writers_out(unit):
            return
        await asyncio.sleep(LOCK_RETRY_S)
    raise EngineRuns("stop Plimsoll on this database, here or elsewhere, and try again")


def _stored(row: JournalRow) -> Applied:
    try:
        command = decode_command(row.kind, row.command, seq=row.seq, at_ms=row.at_ms)
        return Applied(command, decode_events(row.events), row.chain, row.actor)
    except Exception as error:  # whatever was made of the row
        raise JournalUnreadable(f"command {row.seq}: {error}") from error
