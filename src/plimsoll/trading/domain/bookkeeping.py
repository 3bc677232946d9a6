"""What a command did to the money, as double entry: the entries of a command add up to nothing.

Books: `margin` and `spot` are people's purses, `fees` what the venue earned, `insurance` its fund,
`outside` where paper money comes from, and `clearing` what one side of a position has realised and
the other not yet. So in every asset all books together are always 0, and

    clearing = −Σ cost of all open positions

in the settlement asset, 0 in every other. Money in hundred-millionths.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from plimsoll.trading.domain.commands import Command, FundInsurance
from plimsoll.trading.domain.events import Event, InsuranceChanged, WalletChanged, WalletReason
from plimsoll.trading.domain.venue import Venue


class Book(StrEnum):
    MARGIN = "margin"
    SPOT = "spot"
    FEES = "fees"
    INSURANCE = "insurance"
    OUTSIDE = "outside"
    CLEARING = "clearing"

    __hash__ = str.__hash__  # the enum's own is written in Python


class Entry(NamedTuple):
    """`account` 0: a book of the venue's own. `reason` of what was paid for."""

    book: Book
    account: int
    asset: str
    amount: int
    reason: str


VENUE: Final = 0
FROM_OUTSIDE: Final = frozenset({WalletReason.DEPOSIT, WalletReason.WITHDRAWAL})
FUND: Final = "insurance"
"""The reason of what the fund pays and gets, and of losses that the venue takes upon itself."""


def entries_of(command: Command, events: Sequence[Event], *, settle: str, fees: int) -> list[Entry]:
    """The entries of one command, the venue's own after those of people; empty when no money moved.
    `fees`: by how much what the venue earned has changed, roundings of funding included.
    """
    entries: list[Entry] = []
    own: dict[tuple[Book, str, str], int] = {}
    charged = 0
    funded = False
    fund_from = Book.OUTSIDE if isinstance(command, FundInsurance) else Book.CLEARING
    for event in events:
        if isinstance(event, WalletChanged):
            account, asset, change, _, reason, _ = event
            if account == VENUE:  # its fund, whose wallet is emptied into `insurance` at once
                continue
            purse, asset = (Book.SPOT, asset) if asset else (Book.MARGIN, settle)
            entries.append(Entry(purse, account, asset, change, reason.value))
            if reason is WalletReason.FEE:
                charged -= change
                continue
            funded = funded or reason is WalletReason.FUNDING
            other = Book.OUTSIDE if reason in FROM_OUTSIDE else Book.CLEARING
            key = (other, asset, reason.value)
            own[key] = own.get(key, 0) - change
        elif isinstance(event, InsuranceChanged):
            entries.append(Entry(Book.INSURANCE, 0, settle, event.change, FUND))
            key = (fund_from, settle, FUND)
            own[key] = own.get(key, 0) - event.change
    if charged:
        own[Book.FEES, settle, WalletReason.FEE.value] = charged
    if fees != charged:
        reason_text = WalletReason.FUNDING.value if funded else FUND
        own[Book.FEES, settle, reason_text] = fees - charged
        key = (Book.CLEARING, settle, reason_text)
        own[key] = own.get(key, 0) - fees + charged
    entries.extend(
        Entry(book, 0, asset, amount, reason)
        for (book, asset, reason), amount in own.items()
        if amount
    )
    return entries


BookOf = tuple[str, int, str]
"""Which book, whose, of which asset."""


def books_of(venue: Venue) -> dict[BookOf, int]:
    """What all entries since the beginning must add up to, by what the venue has; without zeros."""
    settle = venue.settle
    books: dict[BookOf, int] = {
        (Book.FEES.value, VENUE, settle): venue.fees,
        (Book.INSURANCE.value, VENUE, settle): venue.insurance,
        (Book.OUTSIDE.value, VENUE, settle): -venue.deposited,
    }
    cost = 0
    for account in venue.accounts.values():
        for exposure in account.exposures.values():
            cost += sum(each.cost for each in exposure.positions.values())
        if account.id != VENUE:
            books[Book.MARGIN.value, account.id, settle] = account.wallet
            for asset, balance in account.balances.items():
                books[Book.SPOT.value, account.id, asset] = balance.total
    books[Book.CLEARING.value, VENUE, settle] = -cost
    for asset, supply in venue.supplies.items():
        books[Book.OUTSIDE.value, VENUE, asset] = -supply
    return {book: amount for book, amount in books.items() if amount}
