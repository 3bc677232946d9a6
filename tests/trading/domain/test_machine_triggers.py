import pytest

from plimsoll.trading.domain.commands import (
    Withdraw,
)
from plimsoll.trading.domain.events import (
    EndReason,
    Filled,
    OrderAccepted,
    OrderAmended,
    OrderEnd,
    OrderEnded,
    OrderTriggered,
)
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.orders import (
    Attached,
    OrderStatus,
    OrderType,
    TriggerOn,
)
from tests.trading.desk import (
    ANNA,
    BERT,
    BTC,
    BUY,
    INDEX,
    SELL,
    Desk,
    of,
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_stop_on_the_mark_becomes_a_market_order(desk: Desk) -> None:
    desk.quote([(INDEX - 2_000, 1_000)], [(INDEX, 100)])
    desk.place(ANNA, BUY, 20)
    stop = desk.rest(
        ANNA, SELL, 20, type=OrderType.STOP_MARKET, trigger_price=INDEX - 1_000, reduce_only=True
    )
    assert desk.venue.orders[stop].status is OrderStatus.WAITING
    assert not of(OrderTriggered, desk.index(INDEX - 999))

    events = desk.index(INDEX - 1_000)

    assert of(OrderTriggered, events) == [OrderTriggered(stop, ANNA, INDEX - 1_000)]
    assert of(Filled, events)[0].price == INDEX - 2_000
    assert desk.position(ANNA).quantity == 0


def test_stops_on_the_last_price_set_each_other_off() -> None:
    carl = 4
    desk = Desk(people=(ANNA, BERT, carl))
    desk.quote([(INDEX - 10, 5), (INDEX - 20, 5), (INDEX - 30, 5)], [(INDEX, 100)])
    desk.place(ANNA, BUY, 5)
    desk.place(BERT, BUY, 5)
    for who, at in ((ANNA, INDEX - 10), (BERT, INDEX - 20)):
        desk.place(
            who, SELL, 5,
            type=OrderType.STOP_MARKET, trigger=TriggerOn.LAST, trigger_price=at, reduce_only=True,
        )  # fmt: skip

    events = desk.place(carl, SELL, 5, INDEX - 10)

    assert [each.account for each in of(OrderTriggered, events)] == [ANNA, BERT]
    assert desk.position(ANNA).quantity == 0


def test_a_trailing_stop_follows_and_fires(desk: Desk) -> None:
    desk.quote([(INDEX, 1_000)], [(INDEX + 10, 100)])
    desk.place(ANNA, BUY, 20)
    desk.place(ANNA, SELL, 20, type=OrderType.TRAILING_STOP, callback_ppm=10_000, reduce_only=True)
    assert not of(OrderTriggered, desk.walk(510_000))
    assert not of(OrderTriggered, desk.walk(504_901))
    assert of(OrderTriggered, desk.walk(504_900))
    assert desk.position(ANNA).quantity == 0


def test_take_profit_and_stop_are_placed_by_the_fills_and_exclude_each_other(desk: Desk) -> None:
    desk.quote([(INDEX - 100, 1_000)], [(INDEX, 8)])
    both = (
        Attached(OrderType.TAKE_PROFIT_MARKET, INDEX + 1_000),
        Attached(OrderType.STOP_MARKET, INDEX - 1_000),
    )
    events = desk.place(ANNA, BUY, 20, INDEX, attached=both)
    parent, profit, stop = of(OrderAccepted, events)
    assert [(each.quantity, each.parent) for each in (profit, stop)] == [(8, parent.order)] * 2

    events = desk.place(BERT, SELL, 12, INDEX)
    assert {(each.order, each.quantity) for each in of(OrderAmended, events)} == {
        (profit.order, 20),
        (stop.order, 20),
    }

    events = desk.index(INDEX + 1_000)
    assert of(OrderTriggered, events)[0].order == profit.order
    ended = {each.order: each.reason for each in of(OrderEnded, events)}
    assert ended[profit.order] is EndReason.DONE
    assert ended[stop.order] in {EndReason.SIBLING, EndReason.NOTHING_TO_REDUCE}
    assert desk.position(ANNA).quantity == 0
    assert not desk.venue.markets[BTC].triggers.orders


def test_a_triggered_order_without_margin_ends(desk: Desk) -> None:
    desk.quote([], [(INDEX + 10, 10_000)])
    stop = desk.rest(
        ANNA, BUY, 30_000, type=OrderType.STOP_MARKET, trigger_price=INDEX + 1_000, leverage=20
    )
    desk.do(Withdraw, account=ANNA, asset="tether", amount=20_000 * MONEY)
    desk.place(ANNA, BUY, 9_000)
    events = desk.walk(INDEX + 1_000, quantity=30_000)
    assert of(OrderEnded, events)[-1] == OrderEnded(
        stop, ANNA, BTC, OrderEnd.EXPIRED, EndReason.NOT_COVERED, 0
    )


def test_one_sibling_makes_way_for_the_other_even_when_the_position_stays(desk: Desk) -> None:
    desk.quote([(INDEX - 100, 1_000)], [(INDEX, 100)])
    desk.place(ANNA, BUY, 30)
    both = (
        Attached(OrderType.TAKE_PROFIT, INDEX + 1_000, price=INDEX + 1_000),
        Attached(OrderType.STOP_MARKET, INDEX - 1_000),
    )
    _, profit, stop = of(OrderAccepted, desk.place(ANNA, BUY, 20, INDEX, attached=both))
    desk.walk(INDEX + 1_000)
    assert desk.venue.orders[profit.order].status is OrderStatus.OPEN

    events = desk.place(BERT, BUY, 8, INDEX + 1_000)
    assert OrderAmended(stop.order, ANNA, 0, 12) in events
    events = desk.place(BERT, BUY, 12, INDEX + 1_000)

    ended = {each.order: each.reason for each in of(OrderEnded, events)}
    assert ended == {
        profit.order: EndReason.DONE,
        stop.order: EndReason.SIBLING,
        of(Filled, events)[0].order: EndReason.DONE,
    }
    assert desk.position(ANNA).quantity == 30
