"""What the simulation relies on: each thing that can break is noticed."""

from collections.abc import Callable

import pytest

from plimsoll.trading.domain.accounts import Balance, Exposure, Position
from plimsoll.trading.domain.book import Book, Level
from plimsoll.trading.domain.invariants import check
from plimsoll.trading.domain.orders import Leg, OrderStatus
from plimsoll.trading.domain.venue import Venue
from tests.trading.desk import ANNA, BERT, BTC, BUY, INDEX, SELL, Desk


def busy() -> Desk:
    desk = Desk()
    desk.quote([(INDEX - 10, 500)], [(INDEX + 10, 500)])
    desk.place(ANNA, BUY, 30)
    desk.rest(ANNA, SELL, 5, INDEX + 5, reduce_only=True)
    desk.rest(BERT, BUY, 5, INDEX - 5)
    return desk


def exposure(venue: Venue, who: int = ANNA) -> Exposure:
    return venue.accounts[who].exposures[BTC]


def position(venue: Venue) -> Position:
    return exposure(venue).positions[Leg.NET]


def grow(thing: object, name: str, by: int = 1) -> None:
    setattr(thing, name, getattr(thing, name) + by)


def cross(book: Book) -> None:
    book.bids.keys.append(INDEX + 20)
    book.bids.levels[INDEX + 20] = Level()


BREAKS: dict[str, Callable[[Venue], object]] = {
    "positions add up": lambda venue: grow(position(venue), "quantity"),
    "open interest": lambda venue: grow(venue.markets[BTC], "open_interest"),
    "holders": lambda venue: venue.markets[BTC].holders.clear(),
    "crossed": lambda venue: cross(venue.markets[BTC].book),
    "level": lambda venue: grow(
        next(iter(venue.markets[BTC].book.bids.levels.values())), "quantity"
    ),
    "the book and the open orders": lambda venue: setattr(
        next(iter(venue.orders.values())), "status", OrderStatus.FILLED
    ),
    "the wallet is -": lambda venue: setattr(venue.accounts[BERT], "wallet", -5),
    "put aside": lambda venue: setattr(position(venue), "isolated", 10**18),
    "orders add up": lambda venue: grow(exposure(venue, BERT), "bids"),
    "reduces 5 of 4": lambda venue: grow(position(venue), "quantity", -26),
    "held of": lambda venue: venue.accounts[BERT].balances.update(tether=Balance(0, 5)),
    "wrong list": lambda venue: exposure(venue).reducing.clear(),
    "orders known to one side": lambda venue: venue.orders.popitem(),
    "expiries": lambda venue: venue.expiries.append((1, 1)),
    "countdowns": lambda venue: venue.countdowns.append((1, 1)),
    "insurance fund": lambda venue: setattr(venue, "insurance", -1),
    "was deposited": lambda venue: grow(venue, "fees"),
    "bitcoin is there": lambda venue: venue.accounts[BERT].balances.update(bitcoin=Balance(5)),
}


@pytest.mark.parametrize("words", BREAKS)
def test_what_is_broken_is_noticed(words: str) -> None:
    desk = busy()
    BREAKS[words](desk.venue)
    assert any(words in fault for fault in check(desk.venue)), check(desk.venue)


def test_all_is_well_with_a_busy_desk() -> None:
    assert check(busy().venue) == []
