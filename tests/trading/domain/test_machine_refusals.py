"""Each refusal has one code and the numbers behind it, and changes nothing (`Desk.refused` compares
the digests).
"""

from typing import Any

import pytest

from plimsoll.trading.domain.accounts import MarginMode, TradingState
from plimsoll.trading.domain.commands import (
    AmendOrder,
    CancelOrder,
    Countdown,
    Deposit,
    ForceReduce,
    FundInsurance,
    ListInstrument,
    MoveMargin,
    OpenAccount,
    PassTime,
    PlaceOrder,
    Quote,
    SetHedge,
    SetIndex,
    SetLeverage,
    SetLimits,
    SetMarginMode,
    SetState,
    SetTier,
    Transfer,
    Withdraw,
)
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.domain.orders import Attached, Leg, OrderType, TimeInForce, TriggerOn
from plimsoll.trading.domain.refusals import REFUSALS
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
    facts,
)

STOP: dict[str, Any] = {"type": OrderType.STOP_MARKET}
FIELDS = "order-fields-refused"


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def liquid() -> Desk:
    """With a house that quotes, and Anna long 1 BTC."""
    desk = Desk()
    desk.quote([(INDEX - 10, 100_000)], [(INDEX + 10, 100_000)])
    desk.place(ANNA, BUY, 1_000)
    return desk


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"who": 99}, "unknown-account"),
        ({"who": 0}, "unknown-account"),
        ({"symbol": "NONE"}, "unknown-symbol"),
        ({"quantity": 0}, "out-of-range"),
        ({"quantity": -5}, "out-of-range"),
        ({"quantity": 10**30}, "above-most-quantity"),
        ({"price": -INDEX}, "out-of-range"),
        ({"quantity": 1, "price": INDEX, "symbol": SPOT}, "price-outside-band"),
        ({"price": INDEX * 106 // 100}, "price-outside-band"),
        ({"price": INDEX * 94 // 100}, "price-outside-band"),
        ({"client_id": ""}, FIELDS),
        ({"client_id": "x" * 65}, FIELDS),
        ({"client_id": "two\nlines"}, FIELDS),
        ({"client_id": "\ud800"}, FIELDS),
        ({"leg": Leg.LONG}, "leg-refused"),
        ({"reduce_only": True}, "nothing-to-reduce"),
        ({"close_position": True}, FIELDS),
        ({"close_position": True, "quantity": 0}, "nothing-to-reduce"),
        ({"leverage": 21}, "leverage-above-cap"),
        ({"leverage": -1}, "leverage-above-cap"),
        ({"type": OrderType.LIMIT, "price": 0}, FIELDS),
        ({"type": OrderType.MARKET}, FIELDS),
        ({"trigger_price": INDEX}, FIELDS),
        ({"expires_at_ms": 5}, FIELDS),
        ({"time_in_force": TimeInForce.GTD, "expires_at_ms": 5}, FIELDS),
        ({"price": 0, "type": OrderType.MARKET, "time_in_force": TimeInForce.GTX}, FIELDS),
        ({"price": 0, **STOP}, FIELDS),
        ({"price": 0, "trigger_price": INDEX, **STOP}, "would-trigger-at-once"),
        ({"price": 0, "type": OrderType.TRAILING_STOP}, "out-of-range"),
        ({"attached": (Attached(OrderType.STOP_MARKET, INDEX + 5),)}, FIELDS),
        ({"attached": (Attached(OrderType.STOP, INDEX - 5),)}, FIELDS),
        ({"attached": (Attached(OrderType.STOP_MARKET, INDEX - 5),) * 2}, FIELDS),
        ({"symbol": SPOT, "price": INDEX * 10, "quantity": 90_000}, "insufficient-balance"),
        ({"symbol": SPOT, "price": INDEX * 10, "reduce_only": True}, "not-for-spot"),
        ({"symbol": SPOT, "price": INDEX * 10, "leverage": 5}, "not-for-spot"),
        ({"symbol": SPOT, "price": INDEX * 10, "quantity": 5}, "below-minimum-notional"),
    ],
)
def test_orders_that_cannot_be(desk: Desk, more: dict[str, Any], code: str) -> None:
    fields = {"who": ANNA, "side": BUY, "quantity": 1_000, "price": INDEX} | more
    assert desk.refuse(**fields).code == code


def test_the_band_says_its_bounds(desk: Desk) -> None:
    refusal = desk.refuse(ANNA, BUY, 10, INDEX * 2)
    assert facts(refusal) == {"price": 1_000_000, "lowest": 475_000, "highest": 525_000}


def test_no_price_no_orders() -> None:
    desk = Desk()
    doge = next(each for each in DEFAULT_INSTRUMENTS if each.symbol == "DOGE-PERP")
    desk.do(ListInstrument, instrument=doge)
    assert desk.refuse(ANNA, BUY, 1_000, 5, symbol="DOGE-PERP").code == "no-price"


def test_margin_says_what_is_required_and_what_is_available(desk: Desk) -> None:
    """100,000 USDT at 20 carries just under 2,000,000; the taker fee of it is held as well."""
    refusal = desk.refuse(ANNA, BUY, 40_000, INDEX)
    notional = 40_000 * INDEX * UNIT
    assert refusal.code == "insufficient-margin"
    assert facts(refusal) == {
        "required": notional // 20 + notional * 500 // 10**6,
        "available": 100_000 * MONEY,
    }
    desk.rest(ANNA, BUY, 39_000, INDEX)
    assert desk.refuse(ANNA, BUY, 1_000, INDEX - 1).code == "insufficient-margin"
    desk.rest(ANNA, SELL, 39_000, INDEX + 1)


def test_the_open_loss_is_held_too(desk: Desk) -> None:
    notional = 1_000 * (INDEX + 5_000) * UNIT
    desk.rest(ANNA, BUY, 1_000, INDEX + 5_000)
    exposure = desk.account(ANNA).exposures[BTC]
    assert (exposure.bids, exposure.bid_loss) == (notional, 1_000 * 5_000 * UNIT)


def test_brackets_bound_the_size_by_leverage(desk: Desk) -> None:
    desk.do(Deposit, account=ANNA, asset="tether", amount=10**9 * MONEY)
    desk.do(SetTier, account=ANNA, leverage_cap=125, fee_tier=0)
    desk.do(SetLeverage, account=ANNA, symbol=BTC, leverage=125)
    refusal = desk.refuse(ANNA, BUY, 6_001, INDEX)
    assert refusal.code == "leverage-above-cap"
    assert facts(refusal)["highest"] == 100
    assert facts(refusal)["most"] == 300_000 * MONEY


def test_a_tier_bounds_leverage(desk: Desk) -> None:
    refusal = desk.refused(SetLeverage, account=ANNA, symbol=BTC, leverage=21)
    assert facts(refusal) == {"leverage": 21, "highest": 20, "notional": 0}
    assert desk.refused(SetLeverage, account=ANNA, symbol=BTC, leverage=0).code == refusal.code
    assert desk.refused(SetLeverage, account=ANNA, symbol=SPOT, leverage=2).code == "not-for-spot"


def test_states_are_as_strict_as_the_strictest(liquid: Desk) -> None:
    liquid.do(SetState, state=TradingState.REDUCE_ONLY, symbol=BTC)
    refusal = liquid.refuse(ANNA, SELL, 1_001)
    assert (refusal.code, facts(refusal)["reducible"]) == ("only-reducing", 1_000)
    liquid.place(ANNA, SELL, 600)
    liquid.do(SetState, state=TradingState.HALTED, account=ANNA)
    refusal = liquid.refuse(ANNA, SELL, 400)
    assert (refusal.code, facts(refusal)) == ("halted", {"scope": "account"})
    liquid.do(SetState, state=TradingState.HALTED)
    assert facts(liquid.refuse(BERT, SELL, 400)) == {"scope": "venue"}


def test_halting_an_account_ends_its_orders_and_reducing_those_that_open(liquid: Desk) -> None:
    opens = liquid.rest(ANNA, BUY, 10, INDEX)
    closes = liquid.rest(ANNA, SELL, 10, INDEX + 5, reduce_only=True)
    liquid.do(SetState, state=TradingState.REDUCE_ONLY, account=ANNA)
    assert opens not in liquid.venue.orders
    assert closes in liquid.venue.orders
    liquid.do(SetState, state=TradingState.HALTED, account=ANNA)
    assert closes not in liquid.venue.orders


def test_limits_of_accounts_and_of_all_together(liquid: Desk) -> None:
    limits = {"account_notional": 100_000 * MONEY, "venue_notional": 0, "orders_per_second": 0}
    liquid.do(SetLimits, **limits)
    refusal = liquid.refuse(ANNA, BUY, 1_001)
    assert refusal.code == "account-exposure-limit"
    assert facts(refusal)["most"] == 100_000 * MONEY
    liquid.do(SetLimits, **limits | {"account_notional": 0, "venue_notional": 60_000 * MONEY})
    assert liquid.refuse(BERT, BUY, 300).code == "venue-exposure-limit"
    assert liquid.refused(SetLimits, **limits | {"venue_notional": -1}).code == "out-of-range"


def test_orders_in_a_second(liquid: Desk) -> None:
    liquid.do(SetLimits, account_notional=0, venue_notional=0, orders_per_second=2)
    for _ in range(2):
        liquid.rest(ANNA, BUY, 1, INDEX - 5)
    assert liquid.refuse(ANNA, BUY, 1, INDEX - 5).code == "order-rate"
    liquid.rest(BERT, BUY, 1, INDEX - 5)
    liquid.at_ms += 999
    assert liquid.refuse(ANNA, BUY, 1, INDEX - 5).code == "order-rate"
    liquid.at_ms += 1
    liquid.rest(ANNA, BUY, 1, INDEX - 5)


def test_an_amendment_counts_like_an_order_unless_it_only_takes_away(liquid: Desk) -> None:
    liquid.do(SetLimits, account_notional=0, venue_notional=0, orders_per_second=2)
    mine = liquid.rest(ANNA, BUY, 10, INDEX - 5)
    waiting = liquid.rest(ANNA, SELL, 1, trigger_price=INDEX - 9, **STOP)
    liquid.at_ms += 1_000
    asked = {"account": ANNA, "order": mine, "counted": True}
    for price in (INDEX - 6, INDEX - 7):
        liquid.do(AmendOrder, **asked, price=price)
    refusal = liquid.refused(AmendOrder, **asked, price=INDEX - 8)
    assert (refusal.code, facts(refusal)) == ("order-rate", {"orders_per_second": 2})
    assert liquid.refuse(ANNA, BUY, 1, INDEX - 5).code == "order-rate"
    more = {"account": ANNA, "order": waiting, "counted": True}
    assert liquid.refused(AmendOrder, **more, quantity=2).code == "order-rate"
    liquid.do(AmendOrder, **asked, quantity=9)
    liquid.at_ms += 1_000
    liquid.do(AmendOrder, **more, quantity=2)
    assert liquid.refused(AmendOrder, **asked, price=INDEX * 2).code == "price-outside-band"
    liquid.do(AmendOrder, **asked, price=INDEX - 8)
    assert liquid.refuse(ANNA, BUY, 1, INDEX - 5).code == "order-rate"


def test_amendments_of_old_journals_count_for_nothing(liquid: Desk) -> None:
    liquid.do(SetLimits, account_notional=0, venue_notional=0, orders_per_second=1)
    mine = liquid.rest(ANNA, BUY, 10, INDEX - 5)
    liquid.do(AmendOrder, account=ANNA, order=mine, price=INDEX - 6)


def test_most_open_orders(desk: Desk) -> None:
    for _ in range(200):  # not by the desk, which checks everything each time
        seq = desk.venue.seq + 1
        desk.machine.apply(
            PlaceOrder(seq, desk.at_ms, ANNA, BTC, BUY, OrderType.LIMIT, 1, INDEX - 5)
        )
    refusal = desk.refuse(ANNA, BUY, 1, INDEX - 5)
    assert (refusal.code, facts(refusal)) == ("too-many-orders", {"open": 200, "most": 200})


def test_what_is_not_ones_own_is_unknown(desk: Desk) -> None:
    mine = desk.rest(ANNA, BUY, 10, INDEX)
    for refusal in (
        desk.refused(CancelOrder, account=BERT, order=mine),
        desk.refused(AmendOrder, account=BERT, order=mine, quantity=5),
        desk.refused(CancelOrder, account=ANNA, order=mine + 1),
    ):
        assert refusal.code == "unknown-order"
    desk.do(CancelOrder, account=ANNA, order=mine)
    assert desk.refused(CancelOrder, account=ANNA, order=mine).code == "unknown-order"


def test_amending_what_cannot_be(desk: Desk) -> None:
    desk.quote([], [(INDEX, 4)])
    mine = desk.rest(ANNA, BUY, 10, INDEX)
    asked = {"account": ANNA, "order": mine}
    refusal = desk.refused(AmendOrder, **asked, quantity=4)
    assert (refusal.code, facts(refusal)) == ("amend-below-filled", {"quantity": 4, "filled": 4})
    assert desk.refused(AmendOrder, **asked).code == FIELDS
    assert desk.refused(AmendOrder, **asked, price=-1).code == "out-of-range"
    assert desk.refused(AmendOrder, **asked, price=INDEX * 2).code == "price-outside-band"
    assert desk.refused(AmendOrder, **asked, quantity=45_000).code == "insufficient-margin"
    desk.rest(BERT, BUY, 1, INDEX - 1)
    losing = desk.rest(ANNA, BUY, 500, INDEX - 2)
    desk.walk(INDEX - 9_000, quantity=0)
    assert desk.account(ANNA).exposures[BTC].bid_loss == 0
    asked = {"account": ANNA, "order": losing}
    assert desk.refused(AmendOrder, **asked, quantity=45_000).code == "insufficient-margin"
    desk.walk(INDEX, quantity=0)
    post = desk.rest(ANNA, BUY, 10, INDEX - 5, time_in_force=TimeInForce.GTX)
    desk.quote([], [(INDEX + 20, 4)])
    asked = {"account": ANNA, "order": post}
    assert desk.refused(AmendOrder, **asked, price=INDEX + 20).code == "would-take"


def test_money_that_is_not_there(liquid: Desk) -> None:
    asked = {"account": ANNA, "asset": "tether", "amount": 99_000 * MONEY}
    refusal = liquid.refused(Withdraw, **asked)
    assert refusal.code == "insufficient-balance"
    assert facts(refusal)["required"] == 99_000 * MONEY
    assert liquid.refused(Withdraw, **asked | {"spot": True}).code == "insufficient-balance"
    assert liquid.refused(Transfer, account=ANNA, amount=MONEY).code == "insufficient-balance"
    assert liquid.refused(Deposit, **asked | {"amount": 0}).code == "out-of-range"
    assert liquid.refused(Deposit, **asked | {"amount": 10**40}).code == "out-of-range"
    assert liquid.refused(Deposit, **asked | {"asset": "bitcoin"}).code == "unknown-asset"
    assert liquid.refused(FundInsurance, amount=-1).code == "insufficient-balance"


def test_profit_that_is_not_realised_cannot_leave(liquid: Desk) -> None:
    liquid.walk(INDEX * 101 // 100)
    refusal = liquid.refused(Withdraw, account=ANNA, asset="tether", amount=liquid.wallet(ANNA) + 1)
    assert refusal.code == "insufficient-balance"


def test_modes_change_only_when_flat(liquid: Desk) -> None:
    isolated = {"account": ANNA, "symbol": BTC, "mode": MarginMode.ISOLATED}
    assert liquid.refused(SetMarginMode, **isolated).code == "not-flat"
    assert liquid.refused(SetHedge, account=ANNA, hedge=True).code == "not-flat"
    liquid.place(ANNA, SELL, 1_000)
    mine = liquid.rest(ANNA, BUY, 5, INDEX)
    assert liquid.refused(SetHedge, account=ANNA, hedge=True).code == "not-flat"
    liquid.do(CancelOrder, account=ANNA, order=mine)
    liquid.do(SetMarginMode, **isolated)


def test_isolated_margin_stays_where_it_is_needed(desk: Desk) -> None:
    desk.quote([(INDEX, 100_000)], [(INDEX + 1, 100_000)])
    desk.isolate(ANNA)
    asked = {"account": ANNA, "symbol": BTC, "leg": Leg.NET}
    assert desk.refused(MoveMargin, **asked, amount=MONEY).code == "no-position"
    desk.place(ANNA, SELL, 1_000)
    desk.do(MoveMargin, **asked, amount=500 * MONEY)
    refusal = desk.refused(MoveMargin, **asked, amount=-501 * MONEY)
    assert (refusal.code, facts(refusal)["available"]) == ("margin-needed", 500 * MONEY)
    assert desk.refused(MoveMargin, **asked, amount=10**6 * MONEY).code == "insufficient-balance"
    lower = desk.refused(SetLeverage, account=ANNA, symbol=BTC, leverage=10)
    assert facts(lower)["lowest"] == 20


def test_fills_that_the_account_could_not_pay_for() -> None:
    desk = Desk()
    desk.quote([], [(INDEX, 40_000)])
    desk.place(ANNA, BUY, 39_500)
    desk.quote([(INDEX * 95 // 100, 40_000)], [])
    refusal = desk.refuse(ANNA, SELL, 39_500, reduce_only=True)
    assert refusal.code == "not-covered"
    assert int(facts(refusal)["required"]) > int(facts(refusal)["available"])


def test_the_rest(desk: Desk) -> None:
    listed = desk.venue.markets[BTC].instrument
    reduce = {"account": ANNA, "symbol": BTC, "leg": Leg.NET}
    for code, refusal in {
        "already-exists": desk.refused(ListInstrument, instrument=listed),
        "already-exists ": desk.refused(OpenAccount, account=ANNA, leverage_cap=5),
        "out-of-range": desk.refused(OpenAccount, account=0, leverage_cap=5),
        "out-of-range ": desk.refused(SetTier, account=ANNA, leverage_cap=0, fee_tier=0),
        "no-position": desk.refused(ForceReduce, **reduce, quantity=5),
        "out-of-range  ": desk.refused(SetIndex, symbol=BTC, index_price=0),
        "unknown-symbol": desk.refused(SetIndex, symbol="X", index_price=5),
        "out-of-range   ": desk.refused(Countdown, account=ANNA, until_ms=desk.at_ms),
        "out-of-range    ": desk.refused(
            SetState, state=TradingState.HALTED, symbol=BTC, account=ANNA
        ),
        FIELDS: desk.refused(
            Quote, account=HOUSE, symbol=BTC, bids=((INDEX, 1),), asks=((INDEX, 1),)
        ),
    }.items():
        assert refusal.code == code.strip()


def test_every_code_is_in_the_table_of_refusals(desk: Desk) -> None:
    refusal = desk.refuse(ANNA, BUY, 40_000, INDEX)
    assert REFUSALS[refusal.code](refusal.detail, facts=facts(refusal)).facts == facts(refusal)


def test_a_waiting_stop_needs_no_margin_and_nothing_fires_while_halted(liquid: Desk) -> None:
    stop = liquid.rest(ANNA, SELL, 500, trigger=TriggerOn.MARK, trigger_price=INDEX - 500, **STOP)
    liquid.do(SetState, state=TradingState.HALTED, symbol=BTC)
    liquid.at_ms += 60_000
    liquid.index(INDEX - 800)
    assert stop in liquid.venue.orders
    liquid.do(SetState, state=TradingState.ACTIVE, symbol=BTC)
    liquid.do(PassTime)
    liquid.walk(INDEX - 900)
    assert stop not in liquid.venue.orders
