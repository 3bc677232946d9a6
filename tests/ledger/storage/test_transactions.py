"""Transactions are appended, found and never changed."""

from dataclasses import replace

import asyncpg
import pytest

from plimsoll.kernel.identifiers import TransactionId, new_id
from plimsoll.ledger.domain.transactions import Kind, Transaction, TransactionFilter
from plimsoll.ledger.storage.transactions import AlreadyRecorded, list_in_force, list_recorded
from plimsoll.plumbing.database import Database
from tests.ledger.desk import Desk
from tests.ledger.entries import BTC, ETH, buy, day, sell, transfer
from tests.ledger.statement import statement_of


@pytest.mark.parametrize("table", ["transactions", "legs"])
@pytest.mark.parametrize(
    "change",
    [
        "update {} set user_id = user_id",
        "delete from {}",
        "truncate {} cascade",
        "update {} set user_id = user_id where false",
    ],
)
async def test_what_is_written_cannot_be_changed_by_anyone(
    database: Database, table: str, change: str
) -> None:
    desk = await Desk.open(database)
    await desk.record(buy("1", value="100", wallet=desk.main))
    before = await statement_of(database, desk.user_id)
    with pytest.raises(asyncpg.RaiseError, match="is append-only"):
        async with database.write() as unit:
            await unit.execute(change.format(table))
    assert await statement_of(database, desk.user_id) == before


def external(transaction: Transaction, source: str, external_id: str) -> Transaction:
    return replace(transaction, source=source, external_id=external_id)


async def test_an_external_id_is_recorded_once_per_person_and_source(database: Database) -> None:
    ada, ben = await Desk.open(database), await Desk.open(database)
    await ada.record(external(buy("1", value="1", wallet=ada.main), "csv", "7"))
    before = await statement_of(database, ada.user_id)
    with pytest.raises(AlreadyRecorded) as refused:
        await ada.record(external(buy("2", value="2", wallet=ada.main), "csv", "7"))
    assert refused.value.facts == {"external_id": "7"}
    assert await statement_of(database, ada.user_id) == before

    await ada.record(external(buy("1", value="1", wallet=ada.main), "api", "7"))
    await ada.record(external(buy("1", value="1", wallet=ada.main), "csv", "8"))
    await ben.record(external(buy("1", value="1", wallet=ben.main), "csv", "7"))


async def test_a_transaction_is_read_back_as_it_was_written(database: Database) -> None:
    desk = await Desk.open(database)
    written = await desk.record(
        replace(
            external(buy("0.3", value="100", paid_fee="1", wallet=desk.main), "csv", "7"),
            note="first one — ½",
        )
    )
    async with database.read() as unit:
        (found,) = await list_recorded(unit, desk.user_id, TransactionFilter())
    assert found.transaction == written.transaction
    assert (found.seq, found.recorded_at, found.voided_by) == (1, written.recorded_at, None)


async def list_ids(database: Database, desk: Desk, which: TransactionFilter) -> list[TransactionId]:
    async with database.read() as unit:
        rows = await list_recorded(unit, desk.user_id, which)
    return [row.transaction.id for row in rows]


async def test_each_filter_lets_through_what_it_says(database: Database) -> None:
    desk = await Desk.open(database, wallets=2)
    main, cold = desk.wallets
    bought = buy("2", value="1", wallet=main, at=day(1))
    other = buy("2", value="1", asset=ETH, wallet=cold, at=day(2))
    moved = transfer("1", source=main, target=cold, at=day(3))
    sold = sell("1", value="1", wallet=main, at=day(4))
    for each in (sold, moved, other, bought)[::-1]:
        await desk.record(each)
    voiding = (await desk.void(sold.id)).transaction

    for which, expected in [
        (TransactionFilter(), [voiding, sold, moved, other, bought]),
        (TransactionFilter(in_force=True), [moved, other, bought]),
        (TransactionFilter(kinds=(Kind.BUY, Kind.SELL)), [sold, other, bought]),
        (TransactionFilter(asset_id=BTC), [sold, moved, bought]),
        (TransactionFilter(wallet_id=cold), [moved, other]),
        (TransactionFilter(asset_id=BTC, wallet_id=cold), [moved]),
        (TransactionFilter(since=day(2), until=day(3)), [other]),
        (TransactionFilter(id=moved.id), [moved]),
        (TransactionFilter(id=TransactionId(new_id())), []),
    ]:
        assert await list_ids(database, desk, which) == [each.id for each in expected], which


async def test_pages_by_moment_and_sequence_miss_nothing(database: Database) -> None:
    desk = await Desk.open(database)
    for number in range(7):  # three of them in one moment
        await desk.record(buy("1", value="1", wallet=desk.main, at=day(min(number, 4))))
    async with database.read() as unit:
        whole = await list_recorded(unit, desk.user_id, TransactionFilter())
        paged, after = [], None
        while page := await list_recorded(
            unit, desk.user_id, TransactionFilter(), after=after, limit=2
        ):
            paged += page
            after = (page[-1].transaction.occurred_at, page[-1].seq)
    assert paged == whole
    assert len(whole) == 7


async def test_of_an_asset_only_what_moves_it_and_is_in_force_is_listed(database: Database) -> None:
    desk = await Desk.open(database)
    late = await desk.record(buy("1", value="1", wallet=desk.main, at=day(3)))
    early = await desk.record(buy("1", value="1", wallet=desk.main, at=day(1)))
    gone = await desk.record(buy("1", value="1", wallet=desk.main, at=day(2)))
    await desk.record(buy("1", value="1", asset=ETH, wallet=desk.main))
    await desk.void(gone.transaction.id)
    async with database.read() as unit:
        history = await list_in_force(unit, desk.user_id, assets=[BTC], after=None)
    assert history == [(early.transaction, early.seq), (late.transaction, late.seq)]
