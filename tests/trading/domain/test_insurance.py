"""The fund: what it takes, how it gets rid of it, and what happens when it is bankrupt itself."""

from plimsoll.trading.domain.commands import FundInsurance, SetLeverage
from plimsoll.trading.domain.events import Deleveraged, FillCause, Filled, TakenOver
from plimsoll.trading.domain.finding import FUND
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.insurance import can_carry, equity
from tests.trading.desk import ANNA, BERT, BTC, BUY, INDEX, SELL, UNIT, Desk, of

CARL = 4


def with_position(*, fund: int = 5_000) -> Desk:
    """The fund has taken 1 BTC of Anna's at 47,500; the mark is 47,600 and the book is empty."""
    desk = Desk(people=(ANNA, BERT, CARL))
    desk.do(FundInsurance, amount=fund * MONEY)
    desk.isolate(ANNA)
    desk.do(SetLeverage, account=ANNA, symbol=BTC, leverage=20)
    desk.place(ANNA, BUY, 1_000, INDEX)
    desk.place(BERT, SELL, 1_000, INDEX)
    desk.at_ms += 60_000
    events = desk.index(476_000)
    assert [each.price for each in of(TakenOver, events)] == [475_000]
    return desk


def test_it_is_worth_its_money_and_its_profits() -> None:
    desk = with_position()
    assert equity(desk.venue) == (5_000 + 100) * MONEY
    assert equity(desk.venue, without=BTC) == 5_000 * MONEY
    market = desk.venue.markets[BTC]
    assert can_carry(desk.venue, market, quantity=1_000, price=476_000 + 51_000)
    assert not can_carry(desk.venue, market, quantity=1_000, price=476_000 + 51_001)
    assert can_carry(desk.venue, market, quantity=-1_000, price=476_000 - 51_000)
    assert not can_carry(desk.venue, market, quantity=-1_000, price=476_000 - 51_001)


def test_it_waits_for_somebody_near_the_mark() -> None:
    desk = with_position()
    far, near = 476_000 * 98 // 100, 476_000 * 995 // 1000
    desk.place(CARL, BUY, 400, far)
    desk.index(476_000)
    assert desk.position(FUND).quantity == 1_000

    desk.place(CARL, BUY, 300, near)
    events = desk.index(476_000)

    assert desk.position(FUND).quantity == 700
    fill = next(each for each in of(Filled, events) if each.account == FUND)
    assert (fill.price, fill.quantity, fill.fee) == (near, 300, 0)
    assert fill.cause is FillCause.LIQUIDATION
    assert desk.venue.insurance == 5_000 * MONEY + 300 * (near - 475_000) * UNIT


def test_it_sells_at_no_loss_that_it_could_not_pay() -> None:
    desk = with_position(fund=10)
    desk.at_ms += 60_000
    desk.place(CARL, BUY, 1_000, 474_800)
    desk.index(475_000)
    assert desk.position(FUND).quantity == 1_000
    assert desk.venue.insurance == 10 * MONEY


def test_when_it_is_bankrupt_its_positions_are_closed_and_it_ends_at_zero() -> None:
    desk = with_position()
    desk.at_ms += 60_000

    events = desk.index(424_000)  # 5,100 below: 100 more than the fund has

    (closed,) = of(Deleveraged, events)
    assert (closed.account, closed.quantity, closed.price) == (BERT, -1_000, 425_000)
    assert desk.venue.insurance == 0
    assert not desk.position(FUND).quantity
    assert not desk.position(BERT).quantity
