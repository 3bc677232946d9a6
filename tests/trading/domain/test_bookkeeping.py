"""Double entry: whatever a command does, its entries add up to nothing, and all of them together to
what everybody has.
"""

from collections import Counter
from itertools import islice

import pytest

from plimsoll.trading.domain.bookkeeping import Book, Entry, books_of, entries_of
from plimsoll.trading.domain.commands import Command, Deposit, FundInsurance
from plimsoll.trading.domain.events import Event, Refused
from plimsoll.trading.domain.instruments import MONEY
from tests.trading.desk import ANNA, BERT, BUY, INDEX, SELL, UNIT, Desk
from tests.trading.worlds import World


class Books:
    """Everything that was ever entered."""

    def __init__(self) -> None:
        self.amounts: Counter[tuple[str, int, str]] = Counter()
        self.fees = 0

    def enter(
        self, command: Command, events: list[Event], *, settle: str, fees: int
    ) -> list[Entry]:
        """`fees` of the venue after the command."""
        entries = entries_of(command, events, settle=settle, fees=fees - self.fees)
        self.fees = fees
        for each in entries:
            self.amounts[each.book.value, each.account, each.asset] += each.amount
        return entries

    def kept(self) -> dict[tuple[str, int, str], int]:
        return {book: amount for book, amount in self.amounts.items() if amount}


def unbalanced(entries: list[Entry]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for each in entries:
        sums[each.asset] += each.amount
    return {asset: amount for asset, amount in sums.items() if amount}


@pytest.mark.parametrize("seed", range(60, 72))
def test_in_any_world_the_books_are_what_everybody_has(seed: int) -> None:
    world = World(seed)
    venue = world.machine.venue
    books = Books()
    for number, command in enumerate(islice(world.commands(), 1_500)):
        events = world.machine.apply(command)
        entries = books.enter(command, events, settle=venue.settle, fees=venue.fees)
        assert not unbalanced(entries), command
        if events and isinstance(events[0], Refused):
            assert not entries
        if number % 50 == 0:
            assert books.kept() == books_of(venue), command
    assert books.kept() == books_of(venue)


def entries_after(desk: Desk, events: list[Event], fees_before: int) -> list[Entry]:
    return entries_of(
        desk.journal[-1], events, settle=desk.venue.settle, fees=desk.venue.fees - fees_before
    )


def test_a_deposit_comes_from_outside() -> None:
    desk = Desk()
    events = desk.do(Deposit, account=ANNA, asset="tether", amount=5 * MONEY)
    assert entries_after(desk, events, desk.venue.fees) == [
        Entry(Book.MARGIN, ANNA, "tether", 5 * MONEY, "deposit"),
        Entry(Book.OUTSIDE, 0, "tether", -5 * MONEY, "deposit"),
    ]


def test_money_for_the_fund_comes_from_outside_too() -> None:
    desk = Desk()
    events = desk.do(FundInsurance, amount=7 * MONEY)
    assert entries_after(desk, events, desk.venue.fees) == [
        Entry(Book.INSURANCE, 0, "tether", 7 * MONEY, "insurance"),
        Entry(Book.OUTSIDE, 0, "tether", -7 * MONEY, "insurance"),
    ]


def test_what_one_side_realises_the_other_still_owes() -> None:
    """Anna buys 10 of Bert at 50,000 and sells them to the house 100 ticks higher."""
    desk = Desk()
    desk.rest(BERT, SELL, 10, INDEX)
    desk.place(ANNA, BUY, 10, INDEX)
    desk.quote([(INDEX + 100, 50)], [])
    before = desk.venue.fees
    events = desk.place(ANNA, SELL, 10)
    entries = entries_after(desk, events, before)
    profit = 10 * 100 * UNIT
    fee = desk.venue.fees - before
    assert Entry(Book.MARGIN, ANNA, "tether", profit, "profit") in entries
    assert Entry(Book.CLEARING, 0, "tether", -profit, "profit") in entries
    assert Entry(Book.FEES, 0, "tether", fee, "fee") in entries
    assert not unbalanced(entries)
