"""Those found to be due are all who are due, though nobody looks at everybody."""

import random
from functools import partial
from typing import Any

import pytest

from plimsoll.trading.domain import margin
from plimsoll.trading.domain.accounts import MarginMode
from plimsoll.trading.domain.commands import Deposit, FundInsurance, PassTime, SetIndex
from plimsoll.trading.domain.events import LiquidationStarted, Refused
from plimsoll.trading.domain.finding import FUND
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.invariants import check
from plimsoll.trading.domain.machine import Machine
from plimsoll.trading.domain.orders import Leg
from plimsoll.trading.domain.standing import standing
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.domain.watching import Place, cross_places, is_halted, look_at_everyone
from tests.trading.desk import ANNA, BERT, BTC, BUY, INDEX, SELL, Desk
from tests.trading.simulation import replay
from tests.trading.worlds import World


class Harsh(World):
    """Prices jump far and often, the fund is emptied, people come back with fresh money."""

    def _move_price(self, chance: random.Random, symbol: str) -> Any:
        size = 0.15 if chance.random() < 0.15 else 0.01
        price = max(10, int(self.prices.get(symbol, 1) * (1 + max(-0.6, chance.gauss(0, size)))))
        self.prices[symbol] = price
        return partial(SetIndex, symbol=symbol, index_price=price)

    def _rare(self, chance: random.Random, who: int, symbol: str) -> Any:
        drawn = chance.random()
        if drawn < 0.2:
            return partial(FundInsurance, amount=-max(1, self.machine.venue.insurance))
        if drawn < 0.5:
            return partial(Deposit, account=who, asset="tether", amount=5_000 * MONEY)
        return super()._rare(chance, who, symbol)


def due_by_looking_at_everybody(venue: Venue) -> set[int]:
    due: set[int] = set()
    for account in venue.accounts.values():
        if account.id == FUND:
            continue
        cross = cross_places(venue, account)
        if standing(account, venue.markets).is_due and not is_halted(venue, cross):
            due.add(account.id)
        for exposure in account.exposures.values():
            if exposure.mode is MarginMode.CROSS:
                continue
            for leg, position in exposure.positions.items():
                place = Place(venue.markets[exposure.symbol], exposure, leg, position)
                balance = position.isolated + place.open().profit
                if margin.is_due(maintenance=place.maintenance(), balance=balance) and (
                    not is_halted(venue, [place])
                ):
                    due.add(account.id)
    return due


@pytest.mark.parametrize("seed", range(1, 9))
def test_in_harsh_worlds_nobody_is_overlooked_and_no_money_is_lost(seed: int) -> None:
    world = Harsh(seed)
    venue = world.machine.venue
    started = 0
    for _, command in zip(range(1_200), world.commands(), strict=False):
        events = world.machine.apply(command)
        assert check(venue) == []
        fund = venue.accounts.get(FUND)
        assert not fund or not fund.wallet
        started += sum(isinstance(each, LiquidationStarted) for each in events)
        if isinstance(command, SetIndex | PassTime) and not (
            events and isinstance(events[0], Refused)
        ):
            # Who is due only because of this command's own liquidations is noted.
            assert due_by_looking_at_everybody(venue) <= set(venue.unchecked)
    assert seed != 5 or started


def test_harsh_worlds_are_deterministic() -> None:
    world = Harsh(3)
    journal = [
        command
        for _, command in zip(range(1_200), world.commands(), strict=False)
        if world.machine.apply(command) is not None
    ]
    assert replay(journal) == replay(journal)


def test_a_venue_that_was_restored_goes_on_the_same() -> None:
    """What is derived is forgotten in the middle: events stay the same."""
    world = Harsh(4)
    journal = []
    for _, command in zip(range(1_200), world.commands(), strict=False):
        journal.append(command)
        world.machine.apply(command)
    one, two = Machine(), Machine()
    for number, command in enumerate(journal):
        if number % 7 == 0:
            for market in two.venue.markets.values():
                market.alarms = type(market.alarms)()
            two.venue.unchecked.clear()
            look_at_everyone(two.venue)
        assert one.apply(command) == two.apply(command)


def test_an_alarm_of_the_only_cross_position_is_exact() -> None:
    desk = Desk()
    desk.place(ANNA, BUY, 10_000, INDEX)
    desk.place(BERT, SELL, 10_000, INDEX)
    desk.do(PassTime)
    signed = desk.venue.markets[BTC].alarms.prices[ANNA, Leg.NET]
    market = desk.venue.markets[BTC]
    for price, due in ((-signed, True), (-signed + 1, False)):
        market.mark = price
        assert standing(desk.account(ANNA), desk.venue.markets).is_due is due
