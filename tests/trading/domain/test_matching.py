from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.trading.domain.book import Book
from plimsoll.trading.domain.events import EndReason
from plimsoll.trading.domain.matching import Match, Plan, execute, plan, verdict
from plimsoll.trading.domain.orders import Leg, Order, OrderStatus, Side, TimeInForce
from tests.trading.naive_book import Fill, NaiveBook
from tests.trading.ordering import limit

BUY, SELL = Side.BUY, Side.SELL
GTC, IOC, FOK, GTX = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTX
TAKER = 9
BAND = {BUY: 10**6, SELL: 1}
"""How far a market order may go here."""


def no_room(order: Order) -> int:
    raise AssertionError(order)


@dataclass
class Desk:
    """A book and the positions of its accounts, as the machine has them."""

    book: Book = field(default_factory=Book)
    positions: dict[int, int] = field(default_factory=dict)

    def rest(self, *orders: Order) -> None:
        for order in orders:
            self.book.add(order)

    def room(self, maker: Order) -> int:
        return max(0, -maker.side * self.positions.get(maker.account, 0))

    def plan(self, taker: Order) -> Plan:
        return plan(
            self.book,
            account=taker.account,
            side=taker.side,
            quantity=taker.remaining,
            limit=taker.price or BAND[taker.side],
            room=self.room,
        )

    def place(self, taker: Order) -> tuple[list[Fill], EndReason | None]:
        outcome = self.plan(taker)
        if reason := verdict(taker, outcome):
            return [], reason
        for match in outcome.matches:
            for order in (taker, match.maker):
                held = self.positions.get(order.account, 0)
                self.positions[order.account] = held + order.side * match.quantity
        reason = execute(self.book, taker, outcome)
        return [(each.maker.id, each.price, each.quantity) for each in outcome.matches], reason


def test_the_best_price_goes_first_and_at_one_price_the_first_that_came() -> None:
    desk = Desk()
    worse, first, second = limit(SELL, 5, 102), limit(SELL, 3, 101), limit(SELL, 4, 101)
    desk.rest(worse, first, second)

    outcome = desk.plan(limit(BUY, 9, 102, account=TAKER))

    assert outcome.matches == [
        Match(first, price=101, quantity=3, level=0, ahead=0),
        Match(second, price=101, quantity=4, level=0, ahead=3),
        Match(worse, price=102, quantity=2, level=1, ahead=0),
    ]
    assert (outcome.left, outcome.value()) == (0, 911)


def test_a_plan_changes_nothing() -> None:
    desk = Desk(positions={1: 2})
    desk.rest(limit(SELL, 5, 101, reduce_only=True), limit(SELL, 5, 101, account=TAKER))
    before = [(each.id, each.quantity, each.filled) for each in desk.book.orders()]

    outcome = desk.plan(limit(BUY, 9, 102, account=TAKER))

    assert outcome.shrinks
    assert outcome.removals
    assert [(each.id, each.quantity, each.filled) for each in desk.book.orders()] == before
    assert desk.book.depth(9).asks == ((101, 10),)


def test_both_sides_fill_at_the_makers_price_and_the_rest_waits() -> None:
    desk = Desk()
    maker, taker = limit(BUY, 5, 100), limit(SELL, 8, 90, account=TAKER)
    desk.rest(maker)

    fills, reason = desk.place(taker)

    assert (fills, reason) == ([(maker.id, 100, 5)], None)
    assert (maker.status, maker.filled, maker.cost) == (OrderStatus.FILLED, 5, 500)
    assert (taker.status, taker.filled, taker.cost) == (OrderStatus.OPEN, 5, 500)
    assert desk.book.depth(9) == ((), ((90, 3),))


def test_a_market_order_stops_at_the_band_and_does_not_rest() -> None:
    desk = Desk()
    desk.rest(limit(SELL, 5, 101), limit(SELL, 5, 10**6 + 1))
    taker = limit(BUY, 9, 0, account=TAKER)

    fills, reason = desk.place(taker)

    assert [quantity for _, _, quantity in fills] == [5]
    assert (taker.status, reason) == (OrderStatus.EXPIRED, EndReason.BAND)
    assert desk.book.best_bid() == 0


def test_a_market_order_that_meets_nobody_expires_without_a_price() -> None:
    taker = limit(BUY, 9, 0, account=TAKER)

    assert Desk().place(taker) == ([], EndReason.IMMEDIATE)
    assert (taker.status, taker.filled, taker.cost) == (OrderStatus.EXPIRED, 0, 0)


