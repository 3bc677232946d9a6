"""What each kind of transaction does to a holding: figures a reader can check by hand."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from plimsoll.kernel.identifiers import AssetId, ImportId, WalletId
from plimsoll.kernel.money import QUANTUM, AmountOutOfRange
from plimsoll.ledger.domain.holdings import (
    AT_ONCE,
    Books,
    CostCurrencyDiffers,
    Disposal,
    Holding,
    NotEnoughHeld,
    fold,
    happening_after,
)
from plimsoll.ledger.domain.transactions import Kind, Role, Transaction
from tests.ledger.entries import (
    ATTIC,
    BNB,
    BTC,
    COLD,
    ETH,
    EUR,
    MAIN,
    OUTSIDE,
    USD,
    buy,
    day,
    entry,
    fee,
    leg,
    sell,
    transfer,
)

TETHER = AssetId("tether")


def held(books: Books, asset: AssetId = BTC) -> Holding:
    return books.holdings[MAIN, asset]


def amounts(holding: Holding) -> tuple[str, str, str]:
    """Quantity, cost and the fees in it."""
    return (
        f"{holding.quantity.normalize():f}",
        f"{holding.cost.normalize():f}",
        f"{holding.fees.normalize():f}",
    )


def result(disposal: Disposal) -> tuple[str, Decimal, Decimal, Decimal]:
    return (disposal.asset_id, disposal.quantity, disposal.proceeds, disposal.cost)


def bought(quantity: str = "1", value: str = "1000", asset: AssetId = BTC) -> Transaction:
    return buy(quantity, value=value, asset=asset)


def test_a_purchase_adds_its_value_and_its_fee() -> None:
    books = fold([buy("0.5", value="30000"), buy("0.5", value="20000", paid_fee="10", at=day(2))])
    assert amounts(held(books)) == ("1", "50010", "10")
    assert held(books).average_cost == 50010
    assert held(books).average_cost_without_fees == 50000
    assert books.disposals == []


def test_a_sale_takes_its_share_of_the_cost_and_its_fee_off_the_proceeds() -> None:
    books = fold(
        [buy("1", value="50000", paid_fee="10"), sell("0.25", value="20000", paid_fee="5")]
    )
    assert amounts(held(books)) == ("0.75", "37507.5", "7.5")
    (sale,) = books.disposals
    assert (sale.proceeds, sale.cost, sale.profit) == (19995, Decimal("12502.5"), Decimal("7492.5"))
    assert held(books).realised == sale.profit


def test_a_fee_above_the_proceeds_is_a_loss_beyond_the_cost() -> None:
    books = fold([bought(), sell("1", value="10", paid_fee="25")])
    assert books.disposals[0].proceeds == -15
    assert held(books).realised == -1015


def test_a_purchase_with_a_coin_from_a_wallet_sells_that_coin() -> None:
    paid = entry(Kind.BUY, leg("2", ETH, value="300"), leg("-0.25", BTC, value="300"))
    books = fold([bought(), paid])
    assert amounts(held(books)) == ("0.75", "750", "0")
    assert amounts(held(books, ETH)) == ("2", "300", "0")
    assert [result(each) for each in books.disposals] == [(BTC, Decimal("0.25"), 300, 250)]


def test_the_cash_fee_of_a_swap_lowers_the_proceeds_of_what_was_given() -> None:
    swap = entry(Kind.SWAP, leg("-1", BTC, value="1500"), leg("5", ETH, value="1500"), fee("20"))
    books = fold([bought(), swap])
    assert [result(each) for each in books.disposals] == [(BTC, 1, 1480, 1000)]
    assert amounts(held(books, ETH)) == ("5", "1500", "0")


def test_a_fee_in_a_third_coin_is_a_disposal_of_that_coin() -> None:
    swap = entry(
        Kind.SWAP,
        leg("-1", BTC, value="1500"),
        leg("5", ETH, value="1500"),
        fee("0.1", BNB, value="30", wallet=MAIN),
    )
    books = fold([bought(), bought("1", "200", BNB), swap])
    assert [result(each) for each in books.disposals] == [
        (BTC, 1, 1470, 1000),
        (BNB, Decimal("0.1"), 30, 20),
    ]
    assert amounts(held(books, BNB)) == ("0.9", "180", "0")


def test_a_fee_withheld_from_what_was_bought_goes_out_last() -> None:
    """1 coin for 1000 with 0.1 of it withheld, worth 100: the fee is cost, and the 0.1 is given
    away at its share of it.
    """
    withheld = fee("0.1", BTC, value="100", wallet=MAIN, role=Role.WITHHELD_FEE)
    books = fold([entry(Kind.BUY, *bought().legs, withheld)])
    assert amounts(held(books)) == ("0.9", "990", "90")
    assert [result(each) for each in books.disposals] == [(BTC, Decimal("0.1"), 100, 110)]


def test_a_fee_over_two_legs_is_spread_by_their_values() -> None:
    exit_ = entry(
        Kind.LP_EXIT,
        leg("-3", "lp", value="300"),
        leg("1", BTC, value="200"),
        leg("1", ETH, value="100"),
        fee("10"),
    )
    join = entry(
        Kind.LP_JOIN,
        leg("-1", BTC, value="200"),
        leg("-1", ETH, value="100"),
        leg("3", "lp", value="300"),
        fee("10"),
    )
    books = fold([bought("1", "50"), bought("1", "50", ETH), join])
    assert [each.proceeds for each in books.disposals] == [
        Decimal("193.333333333333333333"),
        Decimal("96.666666666666666667"),
    ]
    assert sum(each.proceeds for each in books.disposals) == 290
    books.apply(replace(exit_, occurred_at=day(3)))
    assert books.disposals[-1].proceeds == 290


def test_a_transfer_carries_the_average_cost_and_the_fees_in_it() -> None:
    books = fold([buy("2", value="1000", paid_fee="20"), transfer("0.5")])
    assert amounts(held(books)) == ("1.5", "765", "15")
    assert amounts(books.holdings[COLD, BTC]) == ("0.5", "255", "5")
    assert books.disposals == []


@pytest.mark.parametrize("wallet", [MAIN, COLD])
def test_the_coin_fee_of_a_transfer_is_a_loss_of_its_cost(wallet: WalletId) -> None:
    books = fold([bought(), transfer("0.5", fee("0.1", BTC, value="70", wallet=wallet))])
    assert [result(each) for each in books.disposals] == [(BTC, Decimal("0.1"), 0, 100)]
    assert sum(each.cost for each in books.holdings.values()) == 900
    assert books.holdings[wallet, BTC].realised == -100


def test_a_transfer_from_two_wallets_into_one_brings_both_costs() -> None:
    gather = entry(
        Kind.COLLATERAL_MOVE, leg("-1"), leg("-1", wallet=COLD), leg("2", wallet=ATTIC), at=day(2)
    )
    books = fold([bought(), buy("1", value="400", wallet=COLD), gather])
    assert amounts(books.holdings[ATTIC, BTC]) == ("2", "1400", "0")
    assert amounts(held(books)) == ("0", "0", "0")


@pytest.mark.parametrize("kind", [Kind.STAKING, Kind.GIFT_IN, Kind.DEPOSIT, Kind.OPENING_LOT])
def test_what_comes_in_costs_what_it_was_worth_and_its_fee(kind: Kind) -> None:
    books = fold([entry(kind, leg("2", ETH, value="100"), fee("1"))])
    assert amounts(held(books, ETH)) == ("2", "101", "1")
    assert books.disposals == []


@pytest.mark.parametrize("kind", [Kind.GIFT_OUT, Kind.WITHDRAWAL, Kind.DONATION, Kind.LOAN_REPAY])
def test_what_leaves_without_a_result_takes_its_cost_along(kind: Kind) -> None:
    books = fold([bought(), entry(kind, leg("-0.25", value="900"))])
    assert amounts(held(books)) == ("0.75", "750", "0")
    assert books.disposals == []
    assert held(books).realised == 0


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.STOLEN, Kind.MARGIN_LOSS, Kind.LOAN_INTEREST])
def test_what_is_written_off_is_a_loss_of_its_cost(kind: Kind) -> None:
    books = fold([bought(), entry(kind, leg("-0.25", value="900"))])
    assert [result(each) for each in books.disposals] == [(BTC, Decimal("0.25"), 0, 250)]
    assert held(books).realised == -250


def test_funding_received_is_an_acquisition_and_funding_paid_a_loss() -> None:
    received = entry(Kind.FUNDING, leg("5", TETHER, value="5"))
    paid = entry(Kind.FUNDING, leg("-2", TETHER, value="2"), at=day(2))
    books = fold([received, paid])
    assert amounts(held(books, TETHER)) == ("3", "3", "0")
    assert held(books, TETHER).realised == -2


def test_a_fee_alone_is_a_loss_of_its_cost() -> None:
    gas = entry(Kind.FEE_ONLY, fee("0.01", BTC, value="30", wallet=MAIN))
    books = fold([bought(), gas])
    assert [result(each) for each in books.disposals] == [(BTC, Decimal("0.01"), 0, 10)]


def test_services_paid_in_a_coin_are_its_proceeds() -> None:
    spent = entry(
        Kind.SPEND, leg("-0.5", value="700"), leg("1", "haircut", value="700", wallet=OUTSIDE)
    )
    books = fold([bought(), spent])
    assert books.disposals[0].profit == 200


def test_a_leg_outside_of_every_wallet_makes_no_holding() -> None:
    assert set(fold([bought()]).holdings) == {(MAIN, BTC)}


def test_an_emptied_holding_has_no_cost_and_no_average() -> None:
    books = fold(
        [buy("3", value="10", paid_fee="0.01"), sell("1", value="1"), sell("2", value="9")]
    )
    assert amounts(held(books)) == ("0", "0", "0")
    assert held(books).average_cost is None
    assert held(books).average_cost_without_fees is None
    assert held(books).realised == Decimal("-0.01")


def test_the_last_coin_takes_what_rounding_left() -> None:
    books = fold([buy("3", value="10"), *(sell("1", value="5") for _ in range(3))])
    assert [each.cost for each in books.disposals] == [
        Decimal("3.333333333333333333"),
        Decimal("3.333333333333333334"),
        Decimal("3.333333333333333333"),
    ]
    assert held(books).cost == 0


def test_quantities_of_twenty_digits_keep_their_last_place() -> None:
    huge = Decimal("9999999999999999999.999999999999999999")
    books = fold([buy(huge, value="1"), buy(huge, value="1"), sell(QUANTUM, value="1")])
    assert held(books).quantity == 2 * huge - QUANTUM
    assert books.disposals[0].cost == 0


def test_dust_with_a_large_cost_still_has_an_average() -> None:
    """Cost per unit may need more digits than an amount that is stored."""
    books = fold([buy(QUANTUM, value=QUANTUM, paid_fee="1000")])
    assert held(books).average_cost == Decimal(1000000000000000000001)


def test_what_grows_beyond_an_amount_is_refused() -> None:
    nearly = "99999999999999999999"
    with pytest.raises(AmountOutOfRange):
        fold([buy(nearly, value="1"), buy(nearly, value="1")])
    with pytest.raises(AmountOutOfRange):
        fold([buy("1", value=nearly), buy("1", value=nearly)])


def test_proceeds_below_what_can_be_stored_are_refused() -> None:
    """Even where profits of before would hide it in the sum."""
    nearly = "99999999999999999999"
    gain = [bought("2", "0"), sell("1", value=nearly)]
    with pytest.raises(AmountOutOfRange):
        fold([*gain, entry(Kind.SELL, *sell("1", value="1").legs, fee(nearly), fee(nearly))])


def test_more_than_is_there_is_refused_with_both_figures() -> None:
    with pytest.raises(NotEnoughHeld) as refused:
        fold([bought("1"), sell("1.000000000000000001", value="5")])
    assert refused.value.facts == {
        "asset_id": BTC,
        "required": "1.000000000000000001",
        "available": "1",
    }
    with pytest.raises(NotEnoughHeld):
        fold([sell("1", value="5")])
    with pytest.raises(NotEnoughHeld):
        fold([bought(), sell("1", value="5", wallet=COLD)])


def test_the_fee_of_a_transfer_has_to_be_there_too() -> None:
    with pytest.raises(NotEnoughHeld):
        fold([bought(), transfer("1", fee("0.1", BTC, value="1", wallet=MAIN))])


def test_costs_in_two_currencies_do_not_mix() -> None:
    with pytest.raises(CostCurrencyDiffers) as refused:
        fold([bought(), buy("1", value="5", currency=EUR)])
    assert refused.value.facts == {"from": EUR, "to": USD}
    in_euro = buy("1", value="5", currency=EUR, wallet=COLD)
    with pytest.raises(CostCurrencyDiffers):
        fold([bought(), in_euro, transfer("1")])
    both = entry(Kind.TRANSFER, leg("-1"), leg("-1", wallet=COLD), leg("2", wallet=ATTIC))
    with pytest.raises(CostCurrencyDiffers):
        fold([bought(), in_euro, both])


def test_a_worth_and_its_fee_are_turned_into_the_kept_currency() -> None:
    """100 euro and 10 of fee at 1.5 dollars each; the fee of the sale too."""
    in_euro = buy("1", value="100", paid_fee="10", currency=EUR)
    first, *rest = in_euro.legs
    kept = replace(first, cost_currency=USD, cost_rate=Decimal("1.5"))
    books = fold([replace(in_euro, legs=(kept, *rest))])
    assert held(books).currency == USD
    assert amounts(held(books)) == ("1", "165", "15")

    sale = sell("1", value="200", paid_fee="10", currency=EUR)
    first, *rest = sale.legs
    books.apply(
        replace(sale, legs=(replace(first, cost_currency=USD, cost_rate=Decimal("1.5")), *rest))
    )
    assert books.disposals[0].proceeds == 285
    assert books.disposals[0].currency == USD


@pytest.mark.parametrize(
    ("seconds", "rank", "expected"),
    [
        (-5, 1, timedelta()),
        (0, 0, timedelta()),
        (0, 1, timedelta(microseconds=1)),
        (3, 0, timedelta(seconds=3)),
        (3, 1, timedelta(seconds=3, microseconds=1)),
        (AT_ONCE.total_seconds(), 1, timedelta()),
    ],
)
def test_what_happens_now_comes_after_what_others_just_wrote(
    seconds: float, rank: int, expected: timedelta
) -> None:
    purchase = bought()
    last = purchase.occurred_at + timedelta(seconds=seconds)
    moved = happening_after(purchase, [Holding(USD, last_at=last, last_rank=rank)])
    assert moved.occurred_at - purchase.occurred_at == expected


def test_a_holding_nothing_happened_to_delays_nothing() -> None:
    purchase = bought()
    assert happening_after(purchase, [Holding(USD)]) == purchase


# --- what an import lacks ------------------------------------------------------------------------


def imported(transaction: Transaction) -> Transaction:
    return replace(transaction, import_id=ImportId(UUID(int=9)))


def test_what_an_import_lacks_cost_nothing_and_is_counted() -> None:
    books = fold([bought("1", "100"), imported(sell("3", value="600"))])
    assert (held(books).quantity, held(books).missing) == (0, 2)
    (disposal,) = books.disposals
    assert (disposal.quantity, disposal.cost, disposal.profit) == (3, 100, 500)


def test_a_sale_of_what_was_never_there_is_all_profit() -> None:
    books = fold([imported(sell("3", value="600")), buy("1", value="10", at=day(2))])
    left = held(books)
    assert (left.quantity, left.cost, left.missing, left.realised) == (1, 10, 3, 600)


def test_a_transfer_carries_what_lacks_at_no_cost() -> None:
    books = fold([bought("1", "100"), imported(transfer("4"))])
    main, cold = books.holdings[MAIN, BTC], books.holdings[COLD, BTC]
    assert (main.quantity, main.cost, main.missing) == (0, 0, 3)
    assert (cold.quantity, cold.cost, cold.missing) == (4, 100, 0)


def test_after_something_lacked_a_sale_by_hand_is_still_covered_or_refused() -> None:
    with pytest.raises(NotEnoughHeld):
        fold([imported(sell("3", value="600")), sell("1", value="5", at=day(2))])
