"""Paper trading in the ledger adds up to what the machine did to the wallet."""

from collections import Counter
from decimal import Decimal

from plimsoll.kernel.identifiers import UserId, new_id
from plimsoll.ledger.domain.transactions import Kind, TransactionFilter
from plimsoll.ledger.service import reading
from plimsoll.plumbing.database import Database
from plimsoll.trading.domain.bookkeeping import Book
from plimsoll.trading.domain.commands import FundInsurance, PassTime, Transfer
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.domain.machine import Machine
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.engine.rows import Projector, Rows
from plimsoll.trading.service.bookkeeping import record_paper
from plimsoll.trading.storage.journal import ENTRIES, FILLS
from tests.fakes.clock import START, ManualClock
from tests.ledger.quoted import no_prices
from tests.trading.desk import ANNA, BERT, BTC, BUY, INDEX, SELL, Desk
from tests.trading.filling import JOURNAL, OPEN_ACCOUNT

LISTED = {each.symbol: each for each in DEFAULT_INSTRUMENTS}
PEOPLE = {ANNA: UserId(new_id()), BERT: UserId(new_id())}


def live() -> Desk:
    """Trades of both kinds, funding paid, a profit, a loss, a liquidation."""
    desk = Desk(money=20_000)
    desk.do(FundInsurance, amount=10_000 * MONEY)
    desk.place(ANNA, BUY, 2_000, INDEX)
    desk.place(BERT, SELL, 2_000, INDEX)
    desk.do(Transfer, account=BERT, amount=-2_000 * MONEY)
    desk.at_ms = desk.venue.markets[BTC].marking.stamp_ms
    desk.do(PassTime)
    desk.walk(INDEX - 5_000)
    desk.place(BERT, BUY, 500)
    desk.place(ANNA, SELL, 100)
    for down in range(10_000, 150_000, 10_000):
        desk.walk(INDEX - down)
    return desk


async def store(database: Database, desk: Desk) -> None:
    """The journal's read models as the writer makes them."""
    machine, projector, rows = Machine(), Projector(), Rows()
    for command in desk.journal:
        events = machine.apply(command)
        venue = machine.venue
        applied = Applied(command, events, "")
        projector.add(rows, applied, settle=venue.settle, fees=venue.fees)
    async with database.write() as unit:
        for account, user_id in PEOPLE.items():
            await unit.execute(OPEN_ACCOUNT, account, user_id)
        await unit.executemany(JOURNAL, [(each.seq, each.at_ms) for each in desk.journal])
        await unit.copy_records("fills", [name for name, _ in FILLS], rows.fills)
        await unit.copy_records("entries", [name for name, _ in ENTRIES], rows.entries)


OWN = """
    select coalesce(sum(amount), 0) from entries where account = $1 and book = $2
        and reason <> all(array['deposit', 'withdrawal', 'transfer'])
"""


async def test_the_ledger_says_what_the_wallet_says(database: Database) -> None:
    desk = live()
    await store(database, desk)
    kinds: Counter[Kind] = Counter()
    for account, user_id in PEOPLE.items():
        more = True
        while more:
            async with database.write() as unit:
                taken = await record_paper(
                    unit, user_id, LISTED, no_prices(ManualClock()), since_ms=0, now=START
                )
            more = taken.more
        async with database.read() as unit:
            rows = await reading.list_transactions(unit, user_id, TransactionFilter())
            margin = await unit.fetchval(OWN, account, Book.MARGIN.value)
        kinds.update(row.transaction.kind for row in rows)
        moved = sum(
            leg.quantity
            for row in rows
            for leg in row.transaction.legs
            if leg.wallet_id and row.transaction.kind is not Kind.DEPOSIT
        )
        assert moved == Decimal(int(margin)).scaleb(-8), account
        assert moved
    assert set(kinds) >= {
        Kind.DEPOSIT, Kind.MARGIN_FEE, Kind.MARGIN_GAIN, Kind.MARGIN_LOSS, Kind.FUNDING,
    }  # fmt: skip
    assert desk.position(ANNA).quantity == 0, "liquidated"
