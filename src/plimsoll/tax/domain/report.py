"""A year's report: every line names acquisition, disposal, rule and inputs. Pure.

Amounts are in the tax's currency and exact; whoever prints rounds once, and sums what is exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from plimsoll.kernel.identifiers import AssetId, WalletId
from plimsoll.kernel.money import ZERO
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain.movements import Ref, Unvalued
from plimsoll.tax.domain.results import Lot, Pool, Rule, Shortfall, Term


class Line(NamedTuple):
    """One slice of a disposal of the year. `proceeds` are net of `fees`, which is the part of the
    disposal's fees that fell on the slice. `box`: where a form wants it (US: G to L). Lines that
    are not `taxed` (gifts, donations) are in no total.

    `code` and `adjustment` are those of form 8949: where a broker reported another basis, the
    code is B, the reported one is `cost + adjustment`, and the gain stays what it is.
    """

    number: int
    disposed: Ref
    kind: Kind
    disposed_at: datetime
    disposed_on: date
    asset: AssetId
    account: WalletId
    quantity: Decimal
    acquired: Ref | None
    acquired_on: date | None
    proceeds: Decimal
    fees: Decimal
    cost: Decimal
    term: Term
    rule: Rule
    formula: str
    taxed: bool
    box: str = ""
    code: str = ""
    adjustment: Decimal = ZERO

    @property
    def gain(self) -> Decimal:
        return self.proceeds - self.cost


class IncomeLine(NamedTuple):
    """`category`: how the country calls it."""

    number: int
    ref: Ref
    kind: Kind
    at: datetime
    day: date
    asset: AssetId
    account: WalletId | None
    quantity: Decimal
    value: Decimal
    category: str


class Total(NamedTuple):
    """A figure of a form. `code` is stable; `formula` says in words and numbers how it came about;
    `where` is the form's own name for its place, empty where that was not confirmed. `counted`: a
    number of things and no money.
    """

    code: str
    label: str
    amount: Decimal
    formula: str
    where: str = ""
    counted: bool = False


class Completeness(NamedTuple):
    """`score` is the share of the year's disposals and incomes that rest on known facts: neither
    on a shortfall nor on a value that nobody knows; 1 for a year without any.
    """

    score: Decimal
    counted: int
    short: int
    unvalued: int


class Verdict(StrEnum):
    """How a broker's row stands to the disposals of the year."""

    AGREES = "agrees"
    DIFFERS = "differs"
    NOT_IN_LEDGER = "not-in-ledger"
    NOT_REPORTED = "not-reported"


class Reconciled(NamedTuple):
    """Rows of a broker's form (by number) and the lines of the report (by number) that they are.
    `proceeds` and `cost`: reported less found, where both are known. `text` says what to look at.
    """

    verdict: Verdict
    rows: tuple[int, ...]
    lines: tuple[int, ...]
    asset: AssetId
    sold_on: date
    quantity: Decimal
    proceeds: Decimal | None
    cost: Decimal | None
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """`first` and `last` are the days of the year, both in it. `draft` until nothing is missing.
    `lots` and `pools` are what was held at its end. `election` is what was chosen, in words.
    """

    jurisdiction: str
    ruleset: str
    """Name and version of the rules, such as `us/1`."""
    year: int
    first: date
    last: date
    currency: AssetId
    zone: str
    election: Mapping[str, str]
    lines: tuple[Line, ...]
    incomes: tuple[IncomeLine, ...]
    totals: tuple[Total, ...]
    lots: tuple[Lot, ...]
    pools: tuple[Pool, ...]
    shortfalls: tuple[Shortfall, ...]
    unvalued: tuple[Unvalued, ...]
    warnings: tuple[str, ...]
    completeness: Completeness
    draft: bool
    blocked: bool = False
    """The chosen policy wants no figures while something is missing: there are no totals."""
    reconciled: tuple[Reconciled, ...] = ()
    """What brokers reported beside what was found, where their forms were entered."""


@dataclass(frozen=True, slots=True)
class Names:
    """How people call what a report speaks of, as it was when it was computed."""

    wallets: Mapping[WalletId, str] = field(default_factory=dict[WalletId, str])
    symbols: Mapping[AssetId, str] = field(default_factory=dict[AssetId, str])
