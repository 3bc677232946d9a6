"""Funding that an account paid and got."""

from plimsoll.plumbing.database import Database
from plimsoll.trading.domain.events import FundingSettled, WalletChanged, WalletReason
from plimsoll.trading.storage import funding
from plimsoll.trading.storage.funding import PaymentRow
from tests.trading.living import live


async def read_all(
    database: Database, account: int, *, limit: int = 2, symbol: str | None = None
) -> list[PaymentRow]:
    rows: list[PaymentRow] = []
    place = funding.FIRST
    async with database.read() as unit:
        while page := await funding.list_payments(
            unit, account, after=place, limit=limit, symbol=symbol
        ):
            rows, place = rows + page, page[-1].place
    return rows


async def test_every_payment_once_the_latest_first(database: Database) -> None:
    machine, happened = await live(database, seed=9, commands=1_500)
    paid: dict[int, int] = {}
    for applied in happened:
        stamp = None
        for event in applied.events:
            stamp = event if isinstance(event, FundingSettled) else stamp
            if isinstance(event, WalletChanged) and event.reason is WalletReason.FUNDING:
                assert stamp is not None
                paid[event.account] = paid.get(event.account, 0) + event.change
    paid.pop(0, None)
    assert len(paid) > 1
    for account in machine.venue.accounts:
        rows = await read_all(database, account)
        assert sum(row.amount for row in rows) == paid.get(account, 0)
        places = [row.place for row in rows]
        assert places == sorted(set(places), reverse=True)
        assert await read_all(database, account, symbol="DOGE-PERP") == [
            row for row in rows if row.symbol == "DOGE-PERP"
        ]