def test_what_an_immediate_order_cannot_fill_expires() -> None:
    desk = Desk()
    desk.rest(limit(SELL, 5, 101), limit(SELL, 5, 103))
    taker = limit(BUY, 9, 102, account=TAKER, time_in_force=IOC)

    fills, reason = desk.place(taker)

    assert ([quantity for _, _, quantity in fills], reason) == ([5], EndReason.IMMEDIATE)
    assert desk.book.best_bid() == 0


def test_all_or_nothing_is_nothing_when_a_step_is_missing() -> None:
    desk = Desk()
    desk.rest(limit(SELL, 5, 101), limit(SELL, 3, 102))

    missing = desk.place(limit(BUY, 9, 102, account=TAKER, time_in_force=FOK))
    whole = desk.place(limit(BUY, 8, 102, account=TAKER, time_in_force=FOK))

    assert missing == ([], EndReason.IMMEDIATE)
    assert (len(whole[0]), whole[1]) == (2, EndReason.DONE)


def test_all_or_nothing_leaves_own_orders_alone_when_it_is_nothing() -> None:
    desk = Desk()
    own = limit(SELL, 5, 101, account=TAKER)
    desk.rest(own)

    desk.place(limit(BUY, 5, 102, account=TAKER, time_in_force=FOK))

    assert own in desk.book
    assert own.status is OrderStatus.OPEN


@pytest.mark.parametrize(("price", "rests"), [(100, True), (101, False), (102, False)])
def test_post_only_expires_at_the_price_of_the_other_side(*, price: int, rests: bool) -> None:
    desk = Desk()
    desk.rest(limit(SELL, 5, 101))

    fills, reason = desk.place(limit(BUY, 1, price, account=TAKER, time_in_force=GTX))

    assert (fills, reason) == ([], None if rests else EndReason.WOULD_TAKE)
    assert desk.book.best_bid() == (price if rests else 0)


def test_post_only_expires_at_the_price_of_an_own_order_too() -> None:
    desk = Desk()
    own = limit(SELL, 5, 101, account=TAKER)
    desk.rest(own)

    taker = limit(BUY, 1, 101, account=TAKER, time_in_force=GTX)

    assert desk.place(taker) == ([], EndReason.WOULD_TAKE)
    assert own in desk.book


def test_an_own_order_in_the_way_goes_and_the_next_one_is_filled() -> None:
    desk = Desk()
    own, other = limit(SELL, 5, 101, account=TAKER), limit(SELL, 5, 101)
    beyond = limit(SELL, 5, 102, account=TAKER)
    desk.rest(own, other, beyond)
    taker = limit(BUY, 5, 105, account=TAKER)

    outcome = desk.plan(taker)
    execute(desk.book, taker, outcome)

    assert outcome.removals == [(own, EndReason.SELF_TRADE)]
    assert outcome.matches == [Match(other, price=101, quantity=5, level=0, ahead=0)]
    assert own.status is OrderStatus.CANCELLED
    assert list(desk.book.orders()) == [beyond]


def test_a_level_of_own_orders_only_is_not_counted() -> None:
    desk = Desk()
    desk.rest(limit(SELL, 5, 101, account=TAKER), limit(SELL, 5, 102))

    [match] = desk.plan(limit(BUY, 5, 105, account=TAKER)).matches

    assert (match.price, match.level) == (102, 0)


def test_a_reduce_only_maker_shrinks_to_its_position_before_it_is_filled() -> None:
    desk = Desk(positions={1: 3})
    maker = limit(SELL, 8, 101, reduce_only=True)
    desk.rest(maker)

    fills, reason = desk.place(limit(BUY, 2, 105, account=TAKER))

    assert (fills, reason) == ([(maker.id, 101, 2)], EndReason.DONE)
    assert (maker.quantity, maker.filled, maker.status) == (3, 2, OrderStatus.OPEN)
    assert desk.book.depth(9).asks == ((101, 1),)


def test_a_reduce_only_maker_without_a_position_goes() -> None:
    desk = Desk(positions={1: -3})
    maker = limit(SELL, 8, 101, reduce_only=True)
    desk.rest(maker)

    outcome = desk.plan(limit(BUY, 2, 105, account=TAKER))

    assert (outcome.matches, outcome.left) == ([], 2)
    assert outcome.removals == [(maker, EndReason.NOTHING_TO_REDUCE)]


