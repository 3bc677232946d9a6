"""Liquidations by commands: the worked lifecycles to the cent, and what else can happen."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from plimsoll.trading.domain import liquidation, margin
from plimsoll.trading.domain.accounts import MarginMode, TradingState
from plimsoll.trading.domain.commands import (
    Deposit,
    FundInsurance,
    ListInstrument,
    OpenAccount,
    PassTime,
    SetHedge,
    SetIndex,
    SetLeverage,
    SetMarginMode,
    SetState,
    Withdraw,
)
from plimsoll.trading.domain.deleveraging import rank
from plimsoll.trading.domain.events import (
    Deleveraged,
    EndReason,
    Event,
    FillCause,
    Filled,
    InsuranceChanged,
    LiquidationStarted,
    OrderEnded,
    TakenOver,
    WalletChanged,
    WalletReason,
)
from plimsoll.trading.domain.finding import FUND
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.listing import BTC_BRACKETS, DEFAULT_INSTRUMENTS
from plimsoll.trading.domain.orders import Leg, TimeInForce
from plimsoll.trading.domain.standing import isolated_price
from plimsoll.trading.domain.watching import Place
from tests.trading.desk import ANNA, BERT, BTC, BUY, HOUSE, INDEX, SELL, UNIT, Desk, of

LIFECYCLES: Final = json.loads(
    (Path(__file__).parents[2] / "vectors" / "lifecycles.json").read_text("utf-8")
)
CARL, DORA, ERIK = 4, 5, 6
ETH: Final = next(each for each in DEFAULT_INSTRUMENTS if each.symbol == "ETH-PERP")
GTC = {"time_in_force": TimeInForce.GTC}


def money(amount: str) -> int:
    return int(Decimal(amount) * MONEY)


def ticks(price: str) -> int:
    return int(Decimal(price) * 10)


def meet(desk: Desk, buyer: int, seller: int, quantity: int, price: int) -> None:
    """The buyer's order waits, the seller's meets it: nobody else is there."""
    desk.place(buyer, BUY, quantity, price)
    desk.place(seller, SELL, quantity, price)


def keep(desk: Desk, who: int, amount: int) -> None:
    """Withdraw what is beyond."""
    desk.do(Withdraw, account=who, asset="tether", amount=desk.wallet(who) - amount)


def lever(desk: Desk, who: int, leverage: int, *, isolated: bool = True) -> None:
    if isolated:
        desk.isolate(who)
    desk.do(SetLeverage, account=who, symbol=BTC, leverage=leverage)


def fall(desk: Desk, price: int) -> list[Event]:
    """The index a minute later, with nothing new in the book."""
    desk.at_ms += 60_000
    return desk.index(price)


# -- the worked lifecycles


def test_lifecycle_a_an_isolated_long_with_funding_and_a_partial_close() -> None:
    known = LIFECYCLES["A"]
    desk = Desk(money=int(known["wallet"]))
    lever(desk, ANNA, known["leverage"])
    brackets = desk.venue.markets[BTC].instrument

    def shows(step: dict[str, Any]) -> None:
        position = desk.position(ANNA)
        mark = desk.venue.markets[BTC].mark
        place = Place(desk.venue.markets[BTC], desk.account(ANNA).exposures[BTC], Leg.NET, position)
        assert {
            "wallet": desk.wallet(ANNA),
            "isolated": position.isolated,
            "unrealised": position.quantity * mark * UNIT - position.cost,
            "maintenance": place.maintenance(),
            "price": isolated_price(position, brackets),
        } == {
            name: ticks(step[name]) if name == "price" else money(step[name])
            for name in ("wallet", "isolated", "unrealised", "maintenance", "price")
        }

    bought, marked, funded, sold = known["steps"]
    desk.quote([], [(INDEX, 1_000)])
    desk.place(ANNA, BUY, 1_000, INDEX)
    shows(bought)
    desk.walk(ticks("50500"))
    shows(marked)
    desk.at_ms = desk.venue.markets[BTC].marking.stamp_ms
    desk.do(PassTime)
    shows(funded)
    desk.quote([(ticks("50600"), 400)], [])
    desk.place(ANNA, SELL, 400, ticks("50600"), reduce_only=True)
    shows(sold)


def test_lifecycle_b_an_isolated_short_is_due_right_after_its_price() -> None:
    known = LIFECYCLES["B"]
    listed = replace(ETH, symbol="B-PERP", brackets=BTC_BRACKETS, band_ppm=200_000)
    desk = Desk(people=())
    desk.do(ListInstrument, instrument=listed)
    entry, shown = int(known["entry"]) * 100, int(Decimal(known["price"]) * 100)
    due = int(Decimal(known["due"]) * 100)
    desk.do(SetIndex, symbol=listed.symbol, index_price=entry)
    for who in (ANNA, BERT):
        desk.do(OpenAccount, account=who, leverage_cap=known["leverage"])
        desk.do(Deposit, account=who, asset="tether", amount=1_000 * MONEY)
    desk.do(SetMarginMode, account=ANNA, symbol=listed.symbol, mode=MarginMode.ISOLATED)
    desk.place(ANNA, SELL, 2_000, entry, symbol=listed.symbol)
    desk.place(BERT, BUY, 2_000, entry, symbol=listed.symbol)
    position = desk.account(ANNA).exposures[listed.symbol].positions[Leg.NET]
    assert position.isolated == money(known["isolated"])
    assert isolated_price(position, listed) == shown
    assert (
        margin.bankruptcy_price(
            position.quantity, cost=position.cost, margin=position.isolated, unit=listed.unit
        )
        == int(known["bankruptcy"]) * 100
    )

    desk.at_ms += 60_000
    assert of(LiquidationStarted, desk.index(shown, listed.symbol)) == []
    (started,) = of(LiquidationStarted, desk.index(due, listed.symbol))
    assert (started.account, started.symbol) == (ANNA, listed.symbol)


def gap() -> Desk:
    """Lifecycle C until the mark jumps. Dora only helps: she sells to Anna and buys from Carl."""
    known = LIFECYCLES["C"]
    desk = Desk(people=(ANNA, BERT, CARL, DORA, ERIK))
    desk.do(FundInsurance, amount=money(known["fund"]))
    for who, leverage in ((ANNA, 20), (BERT, 10), (CARL, 5)):
        lever(desk, who, leverage)
    meet(desk, ANNA, BERT, 600, INDEX)
    meet(desk, ANNA, DORA, 400, INDEX)
    meet(desk, DORA, CARL, 400, ticks("49000"))
    keep(desk, ANNA, money(known["isolated"]))
    assert desk.position(ANNA).isolated == money(known["isolated"])
    fall(desk, ticks("48000"))
    desk.place(ERIK, BUY, 300, ticks("47520"))
    desk.place(ERIK, BUY, 1_000, ticks("47499.9"))
    return desk


def people_and_fund(desk: Desk) -> int:
    accounts = sum(each.wallet for each in desk.venue.accounts.values())
    return accounts + desk.venue.insurance + desk.venue.fees


def test_lifecycle_c_a_gap_the_fund_and_deleveraging() -> None:
    known = LIFECYCLES["C"]
    desk = gap()
    waiting = desk.rest(BERT, BUY, 1, ticks("46000"))
    market = desk.venue.markets[BTC]

    events = fall(desk, ticks(known["gap"]))

    assert market.mark == ticks(known["gap"])
    names = {ANNA: "A", BERT: "B", CARL: "C", ERIK: "E"}
    fills = [each for each in of(Filled, events) if each.cause is not FillCause.ORDER]
    pairs = list(zip(fills[::2], fills[1::2], strict=True))
    told = [
        [names[one.account], names[two.account], one.quantity, one.price, one.cause]
        for one, two in pairs
    ]
    ((_, _, traded, at, loss),) = known["filled"]
    expected = [["A", "E", int(Decimal(traded) * 1000), ticks(at), FillCause.LIQUIDATION]]
    for one, two, size, price, profit in known["deleveraged"]:
        expected.append([one, two, int(Decimal(size) * 1000), ticks(price), FillCause.DELEVERAGING])
        assert money(profit) in {each.profit for each in fills}
    assert told == expected
    assert fills[0].profit == money(loss)
    assert all(each.fee == 0 for each in fills if each.account != ERIK)
    assert [(each.account, each.rank) for each in of(Deleveraged, events)] == [
        (BERT, 0),
        (CARL, 1),
    ]
    ended = {each.order: each.reason for each in of(OrderEnded, events)}
    assert ended[waiting] is EndReason.DELEVERAGING

    assert desk.wallet(ANNA) == money(known["wallet_after"])
    assert of(InsuranceChanged, events) == [
        InsuranceChanged(money(known["residual"]), money(known["fund_after"]), ANNA)
    ]
    assert not desk.position(ANNA).quantity
    assert not desk.position(BERT).quantity
    assert desk.position(CARL).quantity == -300
    assert FUND not in desk.venue.accounts or not desk.position(FUND).quantity
    assert of(TakenOver, events) == []


def test_the_ranking_of_lifecycle_c() -> None:
    desk = gap()
    market = desk.venue.markets[BTC]
    market.mark = ticks(LIFECYCLES["C"]["gap"])
    candidates = rank(desk.venue, market, side=-1)
    assert [each.account for each in candidates] == [BERT, CARL]
    for candidate, name in zip(candidates, "BC", strict=True):
        position = desk.position(candidate.account)
        profit = position.quantity * market.mark * UNIT - position.cost
        share = Decimal(profit) / position.isolated
        assert round(share, 3) == Decimal(LIFECYCLES["C"]["scores"][name])


def test_a_fund_with_money_takes_over_and_works_it_off() -> None:
    desk = gap()
    desk.do(FundInsurance, amount=1_000 * MONEY)

    events = fall(desk, ticks("47000"))

    (taken,) = of(TakenOver, events)
    assert (taken.account, taken.quantity, taken.price) == (ANNA, 700, ticks("47500"))
    at_mark = 700 * desk.venue.markets[BTC].mark * UNIT - taken.quantity * taken.price * UNIT
    assert at_mark == money(LIFECYCLES["C"]["fund_at_mark"])
    # Erik's second bid, one tick below the bankruptcy price, is good enough for the fund.
    assert desk.wallet(ANNA) == 0
    assert not desk.position(FUND).quantity
    assert desk.position(ERIK).quantity == 1_000
    fill = next(each for each in of(Filled, events) if each.account == FUND and each.profit)
    assert fill.profit == -700 * UNIT
    assert desk.venue.insurance == (1_100 + 6) * MONEY - 700 * UNIT


def test_all_money_is_accounted_for_through_a_gap() -> None:
    desk = gap()
    before = people_and_fund(desk) - open_cost(desk)
    fall(desk, ticks("47000"))
    assert people_and_fund(desk) - open_cost(desk) == before


def open_cost(desk: Desk) -> int:
    return sum(
        position.cost
        for account in desk.venue.accounts.values()
        for exposure in account.exposures.values()
        for position in exposure.positions.values()
    )


# -- what else can happen


def test_at_the_price_that_is_shown_nothing_happens_yet_and_one_tick_beyond_it_does() -> None:
    """The root lies between the two, so nobody is liquidated at a better price than was shown."""
    desk = Desk()
    desk.do(FundInsurance, amount=10**5 * MONEY)
    lever(desk, ANNA, 20)
    meet(desk, ANNA, BERT, 1_000, INDEX)
    price = ticks(LIFECYCLES["C"]["liquidation"])
    assert of(LiquidationStarted, fall(desk, price)) == []
    assert [each.account for each in of(LiquidationStarted, fall(desk, price - 1))] == [ANNA]


def test_where_the_market_is_better_than_bankruptcy_the_fee_takes_what_is_left_up_to_its_rate() -> (
    None
):
    desk = Desk()
    lever(desk, ANNA, 20)
    meet(desk, ANNA, BERT, 1_000, INDEX)
    desk.quote([(ticks("47690"), 1_000)], [])
    free = desk.wallet(ANNA) - desk.position(ANNA).isolated

    events = fall(desk, ticks("47690"))

    left = money("190")  # 2,500 − 2,310; 1.2 % would be 572.28
    assert of(InsuranceChanged, events) == [InsuranceChanged(left, left, ANNA)]
    assert desk.wallet(ANNA) == free
    assert of(TakenOver, events) == []


def test_only_the_orders_of_the_symbol_go_with_an_isolated_position() -> None:
    desk = with_eth()
    lever(desk, ANNA, 20)
    meet(desk, ANNA, BERT, 1_000, INDEX)
    here = desk.rest(ANNA, BUY, 10, ticks("47600"))
    there = desk.rest(ANNA, BUY, 10, 290_000, symbol=ETH.symbol)
    desk.quote([(ticks("47690"), 1_000)], [])
    events = fall(desk, ticks("47690"))
    ended = {each.order: each.reason for each in of(OrderEnded, events)}
    assert ended[here] is EndReason.LIQUIDATION
    assert there in desk.venue.orders


def test_a_large_position_is_brought_to_a_lower_bracket_and_stays() -> None:
    desk = Desk(money=200_000)
    lever(desk, ANNA, 20)
    desk.quote([], [(INDEX, 20_000)])
    desk.place(ANNA, BUY, 20_000, INDEX)  # 1,000,000; 50,000 aside, 5,000 to keep
    position = desk.position(ANNA)
    instrument = desk.venue.markets[BTC].instrument
    desk.quote([(ticks("49000"), 20_000)], [])
    shown = isolated_price(position, instrument)
    assert shown is not None
    price = shown - 1
    desk.quote([(price, 50_000)], [])
    cheap = replace(instrument, liquidation_fee_ppm=500)
    desk.venue.markets[BTC].instrument = cheap

    events = fall(desk, price)

    assert of(TakenOver, events) == of(Deleveraged, events) == []
    (fill,) = [each for each in of(Filled, events) if each.account == ANNA]
    floor = cheap.brackets[2].floor
    assert position.quantity * price * UNIT < floor <= (position.quantity + 1) * price * UNIT
    assert fill.quantity == 20_000 - position.quantity
    fee = -(-fill.quantity * price * UNIT * 500 // 10**6)
    assert of(InsuranceChanged, events) == [InsuranceChanged(fee, fee, ANNA)]
    assert of(LiquidationStarted, fall(desk, price)) == []


def with_eth() -> Desk:
    desk = Desk()
    desk.do(ListInstrument, instrument=ETH)
    desk.do(SetIndex, symbol=ETH.symbol, index_price=300_000)
    return desk


def test_a_cross_account_loses_what_needs_most_margin_first_and_keeps_the_rest() -> None:
    desk = with_eth()
    meet(desk, ANNA, BERT, 2_000, INDEX)
    desk.place(ANNA, BUY, 10, 300_000, symbol=ETH.symbol)
    desk.place(BERT, SELL, 10, 300_000, symbol=ETH.symbol)
    keep(desk, ANNA, 6_000 * MONEY)
    desk.quote([(ticks("47900"), 5_000)], [])

    events = fall(desk, ticks("47180"))

    (started,) = of(LiquidationStarted, events)
    assert (started.account, started.symbol) == (ANNA, "")
    assert not desk.position(ANNA).quantity
    assert desk.account(ANNA).exposures[ETH.symbol].positions[Leg.NET].quantity == 10
    fee = -(-2_000 * ticks("47900") * UNIT * 12_000 // 10**6)
    assert of(InsuranceChanged, events) == [InsuranceChanged(fee, fee, ANNA)]
    assert desk.wallet(ANNA) == 6_000 * MONEY - 2_000 * ticks("2100") * UNIT - fee


def test_without_a_market_a_bankrupt_cross_account_is_taken_over_whole() -> None:
    desk = with_eth()
    desk.do(FundInsurance, amount=10**5 * MONEY)
    meet(desk, ANNA, BERT, 2_000, INDEX)
    desk.place(ANNA, SELL, 1_000, 300_000, symbol=ETH.symbol)
    desk.place(BERT, BUY, 1_000, 300_000, symbol=ETH.symbol)
    keep(desk, ANNA, 6_000 * MONEY)
    cost = sum(each.positions[Leg.NET].cost for each in desk.account(ANNA).exposures.values())

    events = fall(desk, ticks("46000"))  # 2,000 beyond bankruptcy

    taken = of(TakenOver, events)
    assert [(each.symbol, each.quantity) for each in taken] == [(BTC, 2_000), (ETH.symbol, -1_000)]
    assert taken[0].price == ticks("47000")  # all that is missing comes from the loser
    assert taken[1].price == 300_000  # the other one is closed at its mark
    assert cost == 97_000 * MONEY
    assert desk.wallet(ANNA) == 0
    assert desk.venue.insurance == 10**5 * MONEY


def test_hedged_legs_close_each_other_first() -> None:
    desk = Desk()
    for who in (ANNA, BERT):
        desk.do(SetHedge, account=who, hedge=True)
    long, short = {"leg": Leg.LONG}, {"leg": Leg.SHORT}
    desk.place(ANNA, BUY, 1_500, INDEX, **long)
    desk.place(BERT, SELL, 1_500, INDEX, **short)
    desk.place(ANNA, SELL, 1_000, INDEX, **short)
    desk.place(BERT, BUY, 1_000, INDEX, **long)
    keep(desk, ANNA, 7_000 * MONEY)
    before = desk.wallet(ANNA)
    desk.do(Deposit, account=BERT, asset="tether", amount=MONEY)
    desk.account(ANNA).wallet = 450 * MONEY
    desk.venue.deposited -= before - 450 * MONEY
    desk.do(Deposit, account=ANNA, asset="tether", amount=MONEY)

    events = desk.index(INDEX)

    assert [each.account for each in of(LiquidationStarted, events)] == [ANNA]
    assert desk.position(ANNA, Leg.LONG).quantity == 500
    assert not desk.position(ANNA, Leg.SHORT).quantity
    assert of(TakenOver, events) == of(Deleveraged, events) == []


def test_in_a_halted_market_nobody_is_liquidated_until_it_resumes() -> None:
    desk = gap()
    desk.do(SetState, state=TradingState.HALTED, symbol=BTC)
    assert of(LiquidationStarted, fall(desk, ticks("47000"))) == []
    assert of(LiquidationStarted, desk.do(SetState, state=TradingState.ACTIVE, symbol=BTC)) == []
    assert [each.account for each in of(LiquidationStarted, desk.do(PassTime))] == [ANNA]


def test_one_command_liquidates_so_many_and_the_next_goes_on(monkeypatch: Any) -> None:
    monkeypatch.setattr(liquidation, "MOST", 2)
    people = tuple(range(10, 15))
    desk = Desk(people=(*people, BERT))
    desk.do(FundInsurance, amount=10**6 * MONEY)
    for place, who in enumerate(people):
        lever(desk, who, 20 - place)
        meet(desk, who, BERT, 100, INDEX)

    first = of(LiquidationStarted, fall(desk, ticks("40000")))
    second = of(LiquidationStarted, desk.do(PassTime))
    third = of(LiquidationStarted, desk.do(PassTime))

    assert [each.account for each in first + second + third] == list(people)
    assert (len(first), len(second), len(third)) == (2, 2, 1)
    assert of(LiquidationStarted, desk.do(PassTime)) == []


def test_a_wallet_that_stands_on_profit_is_paid_by_that_profit() -> None:
    """One position is closed at a loss above the wallet, the other one's profit is worth more."""
    desk = with_eth()
    market = desk.venue.markets[BTC]
    market.instrument = replace(market.instrument, liquidation_fee_ppm=500)
    meet(desk, ANNA, BERT, 1_000, INDEX)
    desk.place(ANNA, BUY, 5_000, 300_000, symbol=ETH.symbol)
    desk.place(BERT, SELL, 5_000, 300_000, symbol=ETH.symbol)
    keep(desk, ANNA, 5_000 * MONEY)
    desk.at_ms += 60_000
    desk.index(330_000, ETH.symbol)  # + 1,500
    fall(desk, ticks("46000"))
    desk.quote([(ticks("43850"), 1_000)], [])

    events = fall(desk, ticks("43770"))  # − 6,230

    assert [each.account for each in of(LiquidationStarted, events)] == [ANNA]
    assert not desk.position(ANNA).quantity
    kept = desk.account(ANNA).exposures[ETH.symbol].positions[Leg.NET]
    fee = -(-1_000 * ticks("43850") * UNIT * 500 // 10**6)
    assert kept.quantity == 5_000
    assert kept.cost == 15_000 * MONEY + (6_150 - 5_000) * MONEY + fee
    assert desk.wallet(ANNA) == 0
    reasons = [each.reason for each in of(WalletChanged, events) if each.account == ANNA]
    assert reasons[-1] is WalletReason.PROFIT


def test_the_house_can_be_liquidated_like_anybody() -> None:
    desk = Desk()
    desk.quote([], [(INDEX, 1_000)])
    desk.place(ANNA, BUY, 1_000, INDEX)
    desk.do(FundInsurance, amount=10**6 * MONEY)
    keep(desk, HOUSE, 1_000 * MONEY)
    events = fall(desk, ticks("51500"))
    assert [each.account for each in of(LiquidationStarted, events)] == [HOUSE]
    assert desk.wallet(HOUSE) == 0
