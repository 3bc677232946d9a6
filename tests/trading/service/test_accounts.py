"""How an account stands, from one look at the venue."""

import itertools
from fractions import Fraction

import pytest

from plimsoll.trading.domain import margin
from plimsoll.trading.domain.brackets import maintenance
from plimsoll.trading.domain.commands import Deposit, SetHedge, SetLeverage
from plimsoll.trading.domain.digest import state_digest
from plimsoll.trading.domain.instruments import MILLION, MONEY
from plimsoll.trading.domain.orders import Leg, OrderType
from plimsoll.trading.service.accounts import AccountLook, PositionLook, look_at
from tests.trading.desk import ANNA, BTC, BUY, INDEX, SELL, SPOT, Desk
from tests.trading.worlds import World


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.quote([(INDEX - 10, 10_000)], [(INDEX, 10_000)])
    return desk


def seen(desk: Desk) -> AccountLook:
    before = state_digest(desk.venue)
    look = look_at(desk.venue, desk.account(ANNA))
    assert state_digest(desk.venue) == before
    return look


def position(desk: Desk) -> PositionLook:
    (found,) = seen(desk).positions
    return found


def test_an_account_without_positions_has_its_wallet(desk: Desk) -> None:
    look = seen(desk)
    assert (look.wallet, look.standing.balance, look.withdrawable) == (100_000 * MONEY,) * 3
    assert look.positions == look.balances == ()


def test_an_isolated_position_stands_for_itself(desk: Desk) -> None:
    """A coin for 50,000 at 5×: 10,000 put aside; gone at 40,000, due where 0.4 % of it is left."""
    desk.isolate(ANNA)
    desk.do(SetLeverage, account=ANNA, symbol=BTC, leverage=5)
    desk.place(ANNA, BUY, 1_000)
    found = position(desk)
    assert found.isolated == 10_000 * MONEY
    assert found.notional == 50_000 * MONEY
    assert found.maintenance == 200 * MONEY
    assert found.bankruptcy_price == 400_000
    assert found.liquidation_price == -(-400_000 * 1_000 // 996)  # up to the next tick
    profit = found.profit
    assert found.ratio_ppm == 200 * MONEY * 1_000_000 // (10_000 * MONEY + profit)
    look = seen(desk)
    assert look.put_aside == 10_000 * MONEY
    assert look.standing.maintenance == 0
    assert look.standing.balance == look.wallet - look.put_aside


def test_a_cross_position_stands_on_the_whole_account(desk: Desk) -> None:
    desk.do(SetLeverage, account=ANNA, symbol=BTC, leverage=10)
    desk.place(ANNA, SELL, 4_000)
    desk.index(INDEX + 1_000)
    look, found = seen(desk), position(desk)
    assert found.isolated is None
    assert look.profit == found.profit < 0
    assert look.standing.balance == look.wallet + look.profit
    assert found.ratio_ppm == look.standing.ratio_ppm
    entry = Fraction(-found.cost, 4_000 * 10_000)
    gone = entry + Fraction(look.wallet, 4_000 * 10_000)
    assert found.bankruptcy_price == gone.numerator // gone.denominator
    assert found.liquidation_price is not None
    assert found.mark < found.liquidation_price < found.bankruptcy_price


def test_equal_legs_have_no_bankruptcy_price(desk: Desk) -> None:
    desk.do(SetHedge, account=ANNA, hedge=True)
    desk.place(ANNA, BUY, 100, leg=Leg.LONG)
    desk.place(ANNA, SELL, 100, leg=Leg.SHORT)
    assert [each.bankruptcy_price for each in seen(desk).positions] == [None, None]
    desk.place(ANNA, BUY, 1, leg=Leg.LONG)
    long, short = seen(desk).positions
    assert long.bankruptcy_price == short.bankruptcy_price


def test_orders_are_counted_and_spot_is_held(desk: Desk) -> None:
    desk.do(Deposit, account=ANNA, asset="tether", amount=1_000 * MONEY, spot=True)
    desk.place(ANNA, BUY, 10, INDEX - 1_000)
    desk.place(ANNA, BUY, 100, INDEX * 10 - 1_000, symbol=SPOT)
    desk.place(ANNA, BUY, 10, 0, type=OrderType.STOP_MARKET, trigger_price=INDEX + 5_000)
    look = seen(desk)
    assert (look.open_orders, look.waiting_orders) == (2, 1)
    (balance,) = look.balances
    assert balance.total == 1_000 * MONEY
    assert 0 < balance.held < balance.total


@pytest.mark.parametrize("seed", range(6))
def test_every_account_of_a_random_world_adds_up(seed: int) -> None:
    """Sums, prices and ratios agree with the code that liquidates, position by position."""
    world = World(seed)
    for command in itertools.islice(world.commands(), 600):
        world.machine.apply(command)
    venue = world.machine.venue
    before, count = state_digest(venue), 0
    for account in venue.accounts.values():
        look = look_at(venue, account)
        now = look.standing
        cross = [each for each in look.positions if each.isolated is None]
        apart = [each for each in look.positions if each.isolated is not None]
        assert look.profit == sum(each.profit for each in look.positions)
        assert now.balance == look.wallet - look.put_aside + sum(each.profit for each in cross)
        assert 0 <= sum(each.maintenance for each in cross) - now.maintenance <= len(cross)
        assert look.put_aside == sum(each.isolated or 0 for each in apart)
        assert 0 <= look.withdrawable <= now.available
        for each in look.positions:
            count += 1
            _agree(each)
    assert state_digest(venue) == before
    assert count


def _agree(each: PositionLook) -> None:
    assert each.isolated is None or each.bankruptcy_price == margin.bankruptcy_price(
        each.quantity, cost=each.cost, margin=each.isolated, unit=each.instrument.unit
    )
    assert each.maintenance == maintenance(each.instrument.brackets, each.notional)
    assert each.bracket.floor <= each.notional
    end = each.liquidation_price
    if each.isolated is None or end is None:
        return
    unit, brackets = each.instrument.unit, each.instrument.brackets
    left = each.isolated + margin.unrealised(each.quantity, cost=each.cost, mark=end, unit=unit)
    assert left >= maintenance(brackets, abs(each.quantity) * end * unit) or end == 1
    if (each.mark - end) * each.quantity < 0:
        assert each.ratio_ppm is None or each.ratio_ppm >= MILLION
