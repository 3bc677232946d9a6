"""Buying and selling as people say it: quantity and price."""

import asyncio
from decimal import Decimal

import pytest

from plimsoll.kernel.identifiers import HoldingId, UserId, new_id
from plimsoll.kernel.money import QUANTUM, AmountOutOfRange
from plimsoll.ledger.domain.holdings import NotEnoughHeld
from plimsoll.ledger.domain.transactions import Transaction, check
from plimsoll.ledger.service import reading, trades
from plimsoll.ledger.service.trades import Sale
from plimsoll.ledger.storage.wallets import default_wallet
from plimsoll.plumbing.database import Database
from tests.ledger.desk import Desk
from tests.ledger.entries import BTC, USD, buy, day
from tests.ledger.statement import statement_of


def purchase(quantity: str, price: str, *, fee: str = "0", asset: str = BTC) -> Transaction:
    return trades.purchase(
        UserId(new_id()),
        asset_id=asset,  # type: ignore[arg-type]
        quantity=Decimal(quantity),
        price=Decimal(price),
        currency=USD,
        fee=Decimal(fee),
        wallet_id=None,
        occurred_at=day(1),
        note="",
    )


def test_a_purchase_is_paid_with_money_from_outside() -> None:
    bought = purchase("0.5", "60000", fee="12.5")
    check(bought)
    assert [
        (leg.wallet_id is None, leg.asset_id, leg.quantity, leg.value) for leg in bought.legs
    ] == [
        (False, BTC, Decimal("0.5"), 30000),
        (True, USD, -30000, 30000),
        (True, USD, Decimal("-12.5"), Decimal("12.5")),
    ]


def test_without_a_fee_there_is_no_leg_for_it() -> None:
    assert len(purchase("1", "1").legs) == 2


def test_a_value_that_rounds_to_nothing_is_refused() -> None:
    with pytest.raises(trades.NothingMoved):
        purchase("0.000000000000000001", "0.5")


def test_a_value_that_does_not_fit_is_refused() -> None:
    with pytest.raises(AmountOutOfRange):
        purchase("99999999999999999999", "2")
    with pytest.raises(AmountOutOfRange):
        purchase("10000000000.00000000000001", "9999999999.99999999999999")


def test_an_asset_cannot_be_bought_with_itself() -> None:
    with pytest.raises(trades.SameAsset):
        purchase("1", "1", asset=USD)


async def holding_of(desk: Desk, quantity: str = "1", value: str = "100") -> HoldingId:
    written = await desk.record(buy(quantity, value=value, wallet=desk.main, at=day(1)))
    return written.ids[desk.main, BTC]


async def sell(
    desk: Desk,
    holding_id: HoldingId,
    *,
    quantity: str | None = None,
    price: str = "150",
    fee: str = "0",
) -> Sale:
    async with desk.database.write() as unit:
        return await trades.sell(
            unit,
            desk.user_id,
            holding_id,
            quantity=None if quantity is None else Decimal(quantity),
            price_of=lambda _: Decimal(price),
            fee=Decimal(fee),
            note="",
            now=day(2),
        )


async def test_a_part_is_sold_at_its_average_cost(database: Database) -> None:
    desk = await Desk.open(database)
    sale = await sell(desk, await holding_of(desk, "4", "100"), quantity="1", price="40", fee="5")
    assert (sale.disposal.proceeds, sale.disposal.cost, sale.disposal.profit) == (35, 25, 10)
    assert (sale.held.holding.quantity, sale.held.holding.cost) == (3, 75)


async def test_without_a_quantity_all_of_it_is_sold(database: Database) -> None:
    desk = await Desk.open(database)
    sale = await sell(desk, await holding_of(desk, "0.3", "100"), price="1000")
    assert (sale.held.holding.quantity, sale.held.holding.cost) == (0, 0)
    assert sale.disposal.profit == 200


async def test_selling_nothing_more_and_too_much_are_refused(database: Database) -> None:
    desk = await Desk.open(database)
    holding_id = await holding_of(desk)
    before = await statement_of(database, desk.user_id)
    with pytest.raises(NotEnoughHeld):
        await sell(desk, holding_id, quantity="1.000000000000000001")
    with pytest.raises(trades.NothingMoved):
        await sell(desk, holding_id, quantity=f"{QUANTUM:f}", price="0.1")
    assert await statement_of(database, desk.user_id) == before
    await sell(desk, holding_id)
    with pytest.raises(trades.NothingMoved):
        await sell(desk, holding_id)


async def test_someone_elses_holding_is_not_found(database: Database) -> None:
    ada, ben = await Desk.open(database), await Desk.open(database)
    holding_id = await holding_of(ada)
    with pytest.raises(reading.HoldingNotFound):
        await sell(ben, holding_id)


async def test_of_many_sales_of_everything_exactly_one_wins(database: Database) -> None:
    desk = await Desk.open(database)
    holding_id = await holding_of(desk)

    outcomes = await asyncio.gather(
        *(sell(desk, holding_id, quantity="1") for _ in range(16)), return_exceptions=True
    )

    assert len([each for each in outcomes if isinstance(each, Sale)]) == 1
    assert {type(each) for each in outcomes} == {Sale, NotEnoughHeld}
    held = (await desk.holdings())[default_wallet(desk.user_id), BTC]
    assert (held.quantity, held.realised) == (0, 50)


async def test_sales_of_a_part_at_once_stop_where_nothing_is_left(database: Database) -> None:
    desk = await Desk.open(database)
    holding_id = await holding_of(desk, "10", "100")
    outcomes = await asyncio.gather(
        *(sell(desk, holding_id, quantity="3") for _ in range(8)), return_exceptions=True
    )
    assert len([each for each in outcomes if isinstance(each, Sale)]) == 3
    assert (await desk.holdings())[desk.main, BTC].quantity == 1
