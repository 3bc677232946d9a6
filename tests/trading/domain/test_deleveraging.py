"""Who is closed first when a bankrupt's position has to go, and what it may cost them."""

from typing import Any

from plimsoll.trading.domain.commands import SetHedge, SetLeverage, Withdraw
from plimsoll.trading.domain.deleveraging import deleverage, quantiles, rank
from plimsoll.trading.domain.events import Deleveraged, EndReason, Filled, OrderEnded
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.invariants import check
from plimsoll.trading.domain.orders import Leg
from plimsoll.trading.domain.step import Candidate, Step
from tests.trading.desk import ANNA, BERT, BTC, BUY, INDEX, SELL, Desk, of

CARL, DORA = 4, 5


def meet(desk: Desk, buyer: int, seller: int, quantity: int, price: int, **more: Any) -> None:
    desk.place(buyer, BUY, quantity, price, **more)
    desk.place(seller, SELL, quantity, price)


def step_of(desk: Desk) -> Step:
    return Step(desk.venue, desk.venue.seq + 1, desk.at_ms)


def test_more_profit_on_more_risk_comes_first_and_a_loss_last() -> None:
    desk = Desk(people=(ANNA, BERT, CARL, DORA))
    for who, leverage in ((BERT, 5), (CARL, 20), (DORA, 20)):
        desk.isolate(who)
        desk.do(SetLeverage, account=who, symbol=BTC, leverage=leverage)
    meet(desk, ANNA, BERT, 100, INDEX)
    meet(desk, ANNA, CARL, 100, INDEX)
    meet(desk, ANNA, DORA, 100, INDEX - 10_000)
    desk.venue.markets[BTC].mark = INDEX - 5_000
    ranking = rank(desk.venue, desk.venue.markets[BTC], side=-1)
    assert [each.account for each in ranking] == [CARL, BERT, DORA]
    assert ranking[0].score > ranking[1].score > 0 > ranking[2].score
    assert [each.account for each in rank(desk.venue, desk.venue.markets[BTC], side=1)] == [ANNA]


def test_the_warning_light_has_five_steps() -> None:
    ten = [Candidate(who, Leg.NET, -who) for who in range(10)]
    assert [quantiles(ten)[who, Leg.NET] for who in range(10)] == [4, 4, 3, 3, 2, 2, 1, 1, 0, 0]
    assert quantiles(ten[:1]) == {(0, Leg.NET): 4}
    assert quantiles([]) == {}


def test_only_what_is_needed_is_closed_and_orders_of_the_symbol_go() -> None:
    desk = Desk(people=(ANNA, BERT, CARL))
    meet(desk, ANNA, BERT, 600, INDEX)
    meet(desk, ANNA, CARL, 400, INDEX)
    order = desk.rest(BERT, BUY, 10, INDEX - 20_000)
    step, market = step_of(desk), desk.venue.markets[BTC]

    deleverage(step, market, desk.account(ANNA), Leg.NET, quantity=500, price=INDEX - 1_000)

    assert [each.account for each in of(Deleveraged, step.events)] == [BERT]
    assert (desk.position(ANNA).quantity, desk.position(BERT).quantity) == (500, -100)
    assert desk.position(CARL).quantity == -400
    assert [(each.order, each.reason) for each in of(OrderEnded, step.events)] == [
        (order, EndReason.DELEVERAGING)
    ]
    assert all(each.fee == 0 for each in of(Filled, step.events))
    assert check(desk.venue) == []


def test_nobody_is_made_bankrupt_by_somebody_elses_loss() -> None:
    """Bert's short is worth less than what he would lose at the bankrupt's price."""
    desk = Desk(people=(ANNA, BERT))
    meet(desk, ANNA, BERT, 1_000, INDEX)
    spare = desk.wallet(BERT) - 4_000 * MONEY
    desk.do(Withdraw, account=BERT, asset="tether", amount=spare)
    desk.venue.insurance += 100 * MONEY
    desk.venue.deposited += 100 * MONEY
    fees = desk.venue.fees
    step, market = step_of(desk), desk.venue.markets[BTC]

    deleverage(step, market, desk.account(ANNA), Leg.NET, quantity=1_000, price=INDEX + 45_000)

    assert desk.wallet(BERT) == 0
    assert desk.venue.insurance == 0
    assert desk.venue.fees == fees - 400 * MONEY
    assert check(desk.venue) == []


def test_an_isolated_position_loses_its_own_and_no_more() -> None:
    desk = Desk(people=(ANNA, BERT))
    desk.isolate(BERT)
    desk.do(SetLeverage, account=BERT, symbol=BTC, leverage=20)
    meet(desk, ANNA, BERT, 1_000, INDEX)
    free = desk.wallet(BERT) - desk.position(BERT).isolated
    fees = desk.venue.fees
    step, market = step_of(desk), desk.venue.markets[BTC]

    deleverage(step, market, desk.account(ANNA), Leg.NET, quantity=500, price=INDEX + 60_000)

    # 3,000 lost: 1,250 released, 1,250 of the rest, 500 made good by the venue
    assert desk.wallet(BERT) == free
    assert desk.position(BERT).isolated == 0
    assert desk.venue.fees == fees - 500 * MONEY
    assert check(desk.venue) == []


def test_the_bankrupts_own_other_leg_is_the_last_resort() -> None:
    desk = Desk(people=(ANNA, BERT))
    desk.do(SetHedge, account=ANNA, hedge=True)
    meet(desk, ANNA, BERT, 1_000, INDEX, leg=Leg.LONG)
    desk.place(BERT, BUY, 400, INDEX)
    desk.place(ANNA, SELL, 400, INDEX, leg=Leg.SHORT)
    desk.venue.markets[BTC].mark = INDEX + 10
    ranking = rank(desk.venue, desk.venue.markets[BTC], side=-1, last=ANNA)
    assert [each.account for each in ranking] == [BERT, ANNA]
    step = step_of(desk)

    deleverage(
        step,
        desk.venue.markets[BTC],
        desk.account(ANNA),
        Leg.LONG,
        quantity=1_000,
        price=INDEX,
    )

    assert not desk.venue.markets[BTC].holders
    assert check(desk.venue) == []