def test_what_the_plan_has_of_an_account_already_leaves_less_to_reduce() -> None:
    desk = Desk(positions={1: 10})
    plain, first, second = (
        limit(SELL, 4, 101),
        limit(SELL, 5, 102, reduce_only=True),
        limit(SELL, 5, 103, reduce_only=True),
    )
    third = limit(SELL, 5, 104, reduce_only=True)
    desk.rest(plain, first, second, third)

    outcome = desk.plan(limit(BUY, 20, 105, account=TAKER))

    assert [each.quantity for each in outcome.matches] == [4, 5, 1]
    assert outcome.shrinks == [(second, 1)]
    assert outcome.removals == [(third, EndReason.NOTHING_TO_REDUCE)]


def test_the_legs_of_one_account_reduce_apart() -> None:
    desk = Desk()
    long, net = limit(SELL, 5, 101), limit(SELL, 5, 101, reduce_only=True)
    long.leg, net.leg = Leg.LONG, Leg.NET
    desk.rest(long, net)

    outcome = plan(desk.book, account=TAKER, side=BUY, quantity=10, limit=101, room=lambda _: 5)

    assert [each.quantity for each in outcome.matches] == [5, 5]


def test_a_maker_that_could_not_pay_goes_and_the_next_one_is_filled() -> None:
    desk = Desk()
    unable, able = limit(SELL, 5, 101), limit(SELL, 5, 102)
    desk.rest(unable, able)

    outcome = plan(
        desk.book,
        account=TAKER,
        side=BUY,
        quantity=5,
        limit=105,
        room=no_room,
        unable={unable.id},
    )

    assert outcome.removals == [(unable, EndReason.NOT_COVERED)]
    assert outcome.matches == [Match(able, price=102, quantity=5, level=0, ahead=0)]


def test_only_reduce_only_makers_are_asked_for_their_room() -> None:
    desk = Desk()
    desk.rest(limit(SELL, 5, 101))

    plan(desk.book, account=TAKER, side=BUY, quantity=1, limit=101, room=no_room)


PLACED = st.tuples(
    st.integers(1, 4),
    st.sampled_from(Side),
    st.integers(1, 12),
    st.one_of(st.just(0), st.integers(95, 105), st.integers(95, 105)),
    st.sampled_from([GTC, GTC, IOC, FOK, GTX]),
    st.booleans(),
)
WITHDRAWN = st.integers(0, 1_000)


@given(st.lists(st.one_of(PLACED, PLACED, PLACED, WITHDRAWN), max_size=50))
def test_any_sequence_of_orders_trades_as_in_the_naive_book(
    steps: list[tuple[int, Side, int, int, TimeInForce, bool] | int],
) -> None:
    desk, naive = Desk(), NaiveBook()
    for number, step in enumerate(steps, 1):
        if isinstance(step, int):
            waiting = list(desk.book.orders())
            if waiting:
                gone = waiting[step % len(waiting)]
                desk.book.remove(gone)
                naive.orders = [each for each in naive.orders if each.id != gone.id]
        else:
            account, side, quantity, price, time_in_force, reduce_only = step
            ours, theirs = (
                limit(
                    side,
                    quantity,
                    price,
                    account=account,
                    time_in_force=time_in_force,
                    reduce_only=reduce_only,
                    order_id=number,
                )
                for _ in range(2)
            )
            fills, reason = desk.place(ours)

            assert fills == naive.place(theirs, limit=price or BAND[side])
            assert ours.filled == theirs.filled == sum(each[2] for each in fills)
            assert ours.cost == sum(each[1] * each[2] for each in fills)
            assert (reason is None) == (ours in desk.book)
            if time_in_force is FOK:
                assert ours.filled in {0, quantity}
            if time_in_force is GTX:
                assert not fills

        assert not desk.book.crossed()
        assert desk.positions == naive.positions
        assert sum(desk.positions.values()) == 0
        assert [(each.id, each.quantity, each.filled) for each in desk.book.orders()] == [
            (each.id, each.quantity, each.filled) for each in naive.side(BUY) + naive.side(SELL)
        ]
        assert list(desk.book.depth(99).bids) == naive.depth(BUY)
        assert list(desk.book.depth(99).asks) == naive.depth(SELL)
