"""What matching finds: which acquired units each disposed unit was, and what is left.

Every slice names acquisition, disposal and rule. Slices of a disposal add up to it exactly in
quantity, proceeds and cost: the last one takes what is left, so that nothing is lost to rounding.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from plimsoll.kernel.identifiers import AssetId, WalletId
from plimsoll.kernel.money import ZERO
from plimsoll.tax.domain.movements import Disposed, Earned, Ref, Unvalued


class Term(StrEnum):
    SHORT = "short"
    LONG = "long"
    EXEMPT = "exempt"
    NONE = "none"
    """The country does not ask how long."""


class Rule(StrEnum):
    """By what right these units were matched."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    LOFO = "lofo"
    SPECIFIC = "specific"
    AVERAGE = "average"
    SAME_DAY = "same-day"
    THIRTY_DAYS = "30-day"
    TEN_DAYS = "10-day"
    SECTION_104 = "section-104"
    PORTFOLIO_FRACTION = "portfolio-fraction"
    ACB = "acb"
    SHORTFALL = "shortfall"


class Slice(NamedTuple):
    """`acquired`: the leg that brought the units; None of a pool or a shortfall. `acquired_on`:
    when the holding period began. `formula`: the numbers behind pooled costs, in words that a
    person can check. Of what leaves untaxed the proceeds are its cost. `denied` is what a law took
    off the cost, so that a loss does not count now.
    """

    disposed: Disposed
    acquired: Ref | None
    acquired_on: date | None
    quantity: Decimal
    proceeds: Decimal
    cost: Decimal
    term: Term
    rule: Rule
    formula: str = ""
    denied: Decimal = ZERO

    @property
    def gain(self) -> Decimal:
        return self.proceeds - self.cost


class Lot(NamedTuple):
    """Units that are still held. `account` None: somewhere among all that the owner has."""

    ref: Ref
    asset: AssetId
    account: WalletId | None
    acquired_at: datetime
    since: date
    quantity: Decimal
    cost: Decimal
    market_value: Decimal | None = None


class Pool(NamedTuple):
    """Units of which only the sum is known. `account` None: of everything the owner has."""

    asset: AssetId
    account: WalletId | None
    quantity: Decimal
    cost: Decimal


class ShortfallPolicy(StrEnum):
    ZERO_BASIS = "zero-basis"
    EXCLUDE = "exclude"
    BLOCK = "block"


class Shortfall(NamedTuple):
    """More was disposed of, or carried over, than anybody knows to be there."""

    ref: Ref
    asset: AssetId
    account: WalletId
    at: datetime
    quantity: Decimal
    policy: ShortfallPolicy


@dataclass(slots=True)
class Matched:
    """Of all years, in the order of disposals."""

    slices: list[Slice] = field(default_factory=list)
    incomes: list[Earned] = field(default_factory=list)
    lots: list[Lot] = field(default_factory=list)
    pools: list[Pool] = field(default_factory=list)
    shortfalls: list[Shortfall] = field(default_factory=list)
    unvalued: list[Unvalued] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
