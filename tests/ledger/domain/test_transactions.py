"""The laws of legs: what each kind of transaction must look like."""

from decimal import Decimal

import pytest

from plimsoll.kernel.identifiers import AssetId
from plimsoll.ledger.domain.transactions import (
    SHAPES,
    WITHOUT_WORTH,
    WRITTEN_OFF,
    Kind,
    Leg,
    Role,
    Shape,
    Transaction,
    UnbalancedLegs,
    check,
    keep_costs,
)
from tests.ledger.entries import (
    BTC,
    COLD,
    ETH,
    EUR,
    MAIN,
    OUTSIDE,
    USD,
    buy,
    entry,
    fee,
    leg,
    sell,
    transfer,
)


def kinds(shape: Shape) -> list[Kind]:
    return [kind for kind in Kind if SHAPES[kind] is shape]


def test_every_kind_has_a_shape() -> None:
    assert set(SHAPES) == set(Kind)


def test_what_is_written_off_can_go_out() -> None:
    assert {SHAPES[kind] for kind in WRITTEN_OFF} == {Shape.OUTFLOW, Shape.EITHER}


@pytest.mark.parametrize("kind", kinds(Shape.EXCHANGE))
def test_an_exchange_balances(kind: Kind) -> None:
    check(entry(kind, leg("-1", BTC, value="100"), leg("2", ETH, value="100")))
    for lopsided in (
        (leg("-1", BTC, value="100"), leg("2", ETH, value="99.99")),
        (leg("-1", BTC, value="100"),),
        (leg("2", ETH, value="100"),),
    ):
        with pytest.raises(UnbalancedLegs):
            check(entry(kind, *lopsided))


def test_the_refusal_of_an_exchange_says_both_sums_without_an_exponent() -> None:
    lopsided = entry(Kind.SWAP, leg("-1", value="0E-18"), leg("2", ETH, value="1E+3"))
    with pytest.raises(UnbalancedLegs) as refused:
        check(lopsided)
    assert refused.value.facts == {"came_in": "1000", "went_out": "0"}


@pytest.mark.parametrize("kind", kinds(Shape.MOVE))
def test_what_is_moved_leaves_and_arrives_in_wallets(kind: Kind) -> None:
    check(entry(kind, leg("-1"), leg("1", wallet=COLD), fee("0.1", wallet=MAIN)))
    for broken in (
        (leg("-1"), leg("0.9", wallet=COLD)),
        (leg("-1"), leg("1", ETH, wallet=COLD)),
        (leg("-1"), leg("1", wallet=OUTSIDE)),
    ):
        with pytest.raises(UnbalancedLegs):
            check(entry(kind, *broken))


@pytest.mark.parametrize("kind", kinds(Shape.INFLOW))
def test_an_inflow_only_brings_in(kind: Kind) -> None:
    check(entry(kind, leg("1", value="5"), leg("2", ETH, value="0")))
    with pytest.raises(UnbalancedLegs):
        check(entry(kind, leg("1", value="5"), leg("-1", ETH)))


@pytest.mark.parametrize("kind", kinds(Shape.OUTFLOW))
def test_an_outflow_only_takes_out(kind: Kind) -> None:
    check(entry(kind, leg("-1"), fee("0.1", BTC, value="0", wallet=MAIN)))
    with pytest.raises(UnbalancedLegs):
        check(entry(kind, leg("1")))


@pytest.mark.parametrize("kind", kinds(Shape.EITHER))
@pytest.mark.parametrize("quantity", ["1", "-1"])
def test_funding_and_adjustments_go_either_way(kind: Kind, quantity: str) -> None:
    check(entry(kind, leg(quantity, value="5")))


def test_fee_only_has_fees_only() -> None:
    check(entry(Kind.FEE_ONLY, fee("0.1", BTC, value="5", wallet=MAIN)))
    for broken in ((leg("-1"),), (leg("-1"), fee("1"))):
        with pytest.raises(UnbalancedLegs):
            check(entry(Kind.FEE_ONLY, *broken))


@pytest.mark.parametrize(
    ("wrong", "position"),
    [
        (leg("0"), 0),
        (leg("1", value="-1"), 0),
        (fee("-1"), 0),
    ],
)
def test_a_broken_leg_is_named(wrong: Leg, position: int) -> None:
    good = leg("1", value="5")
    for place, legs in enumerate([(wrong, good), (good, wrong)]):
        with pytest.raises(UnbalancedLegs) as refused:
            check(entry(Kind.STAKING, *legs))
        assert [fault.pointer for fault in refused.value.faults] == [f"#/legs/{place}"]


def test_something_has_to_touch_a_wallet() -> None:
    for broken in (
        (fee("1", wallet=MAIN),),
        (leg("1", BTC, value="5", wallet=OUTSIDE), leg("-1", ETH, value="5", wallet=OUTSIDE)),
    ):
        with pytest.raises(UnbalancedLegs):
            check(entry(Kind.SWAP, *broken))


def test_within_a_moment_what_only_brings_in_comes_first() -> None:
    assert buy("1", value="5").rank == 0
    assert sell("1", value="5").rank == 1
    assert transfer("1").rank == 1
    coin_fee = fee("0.1", BTC, value="1", wallet=MAIN)
    assert entry(Kind.BUY, *buy("1", value="5").legs, coin_fee).rank == 1


class Rates:
    """One euro is 1.25 dollars; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[AssetId, AssetId]] = []

    def __call__(self, source: AssetId, target: AssetId) -> Decimal:
        self.asked.append((source, target))
        return Decimal("1.25") if (source, target) == (EUR, USD) else Decimal("0.8")


def test_a_cost_is_kept_in_the_currency_of_its_holding() -> None:
    rates = Rates()
    bought = keep_costs(buy("1", value="100", currency=EUR), {(MAIN, BTC): USD}, rates)
    assert bought.legs[0].cost_currency == USD
    assert bought.legs[0].cost_value == 125
    assert bought.legs[1].cost_value == 100
    assert rates.asked == [(EUR, USD)]


@pytest.mark.parametrize(
    "transaction",
    [
        buy("1", value="100"),
        buy("1", value="100", asset=ETH, currency=EUR),
        buy("1", value="100", wallet=COLD, currency=EUR),
        *(
            entry(kind, leg("-1"), fee("1", BTC, wallet=MAIN), currency=EUR)
            for kind in Kind
            if SHAPES[kind] in WITHOUT_WORTH - {Shape.FEES, Shape.MOVE}
        ),
        entry(Kind.TRANSFER, leg("-1"), leg("1", wallet=COLD), currency=EUR),
        entry(Kind.FEE_ONLY, fee("1", BTC, wallet=MAIN), currency=EUR),
    ],
)
def test_no_rate_is_asked_where_none_matters(transaction: Transaction) -> None:
    rates = Rates()
    assert keep_costs(transaction, {(MAIN, BTC): USD}, rates) == transaction
    assert rates.asked == []


def test_a_leg_is_worth_its_value_times_the_rate_rounded_once() -> None:
    third = Leg(MAIN, BTC, Decimal(1), Role.PRINCIPAL, Decimal("0.000000000000000001"))
    assert third.cost_value == third.value
    kept = Leg(MAIN, BTC, Decimal(1), Role.PRINCIPAL, third.value, USD, Decimal("1.5"))
    assert kept.cost_value == Decimal("2e-18")
