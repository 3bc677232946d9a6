"""Facts read as movements: fees, values nobody knows, and what each kind is."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from plimsoll.kernel.identifiers import AssetId
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain.countries import TREATMENTS, Country, SwapFee, TransferFee, Treatment
from plimsoll.tax.domain.facts import Fact, Pick
from plimsoll.tax.domain.movements import Acquired, Carried, Disposed, Earned
from plimsoll.tax.domain.reading import Reading, movements_of, read
from plimsoll.tax.domain.rules import au, de, generic, us
from tests.tax.ledgers import account, fact, moment

DAY = "2025-03-01"


def acquired(reading: Reading) -> list[tuple[str, Decimal, Decimal]]:
    return [
        (each.asset, each.quantity, each.cost)
        for each in reading.movements
        if isinstance(each, Acquired)
    ]


def disposed(reading: Reading) -> list[tuple[str, Decimal, Decimal]]:
    return [
        (each.asset, each.quantity, each.proceeds)
        for each in reading.movements
        if isinstance(each, Disposed)
    ]


def test_each_kind_has_a_treatment() -> None:
    assert set(TREATMENTS) == set(Kind)


def test_a_fee_in_money_is_cost_of_a_purchase_and_comes_off_a_sale() -> None:
    bought = fact("buy", DAY, "X A 2 100", "- usd -100 100", "- usd -3 3 fee")
    sold = fact("sell", DAY, "X A -2 100", "- usd 100 100", "- usd -3 3 fee")

    assert acquired(movements_of(bought, us.COUNTRY)) == [("A", 2, 103)]
    assert disposed(movements_of(sold, us.COUNTRY)) == [("A", 2, 97)]


def test_a_fee_in_another_coin_is_cost_and_itself_a_disposal() -> None:
    bought = fact("buy", DAY, "X A 2 100", "- usd -100 100", "X BNB -1 3 fee")

    reading = movements_of(bought, us.COUNTRY)

    assert acquired(reading) == [("A", 2, 103)]
    assert disposed(reading) == [("BNB", 1, 3)]


def test_units_withheld_from_what_was_bought_are_those_just_bought() -> None:
    bought = fact("buy", DAY, "X A 10 100", "- usd -100 100", "X A -1 10 withheld_fee")

    incoming, withheld = movements_of(bought, us.COUNTRY).movements

    assert isinstance(incoming, Acquired)
    assert isinstance(withheld, Disposed)
    assert withheld.picks == ((bought.id, Decimal(1)),)


@pytest.mark.parametrize(
    ("rule", "proceeds", "cost"), [(SwapFee.DISPOSED, 96, 100), (SwapFee.HALVES, 98, 102)]
)
def test_who_bears_the_fee_of_a_swap(rule: SwapFee, proceeds: int, cost: int) -> None:
    swap = fact("swap", DAY, "X A -2 100", "X B 5 100", "- usd -4 4 fee")

    reading = movements_of(swap, replace(generic.COUNTRY, swap_fee=rule))

    assert disposed(reading) == [("A", 2, proceeds)]
    assert acquired(reading) == [("B", 5, cost)]


@pytest.mark.parametrize("rule", TransferFee)
def test_a_transfer_fee_in_the_coin_is_a_disposal_apart(rule: TransferFee) -> None:
    moved = fact("transfer", DAY, "X A -9 -", "Y A 9 -", "X A -1 50 fee")

    fee, carried = movements_of(moved, replace(generic.COUNTRY, transfer_fee=rule)).movements

    assert isinstance(fee, Disposed)
    assert (fee.taxed, fee.proceeds) == ((True, 50) if rule is TransferFee.DISPOSED else (False, 0))
    assert isinstance(carried, Carried)
    assert (carried.source, carried.target, carried.quantity) == (account("X"), account("Y"), 9)


def test_what_does_not_arrive_as_it_left_is_told_of() -> None:
    wrapped = fact("wrap", DAY, "X ETH -1 90", "X WETH 1 90")

    reading = movements_of(wrapped, us.COUNTRY, Treatment.CARRY)

    assert not reading.movements
    assert len(reading.warnings) == 1


def test_gas_without_a_transfer_is_a_disposal() -> None:
    reading = movements_of(fact("fee_only", DAY, "X ETH -1 20 fee"), us.COUNTRY)

    assert disposed(reading) == [("ETH", 1, 20)]


def test_the_only_unknown_value_of_a_side_is_what_the_other_side_is_worth() -> None:
    swap = fact("swap", DAY, "X A -2 100", "X B 5 30", "X C 1 -")

    reading = movements_of(swap, us.COUNTRY)

    assert acquired(reading) == [("B", 5, 30), ("C", 1, 70)]
    assert not reading.unvalued


def test_what_nobody_can_value_counts_as_nothing_and_is_listed() -> None:
    swap = fact("swap", DAY, "X A -2 -", "X B 5 -")

    reading = movements_of(swap, us.COUNTRY)

    assert [(each.asset, each.quantity) for each in reading.unvalued] == [("A", 2), ("B", 5)]
    assert acquired(reading) == [("B", 5, 0)]


def test_income_is_earned_and_becomes_basis() -> None:
    reading = movements_of(fact("staking", DAY, "X A 2 7"), de.COUNTRY)

    earned = reading.movements[0]
    assert isinstance(earned, Earned)
    assert (earned.value, earned.category) == (7, de.SERVICES)
    assert acquired(reading) == [("A", 2, 7)]


def test_a_loss_paid_in_a_coin_is_an_expense_and_a_disposal_at_its_value() -> None:
    reading = movements_of(fact("funding", DAY, "X A -2 7"), generic.COUNTRY)

    assert [each.value for each in reading.movements if isinstance(each, Earned)] == [-7]
    assert disposed(reading) == [("A", 2, 7)]


def test_margin_results_in_money_are_income_of_either_sign() -> None:
    gain, loss = fact("margin_gain", DAY, "X usd 9 9"), fact("margin_loss", DAY, "X usd -4 4")

    earned = read([gain, loss], generic.COUNTRY).movements

    assert [each.value for each in earned if isinstance(each, Earned)] == [9, -4]
    assert len(earned) == 2


@pytest.mark.parametrize(
    ("country", "kind", "taxed", "proceeds"),
    [
        (us.COUNTRY, "gift_out", False, 0),
        (us.COUNTRY, "spouse_out", False, 0),
        (us.COUNTRY, "donation", False, 0),
        (us.COUNTRY, "lost", False, 0),
        (us.COUNTRY, "withdrawal", False, 0),
        (au.COUNTRY, "gift_out", True, 90),
        (au.COUNTRY, "stolen", True, 0),
        (de.COUNTRY, "lost", False, 0),
        (generic.COUNTRY, "lost", True, 0),
    ],
)
def test_what_leaves(country: Country, kind: str, proceeds: int, *, taxed: bool) -> None:
    (left,) = movements_of(fact(kind, DAY, "X A -2 90"), country).movements

    assert isinstance(left, Disposed)
    assert (left.taxed, left.proceeds) == (taxed, proceeds)


@pytest.mark.parametrize(
    ("country", "cost", "since", "market_value"),
    [
        (us.COUNTRY, 100, date(2020, 1, 1), 60),
        (de.COUNTRY, 100, date(2020, 1, 1), None),
        (au.COUNTRY, 60, date(2025, 3, 1), None),
    ],
)
def test_what_a_gift_brings(
    country: Country, cost: int, since: date, market_value: int | None
) -> None:
    given = fact("gift_in", DAY, "X A 1 60", donor_cost="100", donor_since="2020-01-01")

    (got,) = movements_of(given, country).movements

    assert isinstance(got, Acquired)
    assert (got.cost, got.since, got.market_value) == (cost, since, market_value)


def test_a_gift_of_unknown_cost_is_listed() -> None:
    assert movements_of(fact("gift_in", DAY, "X A 1 60"), us.COUNTRY).unvalued


def test_a_person_may_say_what_a_fact_is() -> None:
    airdrop = fact("airdrop", DAY, "X A 1 5")

    reading = read([airdrop], au.COUNTRY, {airdrop.id: Treatment.FREE})

    assert acquired(reading) == [("A", 1, 0)]
    assert not [each for each in reading.movements if isinstance(each, Earned)]


def test_a_law_that_changed_holds_from_its_day_on() -> None:
    country = replace(generic.COUNTRY, later=((date(2025, 3, 1), {Kind.AIRDROP: Treatment.FREE}),))

    before = movements_of(fact("airdrop", "2025-02-28", "X A 1 5"), country)
    after = movements_of(fact("airdrop", DAY, "X A 1 5"), country)

    assert (acquired(before), acquired(after)) == ([("A", 1, 5)], [("A", 1, 0)])


def test_within_a_moment_what_only_comes_in_is_first() -> None:
    sold = fact("sell", DAY, "X A -1 5", "- usd 5 5", seq=1)
    bought = fact("buy", DAY, "X A 1 5", "- usd -5 5", seq=2)

    first, second = read([sold, bought], us.COUNTRY).movements

    assert (first.ref.transaction, second.ref.transaction) == (bought.id, sold.id)


def test_units_named_too_late_are_not_named() -> None:
    def sale(named_at: str) -> Fact:
        pick = Pick(fact("void", DAY).id, AssetId("A"), Decimal(1), moment(named_at))
        return fact("sell", DAY, "X A -1 5", "- usd 5 5", picks=[pick])

    (in_time,) = movements_of(sale(DAY), us.COUNTRY).movements
    late = movements_of(sale("2025-03-02"), us.COUNTRY)

    assert isinstance(in_time, Disposed)
    assert in_time.picks
    assert isinstance(late.movements[0], Disposed)
    assert not late.movements[0].picks
    assert len(late.warnings) == 1


def test_units_may_be_meant_for_one_leg_alone() -> None:
    """A pick that names no leg is of each that disposes of the coin, never of a fee."""

    def picked(leg: int | None) -> list[int]:
        pick = Pick(fact("void", DAY).id, AssetId("A"), Decimal(1), moment(DAY), leg)
        legs = "X A -1 5", "Y A -2 10", "X A -0.1 1 fee", "- usd 15 15"
        sold = movements_of(fact("sell", DAY, *legs, picks=[pick]), us.COUNTRY).movements
        return [each.ref.leg for each in sold if isinstance(each, Disposed) and each.picks]

    assert [picked(leg) for leg in (None, 0, 1, 2)] == [[0, 1], [0], [1], []]


def test_a_void_is_nothing() -> None:
    assert not movements_of(fact("void", DAY), us.COUNTRY).movements
