"""What closing a position at the market would leave, known before anything is done."""

import itertools

import pytest

from plimsoll.trading.domain.accounts import TradingState
from plimsoll.trading.domain.closing import Closing, TooThin, closings
from plimsoll.trading.domain.commands import PlaceOrder, SetHedge, SetState
from plimsoll.trading.domain.digest import state_digest
from plimsoll.trading.domain.events import Event, Filled, OrderAccepted, Refused
from plimsoll.trading.domain.machine import Machine
from plimsoll.trading.domain.orders import Leg, OrderType, Side
from plimsoll.trading.domain.refusals import Halted
from tests.trading.desk import ANNA, BTC, BUY, HOUSE, INDEX, SELL, Desk
from tests.trading.worlds import World


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.quote([(INDEX - 10, 300)], [(INDEX + 10, 300)])
    return desk


def closing(desk: Desk) -> Closing:
    (found,) = closings(desk.venue, desk.account(ANNA))
    return found


def test_a_position_that_the_book_takes_can_be_closed(desk: Desk) -> None:
    desk.place(ANNA, BUY, 300)
    assert closing(desk) == Closing(BTC, Leg.NET, 300)
    assert closing(desk).side is SELL


def test_what_nobody_takes_would_stay(desk: Desk) -> None:
    desk.place(ANNA, SELL, 300)
    desk.quote([], [(INDEX + 10, 100)])
    found = closing(desk)
    assert (found.side, found.left) == (BUY, 200)
    assert isinstance(found.obstacle, TooThin)


def test_levels_beyond_the_band_do_not_count(desk: Desk) -> None:
    desk.place(ANNA, BUY, 300)
    desk.quote([(INDEX - 10, 1)], [])
    desk.place(3, BUY, 500, INDEX * 951 // 1000)
    desk.index(INDEX * 102 // 100)
    assert closing(desk).left == 299


def test_a_halted_market_closes_nothing(desk: Desk) -> None:
    desk.place(ANNA, BUY, 100)
    desk.do(SetState, state=TradingState.HALTED, symbol=BTC)
    assert closing(desk).left == 100
    assert isinstance(closing(desk).obstacle, Halted)
    desk.do(SetState, state=TradingState.REDUCE_ONLY, symbol=BTC)
    assert closing(desk).obstacle is None


def test_both_legs_are_looked_at(desk: Desk) -> None:
    desk.do(SetHedge, account=ANNA, hedge=True)
    desk.place(ANNA, BUY, 50, leg=Leg.LONG)
    desk.place(ANNA, SELL, 70, leg=Leg.SHORT)
    found = list(closings(desk.venue, desk.account(ANNA)))
    assert [(each.leg, each.quantity, each.side) for each in found] == [
        (Leg.LONG, 50, Side.SELL),
        (Leg.SHORT, -70, Side.BUY),
    ]


def test_it_is_what_happens() -> None:
    """In worlds of random commands: looked at, then done by the very order that would be sent."""
    whole = part = refused = 0
    for seed in range(8):
        world = World(seed)
        machine = world.machine
        for command in itertools.islice(world.commands(), 500):
            machine.apply(command)
        venue = machine.venue
        for account in [each for each in venue.accounts.values() if each.id > HOUSE]:
            before = state_digest(venue)
            found = next(closings(venue, account), None)
            assert state_digest(venue) == before
            if found is None:
                continue
            events = _close(machine, account.id, found)
            if isinstance(events[0], Refused):
                assert found.obstacle is not None or events[0].code in COUNTED
                refused += 1
                continue
            (order,) = {each.order for each in events if isinstance(each, OrderAccepted)} - {0}
            filled = [
                each.quantity for each in events if isinstance(each, Filled) and each.order == order
            ]
            assert sum(filled) == abs(found.quantity) - found.left
            whole, part = whole + (not found.left), part + bool(found.left)
    assert min(whole, part, refused) > 0, (whole, part, refused)


COUNTED = {"order-rate", "too-many-orders"}
"""How often somebody has ordered is not looked at."""


def _close(machine: Machine, account: int, found: Closing) -> list[Event]:
    venue = machine.venue
    return machine.apply(
        PlaceOrder(
            venue.seq + 1,
            venue.at_ms,
            account,
            found.symbol,
            found.side,
            OrderType.MARKET,
            0,
            leg=found.leg,
            close_position=True,
        )
    )
