"""Canada: average cost of everything an owner has, and losses that do not count."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.money import share
from plimsoll.tax.domain.canada import match
from plimsoll.tax.domain.movements import Acquired, Carried, Movement
from plimsoll.tax.domain.results import Rule, ShortfallPolicy
from tests.tax.stories import (
    ACCOUNT,
    COIN,
    FIRST,
    Story,
    acquired,
    assert_nothing_is_lost,
    disposed,
    is_amount,
    moment,
    ref,
    stories,
)

STORIES = list(stories("tax-ca.json"))
amounts = st.decimals("0", "100000", places=2)
quantities = st.decimals("0.000000000000000001", "1000", places=18) | st.integers(1, 50).map(
    Decimal
)


@st.composite
def histories(draw: st.DrawFn) -> list[Movement]:
    days = draw(st.lists(st.integers(0, 120), min_size=1, max_size=24).map(sorted))
    told: list[Movement] = []
    for number, offset in enumerate(days):
        day, quantity, amount = FIRST + timedelta(offset), draw(quantities), draw(amounts)
        if draw(st.booleans()):
            told.append(acquired(day, quantity, amount, number=number))
        else:
            told.append(disposed(day, quantity, amount, number=number, taxed=draw(st.booleans())))
    return told


@pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])
def test_examples(story: Story) -> None:
    matched = match(story.movements)

    gains = [found.gain for found in matched.slices]
    for gain, expected in zip(gains, story.expected["gains"], strict=True):
        assert is_amount(gain, expected)
    held = [(pool.quantity, pool.cost) for pool in matched.pools]
    if story.expected["pool"] is None:
        assert held == []
    else:
        ((quantity, cost),) = held
        assert is_amount(quantity, story.expected["pool"][0])
        assert is_amount(cost, story.expected["pool"][1])
    assert_nothing_is_lost(story.movements, matched)


def test_a_denied_loss_says_why() -> None:
    (story,) = (story for story in STORIES if story.name == "CA-superficial-part")
    (found,) = match(story.movements).slices
    assert found.formula == (
        "ACB: 8 of 10 for C$1,000; superficial loss: C$150 of C$400 denied and added to the ACB "
        "of what is held: MIN(sold 8, acquired 3 from 2024-05-04 to 2024-07-03, held then 5) ÷ 8"
    )


def test_a_transfer_between_own_accounts_is_nothing() -> None:
    (story,) = (story for story in STORIES if story.name == "CA-superficial-part")
    day = FIRST + timedelta(40)
    carried = Carried(ref(90), moment(day, 0), day, COIN, ACCOUNT, ACCOUNT, Decimal(5))
    assert match([*story.movements, carried]) == match(story.movements)


def test_a_shortfall_has_no_cost_and_denies_nothing() -> None:
    told: list[Movement] = [
        acquired(FIRST, Decimal(4), Decimal(400), number=1),
        disposed(FIRST + timedelta(90), Decimal(8), Decimal(100), number=2),
        acquired(FIRST + timedelta(95), Decimal(1), Decimal(10), number=3),
    ]
    matched = match(told)
    assert [(found.rule, found.gain) for found in matched.slices] == [
        (Rule.ACB, Decimal("-262.5")),
        (Rule.SHORTFALL, 50),
    ]
    (shortfall,) = matched.shortfalls
    assert (shortfall.quantity, shortfall.policy) == (4, ShortfallPolicy.ZERO_BASIS)
    assert_nothing_is_lost(told, matched)


@given(histories())
def test_quantities_and_costs_are_conserved(told: list[Movement]) -> None:
    assert_nothing_is_lost(told, match(told))


@given(histories())
def test_denying_turns_no_loss_into_a_gain(told: list[Movement]) -> None:
    for found in match(told).slices:
        if "superficial" in found.formula:
            assert found.gain <= 0


@given(histories(), st.data())
def test_splitting_a_purchase_changes_nothing(told: list[Movement], data: st.DataObject) -> None:
    split: list[Movement] = []
    for movement in told:
        if isinstance(movement, Acquired) and movement.quantity > Decimal("1e-18"):
            quantity = data.draw(
                st.decimals(Decimal("1e-18"), movement.quantity - Decimal("1e-18"), places=18)
            )
            cost = share(movement.cost, quantity, movement.quantity)
            split += [
                movement._replace(quantity=quantity, cost=cost),
                movement._replace(quantity=movement.quantity - quantity, cost=movement.cost - cost),
            ]
        else:
            split.append(movement)
    assert match(split) == match(told)
