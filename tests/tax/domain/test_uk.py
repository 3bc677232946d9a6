"""The United Kingdom: HMRC's examples, and laws that hold for every history."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.money import share
from plimsoll.tax.domain.calendars import tax_year
from plimsoll.tax.domain.movements import Acquired, Disposed, Earned, Movement, Ref
from plimsoll.tax.domain.results import Matched, Rule, ShortfallPolicy
from plimsoll.tax.domain.uk import AFTER, Holder, match
from tests.tax.stories import (
    CLOSE,
    COIN,
    FIRST,
    Story,
    acquired,
    assert_nothing_is_lost,
    disposed,
    gain_on,
    is_amount,
    moment,
    ref,
    sources_on,
    stories,
)

STORIES = list(stories("tax-uk.json"))
amounts = st.decimals("0", "100000", places=2)
whole = st.integers(1, 50).map(Decimal)
quantities = st.decimals("0.000000000000000001", "1000", places=18) | whole
DAYS = 45


@st.composite
def histories(
    draw: st.DrawFn, quantities: st.SearchStrategy[Decimal] = quantities
) -> list[Movement]:
    """Up to two dozen movements of one asset, often several on a day, in order of time."""
    days = draw(st.lists(st.integers(0, DAYS), min_size=1, max_size=24).map(sorted))
    told: list[Movement] = []
    for number, offset in enumerate(days):
        day, quantity, amount = FIRST + timedelta(offset), draw(quantities), draw(amounts)
        if draw(st.booleans()):
            told.append(acquired(day, quantity, amount, number=number))
        else:
            taxed = draw(st.integers(0, 4)) > 0
            told.append(disposed(day, quantity, amount, number=number, taxed=taxed))
    return told


@pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])
def test_published_examples(story: Story) -> None:
    matched = match(story.movements, holder=Holder(story.expected.get("holder", "individual")))

    for expected in story.expected["days"]:
        day = date.fromisoformat(expected["day"])
        gain = gain_on(matched, day)
        assert is_amount(gain, expected["gain"])
        assert tax_year(day, (4, 6)) == expected.get("year", tax_year(day, (4, 6)))
        if "printed_gain" in expected:
            assert abs(gain - Decimal(expected["printed_gain"])) <= 1
        found = sources_on(matched, day)
        assert list(found) == [(rule, on) for rule, on, _, _ in expected["sources"]]
        for rule, on, quantity, cost in expected["sources"]:
            assert is_amount(found[rule, on][0], quantity)
            assert is_amount(found[rule, on][1], cost)
        for rule, of_rule in expected.get("gains", {}).items():
            gains = [each.gain for each in matched.slices if each.rule == rule]
            assert gains == [Decimal(of_rule)]
    (pool,) = matched.pools
    assert is_amount(pool.quantity, story.expected["pool"][0])
    assert is_amount(pool.cost, story.expected["pool"][1])
    if "printed_pool_cost" in story.expected:
        assert abs(pool.cost - Decimal(story.expected["printed_pool_cost"])) <= 1
    assert_nothing_is_lost(story.movements, matched)


def test_the_helpsheets_gains_are_rounded_down_to_pounds_and_make_its_total() -> None:
    """HS284, example 3: 329 and 300 make 629 in 2018/19."""
    (story,) = (story for story in STORIES if story.name == "UK-HS284-3")
    gains = [each.gain for each in match(story.movements).slices]
    assert [int(gain) for gain in gains] == [329, 300]
    assert {tax_year(each.disposed.day, (4, 6)) for each in match(story.movements).slices} == {2018}


@pytest.mark.parametrize(("held_for", "rule"), [(9, Rule.TEN_DAYS), (10, Rule.SECTION_104)])
def test_a_companys_ten_days_end_with_the_day_of_the_disposal(held_for: int, rule: Rule) -> None:
    day = FIRST + timedelta(held_for)
    bought = acquired(FIRST, Decimal(1), Decimal(4), number=1)
    matched = match(
        [bought, disposed(day, Decimal(1), Decimal(10), number=2)], holder=Holder.COMPANY
    )
    assert [found.rule for found in matched.slices] == [rule]


def test_a_company_takes_the_earliest_of_the_ten_days_first_and_nothing_bought_later() -> None:
    told: list[Movement] = [
        acquired(FIRST, Decimal(5), Decimal(5), number=1),
        acquired(FIRST + timedelta(3), Decimal(5), Decimal(50), number=2),
        disposed(FIRST + timedelta(5), Decimal(7), Decimal(100), number=3),
        acquired(FIRST + timedelta(6), Decimal(1), Decimal(999), number=4),
    ]
    matched = match(told, holder=Holder.COMPANY)
    assert [(found.acquired, found.quantity, found.cost) for found in matched.slices] == [
        (ref(1, 1), 5, 5),
        (ref(2, 1), 2, 20),
    ]
    assert_nothing_is_lost(told, matched)


def test_every_disposal_of_a_day_has_the_same_unit_cost() -> None:
    """One goes to a spouse and one is sold: both are of the purchase and of the pool alike."""
    day = FIRST + timedelta(90)
    told: list[Movement] = [
        acquired(FIRST, Decimal(100), Decimal(100), number=1),
        acquired(day, Decimal(10), Decimal(1000), number=2),
        disposed(day, Decimal(10), Decimal(0), number=3, taxed=False),
        disposed(day, Decimal(10), Decimal(700), number=4),
    ]
    matched = match(told)
    costs = {number: Decimal(0) for number in (3, 4)}
    for found in matched.slices:
        costs[found.disposed.ref.transaction.int] += found.cost
    assert costs == {3: 505, 4: 505}
    assert gain_on(matched, day) == 195


def test_a_slice_says_what_it_was_computed_from() -> None:
    (story,) = (story for story in STORIES if story.name == "UK-22255")
    assert [found.formula for found in match(story.movements).slices] == [
        "30-day: 500 of 500 acquired on 2020-09-11 for £17,500",
        "section 104: 3,500 of 14,000 in the pool for £200,000",
    ]


@pytest.mark.parametrize(
    ("policy", "gain"),
    [
        (ShortfallPolicy.ZERO_BASIS, 90),
        (ShortfallPolicy.BLOCK, 90),
        (ShortfallPolicy.EXCLUDE, 30),
    ],
)
def test_what_nobody_knows_the_purchase_of_is_a_shortfall(
    policy: ShortfallPolicy, gain: int
) -> None:
    told: list[Movement] = [
        acquired(FIRST, Decimal(4), Decimal(10), number=1),
        disposed(FIRST + timedelta(40), Decimal(10), Decimal(100), number=2),
    ]
    matched = match(told, policy=policy)
    (shortfall,) = matched.shortfalls
    assert (shortfall.ref, shortfall.quantity, shortfall.policy) == (ref(2), 6, policy)
    assert [found.rule for found in matched.slices] == [Rule.SECTION_104, Rule.SHORTFALL]
    assert sum(found.gain for found in matched.slices) == gain
    assert sum(found.proceeds for found in matched.slices) == 100


def test_income_is_listed_and_its_units_come_in_as_any_other() -> None:
    units = acquired(FIRST, Decimal(2), Decimal(8), number=1)
    earned = Earned(
        units.ref, units.kind, units.at, units.day, COIN, None, Decimal(2), Decimal(8), "misc"
    )
    matched = match([earned, units])
    assert matched.incomes == [earned]
    assert [(pool.quantity, pool.cost) for pool in matched.pools] == [(2, 8)]


@given(histories(), st.sampled_from(Holder))
def test_quantities_and_costs_are_conserved(told: list[Movement], holder: Holder) -> None:
    assert_nothing_is_lost(told, match(told, holder=holder))


@given(histories(), st.randoms(use_true_random=False), st.sampled_from(Holder))
def test_the_order_within_a_day_changes_nothing(
    told: list[Movement], random: Random, holder: Holder
) -> None:
    hours = list(range(len(told)))
    random.shuffle(hours)
    mixed = [
        movement._replace(at=moment(movement.day, hour))
        for movement, hour in zip(told, hours, strict=True)
    ]
    random.shuffle(mixed)
    assert figures(match(mixed, holder=holder)) == figures(match(told, holder=holder))


@given(histories(), st.data())
def test_splitting_a_purchase_changes_nothing(told: list[Movement], data: st.DataObject) -> None:
    split: list[Movement] = []
    for number, movement in enumerate(told):
        if not isinstance(movement, Acquired):
            split.append(movement)
            continue
        quantity = data.draw(st.decimals(0, movement.quantity, places=18))
        cost = share(movement.cost, quantity, movement.quantity)
        first = movement._replace(quantity=quantity, cost=cost)
        rest = movement._replace(
            ref=ref(number, 2), quantity=movement.quantity - quantity, cost=movement.cost - cost
        )
        split += [each for each in (first, rest) if each.quantity]
        if not (first.quantity and rest.quantity):
            split[-1] = movement
    assert figures(match(split)) == figures(match(told))


@given(histories(whole))
def test_the_sweep_finds_what_the_plain_rules_say(told: list[Movement]) -> None:
    matched = match(told)
    plain = plain_gains(told)
    for day, gain in plain.items():
        assert abs(Fraction(sum_of_day(matched, day)) - gain) <= CLOSE


def figures(
    matched: Matched,
) -> tuple[Counter[tuple[Ref, Rule, Decimal, Decimal, Decimal]], object]:
    found = Counter(
        (each.disposed.ref, each.rule, each.quantity, each.proceeds, each.cost)
        for each in matched.slices
    )
    return found, matched.pools


def sum_of_day(matched: Matched, day: date) -> Decimal:
    found = [each for each in matched.slices if each.disposed.day == day and each.disposed.taxed]
    return sum((each.proceeds - each.cost for each in found), Decimal(0))


def plain_gains(told: list[Movement]) -> dict[date, Fraction]:
    """The gain of each day, by all pairs of days and in fractions: slow, and nothing is rounded.

    Untaxed disposals share the day's costs with the others by quantity.
    """
    bought: dict[date, Fraction] = {}
    cost: dict[date, Fraction] = {}
    sold: dict[date, Fraction] = {}
    taxed: dict[date, Fraction] = {}
    gain: dict[date, Fraction] = {}
    for movement in told:
        day = movement.day
        if isinstance(movement, Acquired):
            bought[day] = bought.get(day, Fraction()) + Fraction(movement.quantity)
            cost[day] = cost.get(day, Fraction()) + Fraction(movement.cost)
        elif isinstance(movement, Disposed):
            sold[day] = sold.get(day, Fraction()) + Fraction(movement.quantity)
            counts = Fraction(movement.quantity) if movement.taxed else Fraction()
            taxed[day] = taxed.get(day, Fraction()) + counts
            proceeds = Fraction(movement.proceeds) if movement.taxed else Fraction()
            gain[day] = gain.get(day, Fraction()) + proceeds
    counted = {day: taxed[day] / sold[day] for day in sold}
    unit = {day: cost[day] / bought[day] for day in bought}
    same = [(day, day) for day in sorted(sold)]
    later = [
        (day, other)
        for day in sorted(sold)
        for other in sorted(bought)
        if day < other <= day + AFTER
    ]
    for day, other in same + later:
        found = min(sold[day], bought.get(other, Fraction()))
        if found:
            sold[day] -= found
            bought[other] -= found
            gain[day] -= found * unit[other] * counted[day]
    pool = worth = Fraction()
    for day in sorted({*sold, *bought}):
        pool += bought.get(day, Fraction())
        worth += bought.get(day, Fraction()) * unit.get(day, Fraction())
        found = min(sold.get(day, Fraction()), pool)
        if found:
            gain[day] -= worth * found / pool * counted[day]
            worth -= worth * found / pool
            pool -= found
    return gain
