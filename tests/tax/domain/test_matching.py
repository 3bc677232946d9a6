"""Which units go: methods, scopes, named units, allocation, and more than is known."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from plimsoll.kernel.identifiers import AssetId
from plimsoll.tax.domain.allocation import Allocation, AllocationDoesNotFit, Assigned
from plimsoll.tax.domain.facts import Fact, Pick
from plimsoll.tax.domain.lots import Method
from plimsoll.tax.domain.matching import ALWAYS, Election, Scope
from plimsoll.tax.domain.results import Rule, ShortfallPolicy, Term
from plimsoll.tax.domain.rules import au, de, generic, us
from tests.tax.ledgers import account, fact, matched, moment

A = AssetId("A")


def buy(cost: int, at: str, place: str = "X", quantity: str = "1", fee: int = 0) -> Fact:
    fees = [f"- usd -{fee} {fee} fee"] if fee else []
    return fact("buy", at, f"{place} A {quantity} {cost}", f"- usd -{cost} {cost}", *fees)


def sell(value: int, at: str, place: str = "X", quantity: str = "1", *picks: Pick) -> Fact:
    legs = [f"{place} A -{quantity} {value}", f"- usd {value} {value}"]
    return fact("sell", at, *legs, picks=picks)


def move(at: str, quantity: str = "1", source: str = "X", target: str = "Y") -> Fact:
    return fact("transfer", at, f"{source} A -{quantity} -", f"{target} A {quantity} -")


def by(method: Method, scope: Scope = Scope.ACCOUNT) -> Election:
    return Election(methods=((ALWAYS, method),), scopes=((ALWAYS, scope),))


@pytest.mark.parametrize(
    ("method", "costs"),
    [
        (Method.FIFO, [30, 10, 40, 20]),
        (Method.LIFO, [20, 40, 10, 30]),
        (Method.HIFO, [40, 30, 20, 10]),
        (Method.LOFO, [10, 20, 30, 40]),
    ],
)
def test_the_order_of_each_method(method: Method, costs: list[int]) -> None:
    buys = [buy(cost, f"2025-01-0{n}") for n, cost in enumerate([30, 10, 40, 20], 1)]
    sells = [sell(50, f"2025-02-0{n}") for n in range(1, 5)]

    result = matched([*buys, *sells], generic.COUNTRY, by(method))

    assert [each.cost for each in result.slices] == costs
    assert {each.rule for each in result.slices} == {Rule(method.value)}


def test_the_highest_basis_counts_the_fee_and_equal_ones_go_oldest_first() -> None:
    buys = [buy(10, "2025-01-01", fee=2), buy(11, "2025-01-02"), buy(12, "2025-01-03")]

    result = matched([*buys, sell(50, "2025-02-01")], generic.COUNTRY, by(Method.HIFO))

    assert [each.acquired for each in result.slices] == [(buys[0].id, 0)]


def test_the_method_of_the_year_of_the_sale_applies() -> None:
    buys = [buy(cost, f"2025-01-0{n}") for n, cost in enumerate([10, 20, 30], 1)]
    sells = [sell(50, "2025-06-01"), sell(50, "2026-06-01")]
    election = Election(methods=((ALWAYS, Method.FIFO), (date(2026, 1, 1), Method.HIFO)))

    result = matched([*buys, *sells], generic.COUNTRY, election)

    assert [(each.cost, each.rule) for each in result.slices] == [(10, Rule.FIFO), (30, Rule.HIFO)]


def test_a_transfer_carries_cost_age_and_place_in_the_order() -> None:
    facts = [
        buy(10, "2024-01-01", "X"),
        buy(20, "2025-01-01", "Y"),
        move("2025-06-01"),
        sell(50, "2025-07-01", "Y"),
    ]

    result = matched(facts, us.COUNTRY, by(Method.FIFO))

    (sold,) = result.slices
    assert (sold.cost, sold.acquired_on, sold.term) == (10, date(2024, 1, 1), Term.LONG)


def test_named_units_go_first_and_the_method_decides_about_the_rest() -> None:
    old, new = buy(10, "2025-01-01", quantity="2"), buy(40, "2025-01-02", quantity="2")
    pick = Pick(new.id, A, Decimal(1), moment("2025-02-01"))

    result = matched([old, new, sell(90, "2025-02-01", "X", "3", pick)], us.COUNTRY, us.ELECTION)

    assert [(each.rule, each.quantity, each.cost) for each in result.slices] == [
        (Rule.SPECIFIC, 1, 20),
        (Rule.FIFO, 2, 10),
    ]


def test_named_units_that_are_elsewhere_are_told_of() -> None:
    here, there = buy(10, "2025-01-01", "X"), buy(40, "2025-01-02", "Y")
    pick = Pick(there.id, A, Decimal(1), moment("2025-02-01"))

    result = matched([here, there, sell(90, "2025-02-01", "X", "1", pick)], us.COUNTRY, us.ELECTION)

    assert [(each.rule, each.cost) for each in result.slices] == [(Rule.FIFO, 10)]
    assert len(result.warnings) == 1


@pytest.mark.parametrize(
    ("policy", "gain"),
    [
        (ShortfallPolicy.ZERO_BASIS, 80),
        (ShortfallPolicy.EXCLUDE, 20),
        (ShortfallPolicy.BLOCK, 80),
    ],
)
def test_more_than_is_known_is_a_shortfall(policy: ShortfallPolicy, gain: int) -> None:
    election = replace(generic.ELECTION, shortfalls=policy)

    result = matched(
        [buy(10, "2025-01-01"), sell(90, "2025-02-01", "X", "3")], generic.COUNTRY, election
    )

    (missing,) = result.shortfalls
    assert (missing.quantity, missing.policy) == (2, policy)
    assert [(each.rule, each.quantity, each.proceeds) for each in result.slices] == [
        (Rule.FIFO, 1, 30),
        (Rule.SHORTFALL, 2, 60),
    ]
    assert sum(each.gain for each in result.slices) == gain


def test_units_carried_without_a_known_purchase_arrive_without_cost() -> None:
    facts = [buy(10, "2025-01-01"), move("2025-02-01", "3"), sell(90, "2025-03-01", "Y", "3")]

    result = matched(facts, us.COUNTRY, us.ELECTION)

    assert [each.quantity for each in result.shortfalls] == [2]
    assert sum(each.gain for each in result.slices) == 80
    assert not result.lots


def test_what_leaves_untaxed_takes_its_cost_along() -> None:
    facts = [buy(10, "2025-01-01", quantity="2"), fact("gift_out", "2025-02-01", "X A -1 90")]

    result = matched(facts, us.COUNTRY, us.ELECTION)

    (given,) = result.slices
    assert (given.cost, given.gain, given.term) == (5, 0, Term.NONE)
    assert [(lot.quantity, lot.cost) for lot in result.lots] == [(1, 5)]


SCATTERED = [
    buy(1, "2023-01-01", "X"),
    buy(2, "2023-01-02", "X"),
    buy(3, "2023-01-03", "Y"),
]


def allocated(allocation: Allocation) -> dict[str, list[Decimal]]:
    election = replace(us.ELECTION, allocation=allocation)
    result = matched(SCATTERED, us.COUNTRY, election, as_of=date(2025, 1, 1))
    return {
        name: [lot.cost for lot in result.lots if lot.account == account(name)] for name in "XY"
    }


def test_a_global_rule_fills_the_accounts_in_their_order() -> None:
    first_y = Allocation(accounts=(account("Y"),))
    dearest_y = Allocation(method=Method.HIFO, accounts=(account("Y"), account("X")))

    assert allocated(first_y) == {"X": [2, 3], "Y": [1]}
    assert allocated(dearest_y) == {"X": [1, 2], "Y": [3]}


def test_named_lots_are_allocated_first() -> None:
    named = Assigned(account("Y"), SCATTERED[1].id, A, Decimal(1))

    assert allocated(Allocation(units=(named,))) == {"X": [1, 3], "Y": [2]}


def test_an_account_gets_no_more_than_it_holds() -> None:
    named = [Assigned(account("Y"), each.id, A, Decimal(1)) for each in SCATTERED[:2]]

    with pytest.raises(AllocationDoesNotFit):
        allocated(Allocation(units=tuple(named)))


def test_pools_may_become_the_owners_again() -> None:
    election = Election(scopes=((ALWAYS, Scope.ACCOUNT), (date(2025, 1, 1), Scope.OWNER)))
    facts = [*SCATTERED, sell(9, "2025-02-01", "Y", "3")]

    result = matched(facts, generic.COUNTRY, election)

    assert sum(each.cost for each in result.slices) == 6
    assert not result.shortfalls


def test_the_german_threshold_is_a_cliff() -> None:
    def profit(value: int, year: int = 2025) -> Decimal:
        facts = [buy(1000, f"{year}-01-05"), sell(value, f"{year}-09-30")]
        return de.taxable_profit(matched(facts, de.COUNTRY, de.ELECTION).slices, year)

    assert (profit(1999), profit(2000)) == (0, 1000)
    assert profit(400) == -600
    assert profit(1400, 2022) == 400


def test_australian_losses_come_before_the_discount() -> None:
    facts = [
        buy(100, "2023-01-01"),
        buy(100, "2024-06-01"),
        buy(100, "2024-06-02"),
        sell(200, "2024-09-01"),
        sell(130, "2024-09-02"),
        sell(50, "2024-09-03"),
    ]
    slices = matched(facts, au.COUNTRY, au.ELECTION).slices

    net = au.net_gain(slices)

    assert (net.gains, net.losses, net.discounted, net.taxable) == (130, 50, 40, 40)
    assert au.net_gain(slices, brought=Decimal(200)).carried == 120
