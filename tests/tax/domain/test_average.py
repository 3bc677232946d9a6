"""Moving average per account: cost follows quantity, in disposals and transfers."""

from decimal import Decimal

import pytest

from plimsoll.tax.domain.average import match_average
from plimsoll.tax.domain.facts import Fact
from plimsoll.tax.domain.reading import read
from plimsoll.tax.domain.results import Matched, Rule, ShortfallPolicy
from plimsoll.tax.domain.rules import generic
from tests.tax.ledgers import account, fact

POLICIES = [(ShortfallPolicy.ZERO_BASIS, 80), (ShortfallPolicy.EXCLUDE, 20)]


def averaged(*facts: Fact, policy: ShortfallPolicy = ShortfallPolicy.ZERO_BASIS) -> Matched:
    return match_average(read(facts, generic.COUNTRY).movements, policy)


def buy(quantity: int, cost: int, at: str) -> Fact:
    return fact("buy", at, f"X A {quantity} {cost}", f"- usd -{cost} {cost}")


def sell(quantity: int, value: int, at: str, place: str = "X") -> Fact:
    return fact("sell", at, f"{place} A -{quantity} {value}", f"- usd {value} {value}")


def test_a_sale_takes_its_share_of_the_cost() -> None:
    result = averaged(
        buy(1, 100, "2025-01-01"),
        buy(3, 500, "2025-01-02"),
        sell(2, 400, "2025-02-01"),
        buy(2, 700, "2025-03-01"),
        sell(1, 300, "2025-04-01"),
    )

    assert [(each.cost, each.gain, each.rule) for each in result.slices] == [
        (300, 100, Rule.AVERAGE),
        (250, 50, Rule.AVERAGE),
    ]
    assert result.slices[0].formula == "average: 2 of 4 for 600"
    assert [(each.quantity, each.cost) for each in result.pools] == [(3, 750)]


def test_a_transfer_takes_the_average_to_the_other_account() -> None:
    result = averaged(
        buy(1, 100, "2025-01-01"),
        buy(3, 500, "2025-01-02"),
        fact("transfer", "2025-02-01", "X A -1 -", "Y A 1 -"),
        sell(1, 200, "2025-03-01", "Y"),
    )

    assert [each.cost for each in result.slices] == [150]
    assert [(each.account, each.cost) for each in result.pools] == [(account("X"), 450)]


@pytest.mark.parametrize(("policy", "gain"), POLICIES)
def test_more_than_is_known_is_a_shortfall(policy: ShortfallPolicy, gain: int) -> None:
    result = averaged(buy(1, 10, "2025-01-01"), sell(3, 90, "2025-02-01"), policy=policy)

    assert [each.quantity for each in result.shortfalls] == [2]
    assert sum(each.gain for each in result.slices) == gain
    assert sum(each.proceeds for each in result.slices) == Decimal(90)


@pytest.mark.parametrize(("policy", "gain"), POLICIES)
def test_unknown_units_that_are_carried_over(policy: ShortfallPolicy, gain: int) -> None:
    result = averaged(
        buy(1, 10, "2025-01-01"),
        fact("transfer", "2025-01-15", "X A -3 -", "Y A 3 -"),
        sell(3, 90, "2025-02-01", "Y"),
        policy=policy,
    )

    assert sum(each.gain for each in result.slices) == gain
    assert not result.pools
