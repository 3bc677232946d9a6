"""Two ends become one transfer, and two again; whatever came, the holdings are the fold."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from plimsoll.kernel.identifiers import TransactionId, UserId, WalletId, new_id
from plimsoll.ledger.domain.holdings import NotEnoughHeld
from plimsoll.ledger.domain.merging import NotOneTransfer
from plimsoll.ledger.domain.transactions import Kind, Recorded, Transaction
from plimsoll.ledger.service.reading import TransactionNotFound
from plimsoll.ledger.service.transfers import (
    NamedTwice,
    Pair,
    StaleProposal,
    Transfers,
    confirm,
    reject,
)
from plimsoll.plumbing.database import Database
from tests.ledger.desk import Desk
from tests.ledger.entries import BTC, ETH, buy, day, entry, fee, leg, sell
from tests.ledger.service.test_batches import bring, in_force, undo
from tests.ledger.statement import statement_of


def withdrawal(quantity: str, wallet: WalletId, at: int = 2, asset: str = BTC) -> Transaction:
    out = leg(f"-{quantity}", asset, wallet=wallet)
    return entry(Kind.WITHDRAWAL, out, fee("0.001", asset, wallet=wallet), at=day(at))


def deposit(quantity: str, wallet: WalletId, at: int = 3, asset: str = BTC) -> Transaction:
    came = leg(quantity, asset, wallet=wallet, value="70")
    return entry(Kind.DEPOSIT, came, at=day(at))


async def say(desk: Desk, *pairs: Pair) -> list[Recorded]:
    async with desk.database.write() as unit:
        return await confirm(unit, desk.user_id, pairs, day(50))


async def held(desk: Desk) -> dict[WalletId, Decimal]:
    return {
        wallet: each.quantity
        for (wallet, _), each in (await desk.holdings()).items()
        if each.quantity
    }


async def two_ends(desk: Desk) -> tuple[Transaction, Transaction]:
    main, cold = desk.wallets[:2]
    out, into = withdrawal("1", main), deposit("0.99", cold)
    await desk.record(buy("2", value="20000", wallet=main, at=day(1)))
    return out, into


async def test_confirming_moves_the_cost_and_is_done_once(database: Database) -> None:
    desk = await Desk.open(database, wallets=2)
    out, into = await two_ends(desk)
    await bring(desk, out)
    await bring(desk, into)
    await desk.record(sell("0.5", value="9000", wallet=desk.wallets[1], at=day(4)))
    (first,) = await say(desk, (out.id, into.id))
    before = await statement_of(database, desk.user_id)
    (again,) = await say(desk, (out.id, into.id))
    assert again == first
    assert await statement_of(database, desk.user_id) == before
    assert await held(desk) == {
        desk.main: Decimal("0.999"),
        desk.wallets[1]: Decimal("0.49"),
    }
    assert Decimal(5000) in [each[5] for each in await desk.disposals()], "half of what one cost"


@pytest.mark.parametrize("undone", ["withdrawal", "deposit", "both"])
async def test_undoing_an_import_takes_its_transfers_apart(database: Database, undone: str) -> None:
    desk = await Desk.open(database, wallets=2)
    out, into = await two_ends(desk)
    if undone == "both":
        sent = arrived = await bring(desk, out, into)
    else:
        sent, arrived = await bring(desk, out), await bring(desk, into)
    await say(desk, (out.id, into.id))
    await undo(desk, arrived if undone == "deposit" else sent)
    kinds = sorted(each.kind for each in await in_force(desk))
    left = {"withdrawal": [Kind.BUY, Kind.DEPOSIT], "deposit": [Kind.BUY, Kind.WITHDRAWAL]}
    assert kinds == left.get(undone, [Kind.BUY])
    main, cold = Decimal(2), Decimal("0.99")
    expected = {
        "withdrawal": {desk.main: main, desk.wallets[1]: cold},
        "deposit": {desk.main: Decimal("0.999")},
    }
    assert await held(desk) == expected.get(undone, {desk.main: main})


async def test_all_or_nothing(database: Database) -> None:
    desk = await Desk.open(database, wallets=2)
    out, into = await two_ends(desk)
    other = deposit("5", desk.wallets[1], asset=ETH)
    for each in (out, into, other):
        await desk.record(each)
    before = await statement_of(database, desk.user_id)
    with pytest.raises(NamedTwice):
        await say(desk, (out.id, into.id), (out.id, other.id))
    with pytest.raises(NotOneTransfer):
        await say(desk, (out.id, other.id))
    with pytest.raises(TransactionNotFound):
        await say(desk, (out.id, TransactionId(new_id())))
    assert await statement_of(database, desk.user_id) == before
    await desk.void(into.id)
    with pytest.raises(StaleProposal):
        await say(desk, (out.id, into.id))


async def test_many_at_once_are_folded_once_they_are_all_there(database: Database) -> None:
    """The second deposit is needed by the second withdrawal: one after the other would not do."""
    desk = await Desk.open(database, wallets=3)
    main, cold, attic = desk.wallets
    await desk.record(buy("2", value="20000", wallet=main, at=day(1)))
    chain = [
        withdrawal("1", main, 2),
        deposit("1", cold, 3),
        withdrawal("0.5", cold, 4),
        deposit("0.5", attic, 5),
    ]
    for each in chain:
        await desk.record(each)
    await desk.record(sell("0.5", value="9000", wallet=attic, at=day(6)))
    ids = [each.id for each in chain]
    await say(desk, (ids[2], ids[3]), (ids[0], ids[1]))
    assert await held(desk) == {main: Decimal("0.999"), cold: Decimal("0.499")}


async def test_what_was_recorded_by_hand_still_has_to_be_covered(database: Database) -> None:
    desk = await Desk.open(database, wallets=2)
    out, into = await two_ends(desk)
    early = replace(into, occurred_at=day(1) + timedelta(hours=12))
    await desk.record(out)
    await desk.record(early)
    await desk.record(sell("0.001", value="9", wallet=desk.main, at=day(1) + timedelta(hours=20)))
    (transfer,) = await say(desk, (out.id, early.id))
    assert transfer.transaction.occurred_at == early.occurred_at
    with pytest.raises(NotEnoughHeld):
        await desk.record(sell("1", value="9", wallet=desk.main, at=day(1) + timedelta(hours=20)))


async def test_proposals_follow_the_ledger_and_what_was_rejected(database: Database) -> None:
    desk = await Desk.open(database, wallets=3)
    transfers = Transfers(database)
    out, into = await two_ends(desk)
    assert await transfers.list_proposals(desk.user_id) == []
    await desk.record(out)
    await desk.record(into)
    (proposal,) = await transfers.list_proposals(desk.user_id)
    assert (proposal.left.id, proposal.arrived.id) == (out.id, into.id)
    assert await transfers.list_proposals(UserId(new_id())) == []
    async with database.write() as unit:
        await reject(unit, desk.user_id, (out.id, into.id), day(50))
    assert await transfers.list_proposals(desk.user_id) == []
    other = deposit("0.98", desk.wallets[2])
    await desk.record(other)
    (proposal,) = await transfers.list_proposals(desk.user_id)
    assert proposal.arrived.id == other.id
    await say(desk, (out.id, into.id))
    assert await transfers.list_proposals(desk.user_id) == [], "said otherwise later"
