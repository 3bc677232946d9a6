from copy import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.trading.domain.orders import OrderType, Side, TriggerOn
from plimsoll.trading.domain.triggers import Triggers
from tests.trading.naive_triggers import NaiveTriggers
from tests.trading.ordering import waiting, waiting_at

BUY, SELL = Side.BUY, Side.SELL
MARK, LAST = TriggerOn.MARK, TriggerOn.LAST
STOP, STOP_MARKET = OrderType.STOP, OrderType.STOP_MARKET
PROFIT, TRAILING = OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP


@pytest.mark.parametrize(
    ("side", "kind", "misses", "reaches"),
    [
        (BUY, STOP, 104, 105),
        (SELL, STOP_MARKET, 96, 95),
        (BUY, PROFIT, 96, 95),
        (SELL, OrderType.TAKE_PROFIT_MARKET, 104, 105),
    ],
)
def test_a_trigger_is_reached_from_its_own_side(
    side: Side, kind: OrderType, misses: int, reaches: int
) -> None:
    order = waiting(side, kind, reaches)
    triggers = waiting_at(100, order)

    assert triggers.reached(MARK, misses) == []
    assert triggers.reached(MARK, reaches) == [order]
    assert triggers.orders == {}
    assert triggers.reached(MARK, reaches) == []


def test_mark_and_last_are_watched_apart() -> None:
    order = waiting(SELL, STOP, 95, on=LAST)
    triggers = waiting_at(100, order)

    assert triggers.reached(MARK, 90) == []
    assert triggers.reached(LAST, 95) == [order]


def test_what_a_fall_reaches_comes_in_the_order_of_the_fall_then_of_age() -> None:
    far, near = waiting(SELL, STOP, 92), waiting(SELL, STOP, 97)
    also_far, untouched = waiting(BUY, PROFIT, 92), waiting(SELL, STOP, 89)
    triggers = waiting_at(100, also_far, untouched, far, near)

    assert triggers.reached(MARK, 90) == [near, far, also_far]


def test_what_was_reached_before_it_was_added_comes_first() -> None:
    near, late = waiting(SELL, STOP, 99), waiting(SELL, STOP, 120)
    triggers = waiting_at(100, near, late)

    assert triggers.reached(MARK, 99) == [late, near]


def test_at_the_first_price_of_all_age_decides() -> None:
    triggers = Triggers()
    orders = [waiting(BUY, STOP, 90), waiting(SELL, STOP, 120), waiting(BUY, STOP, 10)]
    for order in orders:
        triggers.add(order)

    assert triggers.reached(MARK, 100) == orders


def test_a_removed_order_is_not_reached() -> None:
    stays, goes = waiting(SELL, STOP, 95), waiting(SELL, STOP, 95)
    trail, idle = (waiting(SELL, TRAILING, price, callback_ppm=10_000) for price in (0, 150))
    triggers = waiting_at(100, stays, goes, trail, idle)

    for order in (goes, trail, idle):
        triggers.remove(order)

    assert triggers.reached(MARK, 50) == [stays]
    with pytest.raises(KeyError):
        triggers.remove(goes)


ADDED = st.tuples(
    st.sampled_from(Side),
    st.sampled_from([STOP, PROFIT, TRAILING, TRAILING]),
    st.one_of(st.just(0), st.integers(20, 30)),
    st.sampled_from([MARK, MARK, LAST]),
    st.sampled_from([1_000, 100_000, 250_000, 250_001, 600_000, 2_000_000]),
)
MOVED = st.tuples(st.sampled_from([MARK, MARK, LAST]), st.integers(20, 30))
"""Few prices, so that orders, bests and moves often meet at the same one."""
OTHER = st.integers(0, 1_000)
"""0: everything is stored and built anew; else one order goes."""


@given(st.lists(st.one_of(ADDED, ADDED, MOVED, MOVED, MOVED, OTHER), max_size=80))
def test_any_walk_reaches_what_asking_every_order_would_find(
    steps: list[tuple[Side, OrderType, int, TriggerOn, int] | tuple[TriggerOn, int] | int],
) -> None:
    triggers, naive = Triggers(), NaiveTriggers()
    for number, step in enumerate(steps, 1):
        if isinstance(step, int):
            if step and triggers.orders:
                gone = list(triggers.orders.values())[step % len(triggers.orders)]
                triggers.remove(gone)
                naive.remove(gone.id)
            elif not step:
                triggers.refresh()
                kept = [copy(each) for each in triggers.orders.values()]
                triggers = Triggers.of(
                    kept, mark=naive.prices.get(MARK, 0), last=naive.prices.get(LAST, 0)
                )
        elif len(step) == 2:
            source, price = step
            assert [each.id for each in triggers.reached(source, price)] == naive.reached(
                source, price
            )
        else:
            side, kind, trigger_price, on, callback = step
            if kind is not TRAILING:
                trigger_price = max(trigger_price, 1)
            order = waiting(
                side, kind, trigger_price, on=on, callback_ppm=callback, order_id=number
            )
            triggers.add(order)
            naive.add(copy(order))

        assert list(triggers.orders) == list(naive.orders)
        for order in triggers.orders.values():
            if order.type is TRAILING:
                assert triggers.best_price(order) == naive.bests.get(order.id, 0)
