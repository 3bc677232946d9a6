import pytest

from plimsoll.trading.domain.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Countdown,
    Deposit,
    ForceReduce,
    PassTime,
    Quote,
    SetHedge,
    SetLeverage,
    Transfer,
    Withdraw,
)
from plimsoll.trading.domain.events import (
    EndReason,
    Filled,
    OrderAccepted,
    OrderAmended,
    OrderEnd,
    OrderEnded,
    WalletChanged,
    WalletReason,
)
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.orders import (
    Leg,
    TimeInForce,
)
from tests.trading.desk import (
    ANNA,
    BERT,
    BTC,
    BUY,
    HOUSE,
    INDEX,
    SELL,
    SPOT,
    UNIT,
    Desk,
    of,
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_market_order_walks_the_levels_of_the_house_and_says_why(desk: Desk) -> None:
    desk.quote([(INDEX - 10, 50)], [(INDEX + 10, 20), (INDEX + 20, 50)])

    events = desk.place(ANNA, BUY, 30)

    taken = [each for each in of(Filled, events) if not each.maker]
    assert [(each.price, each.quantity, each.level, each.ahead) for each in taken] == [
        (INDEX + 10, 20, 0, 0),
        (INDEX + 20, 10, 1, 0),
    ]
    notional = ((INDEX + 10) * 20 + (INDEX + 20) * 10) * UNIT
    assert desk.position(ANNA).quantity == 30
    assert desk.position(ANNA).cost == notional
    assert desk.position(HOUSE).quantity == -30
    fee = sum(each.fee for each in taken)
    assert fee == notional * 500 // 10**6
    assert desk.wallet(ANNA) == 100_000 * MONEY - fee
    assert of(OrderEnded, events)[-1].reason is EndReason.DONE


def test_what_a_limit_order_does_not_find_rests_and_is_filled_in_turn(desk: Desk) -> None:
    desk.quote([], [(INDEX, 10)])
    resting = desk.rest(ANNA, BUY, 25, INDEX)
    assert desk.position(ANNA).quantity == 10
    assert desk.venue.orders[resting].filled == 10

    second = desk.rest(BERT, BUY, 5, INDEX)
    events = desk.place(HOUSE, SELL, 17, INDEX)

    makers = [(each.order, each.quantity, each.ahead) for each in of(Filled, events) if each.maker]
    assert makers == [(resting, 15, 0), (second, 2, 15)]
    assert resting not in desk.venue.orders
    assert desk.venue.orders[second].remaining == 3


def test_a_position_is_reduced_closed_and_flipped(desk: Desk) -> None:
    desk.quote([(INDEX, 1_000)], [(INDEX + 1_000, 1_000)])
    desk.place(ANNA, BUY, 40)
    wallet = desk.wallet(ANNA)

    events = desk.place(ANNA, SELL, 10)
    assert of(Filled, events)[0].profit == -1_000 * 10 * UNIT
    assert desk.position(ANNA).quantity == 30

    events = desk.place(ANNA, SELL, 50)
    assert of(Filled, events)[0].profit == -1_000 * 30 * UNIT
    assert (desk.position(ANNA).quantity, desk.position(ANNA).cost) == (-20, -20 * INDEX * UNIT)
    fees = -(-60 * INDEX * UNIT * 500 // 10**6)
    assert desk.wallet(ANNA) == wallet - 40_000 * UNIT - fees


def test_a_reduce_only_order_is_cut_to_the_position_and_shrinks_with_it(desk: Desk) -> None:
    desk.quote([(INDEX, 1_000)], [(INDEX + 10, 1_000)])
    desk.place(ANNA, BUY, 30)
    asked = desk.rest(ANNA, SELL, 80, INDEX + 5, reduce_only=True)
    assert desk.venue.orders[asked].quantity == 30

    events = desk.place(ANNA, SELL, 20)
    assert of(OrderAmended, events) == [OrderAmended(asked, ANNA, INDEX + 5, 10)]

    events = desk.place(ANNA, SELL, 10)
    ended = of(OrderEnded, events)[-1]
    assert (ended.order, ended.reason) == (asked, EndReason.NOTHING_TO_REDUCE)


def test_closing_the_position_needs_no_quantity(desk: Desk) -> None:
    desk.quote([(INDEX, 1_000)], [(INDEX + 10, 1_000)])
    desk.place(ANNA, BUY, 33)
    desk.place(ANNA, SELL, 0, close_position=True)
    assert desk.position(ANNA).quantity == 0


def test_hedge_mode_has_two_positions(desk: Desk) -> None:
    desk.quote([(INDEX, 1_000)], [(INDEX + 10, 1_000)])
    desk.do(SetHedge, account=ANNA, hedge=True)
    desk.place(ANNA, BUY, 30, leg=Leg.LONG)
    desk.place(ANNA, SELL, 20, leg=Leg.SHORT)
    assert desk.position(ANNA, Leg.LONG).quantity == 30
    assert desk.position(ANNA, Leg.SHORT).quantity == -20

    desk.place(ANNA, BUY, 50, leg=Leg.SHORT)
    assert desk.position(ANNA, Leg.SHORT).quantity == 0
    assert desk.position(ANNA, Leg.LONG).quantity == 30


def test_an_isolated_position_has_money_of_its_own(desk: Desk) -> None:
    desk.quote([(INDEX, 1_000)], [(INDEX + 0, 0)][:0])
    desk.isolate(ANNA)
    desk.place(ANNA, SELL, 1_000)
    assert desk.position(ANNA).isolated == 2_500 * MONEY
    fee = 25 * MONEY
    assert desk.wallet(ANNA) == 100_000 * MONEY - fee

    desk.quote([], [(INDEX - 1_000, 1_000)])
    desk.place(ANNA, BUY, 400)
    assert desk.position(ANNA).isolated == 1_500 * MONEY


def test_fill_or_kill_never_fills_in_part(desk: Desk) -> None:
    desk.quote([], [(INDEX, 10)])
    events = desk.place(ANNA, BUY, 11, INDEX, time_in_force=TimeInForce.FOK)
    assert not of(Filled, events)
    assert of(OrderEnded, events)[0].reason is EndReason.IMMEDIATE
    events = desk.place(ANNA, BUY, 10, INDEX, time_in_force=TimeInForce.FOK)
    assert desk.position(ANNA).quantity == 10


def test_post_only_never_takes(desk: Desk) -> None:
    desk.quote([], [(INDEX, 10)])
    events = desk.place(ANNA, BUY, 5, INDEX, time_in_force=TimeInForce.GTX)
    assert of(OrderEnded, events)[0].reason is EndReason.WOULD_TAKE
    desk.rest(ANNA, BUY, 5, INDEX - 1, time_in_force=TimeInForce.GTX)
    assert desk.venue.markets[BTC].book.best_bid() == INDEX - 1


def test_immediate_or_cancel_leaves_nothing_behind(desk: Desk) -> None:
    desk.quote([], [(INDEX, 10)])
    events = desk.place(ANNA, BUY, 15, INDEX, time_in_force=TimeInForce.IOC)
    assert of(OrderEnded, events)[-1] == OrderEnded(
        of(Filled, events)[0].order, ANNA, BTC, OrderEnd.EXPIRED, EndReason.IMMEDIATE, 10
    )
    assert not desk.account(ANNA).exposures[BTC].orders


def test_a_market_order_finds_nobody_or_only_beyond_the_band(desk: Desk) -> None:
    assert of(OrderEnded, desk.place(ANNA, BUY, 5))[0].reason is EndReason.IMMEDIATE
    desk.rest(BERT, SELL, 5, INDEX * 104 // 100)
    desk.index(INDEX * 98 // 100)
    assert of(OrderEnded, desk.place(ANNA, BUY, 5))[0].reason is EndReason.BAND


def test_an_order_until_a_moment_ends_then(desk: Desk) -> None:
    until = desk.at_ms + 1_000
    asked = desk.rest(ANNA, BUY, 5, INDEX, time_in_force=TimeInForce.GTD, expires_at_ms=until)
    desk.at_ms = until - 1
    assert desk.do(PassTime) == []
    desk.at_ms = until
    events = desk.do(PassTime)
    assert of(OrderEnded, events) == [
        OrderEnded(asked, ANNA, BTC, OrderEnd.EXPIRED, EndReason.TIME, 0)
    ]


def test_a_countdown_that_is_not_set_again_cancels_everything(desk: Desk) -> None:
    asked = desk.rest(ANNA, BUY, 5, INDEX)
    desk.do(Countdown, account=ANNA, until_ms=desk.at_ms + 1_000)
    desk.do(Countdown, account=ANNA, until_ms=desk.at_ms + 5_000)
    desk.at_ms += 1_000
    assert desk.do(PassTime) == []
    desk.at_ms += 4_000
    events = desk.do(PassTime)
    assert [(each.order, each.reason) for each in of(OrderEnded, events)] == [
        (asked, EndReason.COUNTDOWN)
    ]
    assert desk.account(ANNA).countdown_at_ms == 0


def test_less_keeps_its_place_and_more_loses_it(desk: Desk) -> None:
    first, second = desk.rest(ANNA, BUY, 10, INDEX), desk.rest(BERT, BUY, 10, INDEX)
    desk.do(AmendOrder, account=ANNA, order=first, quantity=6)
    book = desk.venue.markets[BTC].book
    assert [each.id for each in book.orders()] == [first, second]
    desk.do(AmendOrder, account=ANNA, order=first, quantity=7)
    assert [each.id for each in book.orders()] == [second, first]
    assert desk.account(ANNA).exposures[BTC].bids == 7 * INDEX * UNIT


def test_an_amended_order_that_crosses_trades(desk: Desk) -> None:
    desk.quote([], [(INDEX + 10, 4)])
    asked = desk.rest(ANNA, BUY, 10, INDEX)
    events = desk.do(AmendOrder, account=ANNA, order=asked, price=INDEX + 10)
    assert of(Filled, events)[0].quantity == 4
    assert desk.venue.orders[asked].remaining == 6
    assert desk.account(ANNA).exposures[BTC].bids == 6 * (INDEX + 10) * UNIT


def test_an_own_order_in_the_way_goes(desk: Desk) -> None:
    mine, theirs = desk.rest(ANNA, SELL, 5, INDEX), desk.rest(BERT, SELL, 5, INDEX)
    events = desk.place(ANNA, BUY, 5, INDEX)
    assert of(OrderEnded, events)[0] == OrderEnded(
        mine, ANNA, BTC, OrderEnd.CANCELLED, EndReason.SELF_TRADE, 0
    )
    assert of(Filled, events)[1].order == theirs


def test_the_house_replaces_its_levels_and_keeps_what_is_the_same(desk: Desk) -> None:
    first = desk.quote([(INDEX - 10, 5), (INDEX - 20, 5)], [(INDEX + 10, 5)])
    kept, gone, _ = (each.order for each in of(OrderAccepted, first))

    events = desk.quote([(INDEX - 10, 5), (INDEX - 30, 5)], [(INDEX + 10, 5)])

    assert [(each.order, each.reason) for each in of(OrderEnded, events)] == [
        (gone, EndReason.REPLACED)
    ]
    assert len(of(OrderAccepted, events)) == 1
    assert kept in desk.venue.orders


def test_a_quote_that_walks_through_a_limit_order_fills_it(desk: Desk) -> None:
    asked = desk.rest(ANNA, BUY, 10, INDEX)
    events = desk.quote([], [(INDEX - 50, 100)])
    fill = next(each for each in of(Filled, events) if each.maker)
    assert (fill.order, fill.price) == (asked, INDEX)
    assert desk.venue.markets[BTC].book.best_ask() == INDEX - 50


def test_only_the_house_quotes(desk: Desk) -> None:
    refusal = desk.refused(Quote, account=ANNA, symbol=BTC, bids=((INDEX, 5),), asks=())
    assert refusal.code == "order-fields-refused"


def test_cancel_and_cancel_all(desk: Desk) -> None:
    one, two, three = (desk.rest(ANNA, BUY, 5, INDEX - each) for each in range(3))
    desk.do(CancelOrder, account=ANNA, order=two)
    events = desk.do(CancelAll, account=ANNA, symbol=BTC)
    assert [each.order for each in of(OrderEnded, events)] == [one, three]
    exposure = desk.account(ANNA).exposures[BTC]
    assert (exposure.bids, exposure.orders) == (0, {})


def test_a_client_id_names_one_order_for_ever(desk: Desk) -> None:
    first = desk.rest(ANNA, BUY, 5, INDEX, client_id="mine")
    desk.do(CancelOrder, account=ANNA, order=first)
    refusal = desk.refuse(ANNA, BUY, 5, INDEX, client_id="mine")
    assert (refusal.code, refusal.facts) == ("duplicate-client-id", (("order", first),))
    desk.rest(BERT, BUY, 5, INDEX, client_id="mine")


def test_spot_orders_hold_and_exchange(desk: Desk) -> None:
    desk.do(Transfer, account=ANNA, amount=-60_000 * MONEY)
    desk.do(Deposit, account=BERT, asset="bitcoin", amount=2 * MONEY, spot=True)
    price = 5_000_000
    desk.place(ANNA, BUY, 100_000, price, symbol=SPOT)
    money = desk.account(ANNA).balances["tether"]
    assert money.held == 50_050 * MONEY

    desk.place(BERT, SELL, 40_000, price, symbol=SPOT)

    assert desk.account(ANNA).balances["bitcoin"].total == 40_000 * 1_000
    assert money.held == 30_030 * MONEY
    assert money.total == (60_000 - 20_020) * MONEY
    assert desk.account(BERT).balances["tether"].total == (20_000 - 20) * MONEY
    assert desk.account(BERT).balances["bitcoin"].total == 160_000_000
    desk.do(CancelAll, account=ANNA)
    assert money.held == 0


def test_money_goes_in_and_out(desk: Desk) -> None:
    desk.do(Withdraw, account=ANNA, asset="tether", amount=10 * MONEY)
    events = desk.do(Transfer, account=ANNA, amount=-20 * MONEY)
    assert of(WalletChanged, events)[1].reason is WalletReason.TRANSFER
    assert desk.wallet(ANNA) == 99_970 * MONEY
    assert desk.account(ANNA).balances["tether"].total == 20 * MONEY


def test_leverage_can_be_set_with_the_order(desk: Desk) -> None:
    desk.place(ANNA, BUY, 5, INDEX, leverage=3)
    assert desk.account(ANNA).exposures[BTC].leverage == 3
    desk.do(SetLeverage, account=ANNA, symbol=BTC, leverage=7)
    assert desk.account(ANNA).exposures[BTC].leverage == 7


def test_an_operator_reduces_a_position(desk: Desk) -> None:
    desk.quote([(INDEX, 1_000)], [(INDEX + 10, 1_000)])
    desk.place(ANNA, BUY, 30)
    desk.do(ForceReduce, account=ANNA, symbol=BTC, leg=Leg.NET, quantity=10)
    assert desk.position(ANNA).quantity == 20


def test_a_maker_that_could_not_pay_is_ended_not_filled(desk: Desk) -> None:
    """The money for its loss is gone: who took from it would be paid by the fund."""
    desk.quote([], [(INDEX, 40_000)])
    desk.place(ANNA, BUY, 35_000, leverage=20)
    desk.quote([], [])
    desk.walk(INDEX * 99 // 100, quantity=0)
    price = 470_300
    asked = desk.rest(ANNA, SELL, 35_000, price, reduce_only=True)

    events = desk.place(BERT, BUY, 35_000, price)

    assert of(OrderEnded, events)[0] == OrderEnded(
        asked, ANNA, BTC, OrderEnd.EXPIRED, EndReason.NOT_COVERED, 0
    )
    assert not of(Filled, events)
    assert desk.position(ANNA).quantity == 35_000
