"""France: a disposal takes its fraction of everything that was paid."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import share
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain.france import PORTFOLIO, match
from plimsoll.tax.domain.movements import Acquired, Movement, Ref
from plimsoll.tax.domain.results import Matched, Rule, ShortfallPolicy
from tests.tax.stories import (
    FIRST,
    Story,
    acquired,
    assert_nothing_is_lost,
    disposed,
    is_amount,
    ref,
    stories,
)

STORIES = list(stories("tax-fr.json"))
amounts = st.decimals("0", "100000", places=2)
quantities = st.decimals("0.000000000000000001", "1000", places=18) | st.integers(1, 50).map(
    Decimal
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Movement], dict[Ref, Decimal]]:
    days = draw(st.lists(st.integers(0, 60), min_size=1, max_size=16).map(sorted))
    told: list[Movement] = []
    values: dict[Ref, Decimal] = {}
    for number, offset in enumerate(days):
        day, quantity, amount = FIRST + timedelta(offset), draw(quantities), draw(amounts)
        asset = AssetId(draw(st.sampled_from(["one", "other"])))
        if draw(st.booleans()):
            told.append(acquired(day, quantity, amount, number=number, asset=asset))
        else:
            told.append(disposed(day, quantity, amount, number=number, asset=asset))
            if draw(st.integers(0, 5)):
                values[ref(number)] = draw(amounts)
    return told, values


def paid(matched: Matched) -> Decimal:
    return sum((pool.cost for pool in matched.pools if pool.asset == PORTFOLIO), Decimal(0))


@pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])
def test_examples(story: Story) -> None:
    given_values = zip(story.movements, story.expected["events"], strict=True)
    values = {
        movement.ref: Decimal(event["value"])
        for movement, event in given_values
        if "value" in event
    }
    matched = match(story.movements, values)

    gains = [found.gain for found in matched.slices]
    for gain, expected in zip(gains, story.expected["gains"], strict=True):
        assert is_amount(gain, expected)
    assert paid(matched) == Decimal(story.expected["paid"])
    assert matched.shortfalls == []
    assert matched.unvalued == []
    assert matched.warnings == []


def test_a_slice_says_what_it_was_computed_from() -> None:
    (story,) = (story for story in STORIES if story.name == "FR-fees")
    (found,) = match(story.movements, {story.movements[1].ref: Decimal(8000)}).slices
    assert found.formula == "total acquisition price €5,000 × €2,000 ÷ portfolio €8,000"


def test_without_the_value_of_the_portfolio_no_fraction_is_taken_and_it_is_said() -> None:
    told: list[Movement] = [
        acquired(FIRST, Decimal(1), Decimal(1000), number=1),
        disposed(FIRST + timedelta(1), Decimal(1), Decimal(1500), number=2),
    ]
    matched = match(told, {})
    assert [found.gain for found in matched.slices] == [1500]
    assert [missing.ref for missing in matched.unvalued] == [ref(2)]
    assert paid(matched) == 1000


def test_a_price_above_the_whole_portfolio_takes_the_whole_and_warns() -> None:
    told: list[Movement] = [
        acquired(FIRST, Decimal(1), Decimal(1000), number=1),
        disposed(FIRST + timedelta(1), Decimal(1), Decimal(1500), number=2),
    ]
    matched = match(told, {ref(2): Decimal(1400)})
    assert [found.gain for found in matched.slices] == [500]
    assert len(matched.warnings) == 1


def test_a_purchase_with_a_fee_in_a_coin_adds_what_was_paid_in_money() -> None:
    """100 paid, and a coin worth 3 for the fee, which the purchase's cost includes."""
    day = FIRST + timedelta(1)
    told: list[Movement] = [
        acquired(FIRST, Decimal(1), Decimal(10), number=1, asset=AssetId("fee-coin")),
        acquired(day, Decimal(1), Decimal(103), number=2),
        disposed(day, Decimal(1), Decimal(3), number=2, asset=AssetId("fee-coin"), kind=Kind.BUY),
    ]
    matched = match(told, {})
    assert paid(matched) == 110
    assert [found.gain for found in matched.slices] == [0]
    assert matched.unvalued == []


@pytest.mark.parametrize(
    ("policy", "gains"),
    [(ShortfallPolicy.ZERO_BASIS, [0, 75]), (ShortfallPolicy.EXCLUDE, [0, 0])],
)
def test_what_nobody_knows_the_purchase_of_is_a_shortfall(
    policy: ShortfallPolicy, gains: list[int]
) -> None:
    told: list[Movement] = [
        acquired(FIRST, Decimal(1), Decimal(200), number=1),
        disposed(FIRST + timedelta(1), Decimal(4), Decimal(100), number=2),
    ]
    matched = match(told, {ref(2): Decimal(200)}, policy=policy)
    assert [found.rule for found in matched.slices] == [Rule.PORTFOLIO_FRACTION, Rule.SHORTFALL]
    assert [found.gain for found in matched.slices] == gains
    assert matched.shortfalls[0].quantity == 3


@given(histories())
def test_quantities_and_costs_are_conserved(
    history: tuple[list[Movement], dict[Ref, Decimal]],
) -> None:
    told, values = history
    matched = match(told, values)
    assert_nothing_is_lost(told, matched)
    assert paid(matched) >= 0


@given(histories(), st.data())
def test_splitting_a_purchase_changes_nothing(
    history: tuple[list[Movement], dict[Ref, Decimal]], data: st.DataObject
) -> None:
    told, values = history
    split: list[Movement] = []
    for movement in told:
        if isinstance(movement, Acquired) and movement.quantity > 1:
            quantity = data.draw(st.decimals(Decimal("0.5"), Decimal(1), places=18))
            cost = share(movement.cost, quantity, movement.quantity)
            rest = movement.quantity - quantity
            split += [
                movement._replace(quantity=quantity, cost=cost),
                movement._replace(quantity=rest, cost=movement.cost - cost),
            ]
        else:
            split.append(movement)
    assert match(split, values) == match(told, values)


@given(histories(), quantities, amounts)
def test_an_exchange_changes_nothing_that_was_paid(
    history: tuple[list[Movement], dict[Ref, Decimal]], quantity: Decimal, worth: Decimal
) -> None:
    told, values = history
    last = FIRST + timedelta(90)
    bought = acquired(FIRST, quantity, Decimal(0), number=800)
    exchange: list[Movement] = [
        disposed(last, quantity, worth, number=900, kind=Kind.SWAP),
        acquired(last, Decimal(7), worth, number=900, asset=AssetId("new"), kind=Kind.SWAP),
    ]
    before, after = match([*told, bought], values), match([*told, bought, *exchange], values)
    assert paid(before) == paid(after)
    assert [found.gain for found in after.slices if found.disposed.kind is Kind.SWAP] == [0]
