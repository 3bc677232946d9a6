"""Purchases that share a statement are the same as purchases one by one, and none is lost."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from plimsoll.ledger.domain.holdings import HeldAsset
from plimsoll.ledger.domain.transactions import Transaction
from plimsoll.ledger.service import reading
from plimsoll.ledger.service.purchases import Purchases
from plimsoll.ledger.storage.transactions import list_in_force
from plimsoll.plumbing.database import Database
from tests.ledger.desk import Desk
from tests.ledger.entries import BTC, ETH, EUR, buy, day, sell
from tests.ledger.statement import statement_of

THIRD = "0.333333333333333333"


async def recorded_all(
    purchases: Purchases, desk: Desk, transactions: list[Transaction]
) -> list[HeldAsset]:
    """Each through the short way, else the ordinary one, all at once."""

    async def one(transaction: Transaction) -> HeldAsset:
        held = await purchases.find_recorded(desk.user_id, transaction)
        if held is None:
            written = await desk.record(transaction)
            held = written.held((desk.main, transaction.legs[0].asset_id))
        return held

    return await asyncio.gather(*(one(each) for each in transactions))


@pytest.mark.parametrize("paid_fee", ["0", "1.5"])
async def test_the_short_way_leads_to_the_same_as_the_ordinary_one(
    database: Database, paid_fee: str
) -> None:
    short, ordinary, purchases = (
        await Desk.open(database),
        await Desk.open(database),
        Purchases(database),
    )
    for number in range(1, 6):
        for desk in (short, ordinary):
            bought = buy(THIRD, value="10.01", paid_fee=paid_fee, wallet=desk.main, at=day(number))
            if desk is ordinary or number == 1:
                await desk.record(bought)
            else:
                held = await purchases.find_recorded(desk.user_id, bought)
                assert held is not None
                assert held.holding == (await desk.holdings())[desk.main, BTC]
    assert (await short.holdings())[short.main, BTC] == (await ordinary.holdings())[
        ordinary.main, BTC
    ]
    async with database.read() as unit:
        kept = [
            [
                (
                    entry.occurred_at,
                    entry.kind,
                    [(leg.quantity, leg.value) for leg in entry.legs],
                    seq,
                )
                for entry, seq in await list_in_force(unit, desk.user_id, assets=[BTC], after=None)
            ]
            for desk in (short, ordinary)
        ]
    assert kept[0] == kept[1]
    assert len(kept[0]) == 5


async def test_64_purchases_at_once_add_up(database: Database) -> None:
    desk, purchases = await Desk.open(database), Purchases(database)
    await desk.record(buy("1", value="100", wallet=desk.main, at=day(1)))

    answers = await recorded_all(
        purchases,
        desk,
        [buy(THIRD, value="1.1", paid_fee="0.1", wallet=desk.main, at=day(2)) for _ in range(64)],
    )

    held = (await desk.holdings())[desk.main, BTC]
    assert held.quantity == 1 + 64 * Decimal(THIRD)
    assert held.cost == 100 + 64 * Decimal("1.2")
    assert held.fees == Decimal("6.4")
    assert len({answer.holding.quantity for answer in answers}) == 64
    async with database.read() as unit:
        assert len(await list_in_force(unit, desk.user_id, assets=[BTC], after=None)) == 65


async def test_64_people_buying_at_once_each_get_their_own(database: Database) -> None:
    purchases = Purchases(database)
    desks = [await Desk.open(database) for _ in range(64)]
    for desk in desks:
        await desk.record(buy("1", value="100", wallet=desk.main, at=day(1)))

    answers = await asyncio.gather(
        *(
            recorded_all(
                purchases, desk, [buy(str(number), value="1", wallet=desk.main, at=day(2))]
            )
            for number, desk in enumerate(desks, 1)
        )
    )

    assert [answer.holding.quantity for (answer,) in answers] == list(range(2, 66))


@pytest.mark.parametrize(
    "unusual",
    [
        {"asset": ETH},
        {"currency": EUR},
        {"quantity": "99999999999999999999"},
        {"value": "99999999999999999999"},
        {"at": day(1) - timedelta(seconds=61)},
    ],
)
async def test_what_is_unusual_is_left_alone(database: Database, unusual: dict[str, str]) -> None:
    desk = await Desk.open(database)
    await desk.record(buy("1", value="100", wallet=desk.main, at=day(1)))
    before = await statement_of(database, desk.user_id)

    terms = {"quantity": "1", "value": "1", "wallet": desk.main, "at": day(2)} | unusual
    transaction = buy(**terms)  # type: ignore[arg-type]

    assert await Purchases(database).find_recorded(desk.user_id, transaction) is None
    after = await statement_of(database, desk.user_id)
    for table in ("transactions", "legs", "holdings", "disposals", "wallets"):
        assert after.rows[table] == before.rows[table]


async def test_a_purchase_now_comes_after_a_sale_of_the_same_moment(database: Database) -> None:
    desk = await Desk.open(database)
    await desk.record(buy("1", value="100", wallet=desk.main, at=day(1)))
    await desk.record(sell("1", value="100", wallet=desk.main, at=day(2)))
    held = await Purchases(database).find_recorded(
        desk.user_id, buy("1", value="300", wallet=desk.main, at=day(2))
    )
    assert held is not None
    assert held.holding.cost == 300
    assert held.holding.last_at == day(2) + timedelta(microseconds=1)
    await desk.record(buy("1", value="1", asset=ETH, wallet=desk.main, at=day(1)))
    async with database.read() as unit:
        entries = await reading.list_all_holdings(unit, desk.user_id)
    assert len(entries[0]) == 2


async def test_the_ways_mix_without_deadlock_and_nothing_is_lost(database: Database) -> None:
    """The short way and the ordinary one, buying and selling, on the same few ledgers."""
    purchases = Purchases(database)
    desks = [await Desk.open(database) for _ in range(3)]
    for desk in desks:
        for asset in (BTC, ETH):
            await desk.record(buy("100", value="100", asset=asset, wallet=desk.main, at=day(1)))

    async def work(number: int) -> None:
        desk, asset = desks[number % 3], (BTC, ETH)[number % 2]
        terms = {"asset": asset, "wallet": desk.main}
        if number % 4 == 3:
            await desk.record(sell("1", value="2", at=day(2), **terms))  # type: ignore[arg-type]
        elif number % 4 == 1:
            await desk.record(buy("1", value="1", at=day(2), **terms))  # type: ignore[arg-type]
        else:
            await recorded_all(purchases, desk, [buy("1", value="1", at=day(2), **terms)])  # type: ignore[arg-type]

    async with asyncio.timeout(30):
        await asyncio.gather(*(work(number) for number in range(120)))

    total = Decimal(0)
    for desk in desks:
        total += sum(held.quantity for held in (await desk.holdings()).values())
    assert total == 600 + 90 - 30


async def test_nobody_waits_for_a_writer_that_has_just_ended(database: Database) -> None:
    """Who is answered and asks again at once finds no writer counted that will not look again."""
    purchases, desk = Purchases(database), await Desk.open(database)
    await desk.record(buy("1", value="10", wallet=desk.main, at=day(1)))
    for _ in range(3):
        bought = buy("1", value="10", wallet=desk.main, at=day(2))
        assert await purchases.find_recorded(desk.user_id, bought) is not None
        assert not purchases._writers
