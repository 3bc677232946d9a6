"""Nobody ends below zero, and what it takes is accounted for."""

import pytest

from plimsoll.trading.domain.accounts import Account, Exposure, Position
from plimsoll.trading.domain.covering import cover, fund_of, make_good, sweep_fund
from plimsoll.trading.domain.events import InsuranceChanged, WalletChanged, WalletReason
from plimsoll.trading.domain.finding import FUND
from plimsoll.trading.domain.orders import Leg
from plimsoll.trading.domain.step import Step
from tests.trading.desk import ANNA, BTC, INDEX, UNIT, Desk, of

VALUE = INDEX * UNIT


@pytest.fixture
def step() -> Step:
    desk = Desk()
    return Step(desk.venue, 10**6, desk.at_ms)


def give(account: Account, leg: Leg, quantity: int, *, profit: int) -> Position:
    """A position with a profit at the mark; invariants are not looked at here."""
    position = Position(quantity, quantity * VALUE - profit)
    exposure = account.exposures.setdefault(BTC, Exposure(BTC, 20))
    exposure.positions[leg] = position
    return position


def test_what_is_missing_comes_from_the_largest_profit_first(step: Step) -> None:
    account = step.venue.accounts[ANNA]
    long = give(account, Leg.LONG, 10, profit=500)
    short = give(account, Leg.SHORT, -10, profit=800)
    account.wallet = -1_000

    cover(step, account)

    assert account.wallet == 0
    assert long.quantity * VALUE - long.cost == 300
    assert short.quantity * VALUE - short.cost == 0
    (told,) = of(WalletChanged, step.events)
    assert (told.change, told.balance, told.reason) == (1_000, 0, WalletReason.PROFIT)
    assert step.venue.fees == step.venue.insurance == 0


def test_what_is_beyond_all_profits_stays_with_the_position(step: Step) -> None:
    account = step.venue.accounts[ANNA]
    long = give(account, Leg.LONG, 10, profit=500)
    account.wallet = -700
    cover(step, account)
    assert account.wallet == 0
    assert long.quantity * VALUE - long.cost == -200


def test_without_a_position_the_fund_pays_and_then_the_venue(step: Step) -> None:
    account = step.venue.accounts[ANNA]
    account.wallet, step.venue.insurance, step.venue.fees = -100, 60, 50
    cover(step, account)
    assert (account.wallet, step.venue.insurance, step.venue.fees) == (0, 0, 10)
    assert of(InsuranceChanged, step.events) == [InsuranceChanged(-60, 0, ANNA)]


def test_what_is_put_aside_does_not_count_as_free(step: Step) -> None:
    account = step.venue.accounts[ANNA]
    account.wallet, step.venue.insurance = 100, 1_000
    position = give(account, Leg.NET, 10, profit=0)
    position.isolated = 130
    account.exposures[BTC].mode = account.exposures[BTC].mode.ISOLATED
    cover(step, account)
    assert (account.wallet, step.venue.insurance) == (130, 970)


def test_nothing_happens_when_nothing_is_missing(step: Step) -> None:
    cover(step, step.venue.accounts[ANNA])
    assert step.events == []


def test_the_fund_itself_covers_a_loss_with_its_profits(step: Step) -> None:
    fund, venue = fund_of(step.venue), step.venue
    position = give(fund, Leg.NET, 10, profit=90)
    fund.wallet, venue.insurance = -100, 40
    sweep_fund(step)
    assert (fund.wallet, venue.insurance) == (0, 0)
    assert position.quantity * VALUE - position.cost == 30
    assert fund.id == FUND


def test_making_good_says_whose_it_was(step: Step) -> None:
    account = step.venue.accounts[ANNA]
    step.venue.insurance, before = 500, account.wallet
    make_good(step, account, 200)
    assert account.wallet == before + 200
    assert of(InsuranceChanged, step.events) == [InsuranceChanged(-200, 300, ANNA)]
