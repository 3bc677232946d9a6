"""The statement of an account."""

import pytest

from plimsoll.plumbing.database import Database
from plimsoll.trading.domain.events import WalletChanged
from plimsoll.trading.storage import entries
from plimsoll.trading.storage.entries import EntryRow
from tests.trading.living import live


async def read_all(database: Database, account: int, *, limit: int) -> list[EntryRow]:
    rows: list[EntryRow] = []
    place = entries.FIRST
    async with database.read() as unit:
        while page := await entries.list_entries(unit, account, after=place, limit=limit):
            assert len(page) <= limit
            rows, place = rows + page, page[-1].place
    return rows


@pytest.mark.parametrize("limit", [1, 7, 1_000])
async def test_it_has_every_movement_with_its_balance(database: Database, limit: int) -> None:
    """However it is paged: what the machine said was there after each movement."""
    machine, happened = await live(database, seed=12, commands=500)
    for account in list(machine.venue.accounts)[1:4]:
        rows = await read_all(database, account, limit=limit)
        told = [
            (each.seq, each.at_ms, "spot" if event.asset else "margin", event.asset or "tether",
             event.change, event.balance, event.reason)
            for each in happened
            for event in each.events
            if isinstance(event, WalletChanged) and event.account == account and event.change
        ]  # fmt: skip
        shown = [
            (row.seq, row.at_ms, row.book, row.asset, row.amount, row.balance, row.reason)
            for row in reversed(rows)
        ]
        assert shown == told
        assert told


async def test_the_venue_has_no_statement(database: Database) -> None:
    await live(database, seed=1, commands=200)
    assert await read_all(database, 0, limit=100) == []


async def test_any_place_is_one_that_can_be_asked_for(database: Database) -> None:
    await live(database, seed=1, commands=50)
    async with database.read() as unit:
        for place in ((0, 0), (2**63 - 1, -(2**63)), (-(2**63), 2**63 - 1)):
            after = entries.Place(*place)
            assert isinstance(await entries.list_entries(unit, 2, after=after, limit=2), list)
