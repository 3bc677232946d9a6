"""What a country's law says about kinds, fees, gifts and time: the table that `reading` follows.

Each country is one value, made in `rules/`. A treatment says what a fact is to the tax; a person
may give a single fact another one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Final

from plimsoll.kernel.identifiers import AssetId
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain.calendars import NEW_YEAR
from plimsoll.tax.domain.results import Term


class Treatment(StrEnum):
    """What a fact's principal legs are. What comes in is named first, then what goes out."""

    EXCHANGE = "exchange"
    """Acquired at its value; disposed of at its value."""
    CARRY = "carry"
    """Own units go from one account to another."""
    ACQUIRE = "acquire"
    """Acquired at its value, no income. (Out: as an exchange.)"""
    INCOME = "income"
    """Income at its value, which becomes basis. (Out: as an exchange.)"""
    FREE = "free"
    """Acquired for nothing, no income; leaves at its cost, untaxed."""
    DONOR = "donor"
    """Cost and holding period of whoever gave it. (Out: untaxed.)"""
    DONOR_OR_MARKET = "donor-or-market"
    """As DONOR, and a loss counts from the value at the gift where that is lower (IRC 1015)."""
    LEAVE = "leave"
    """Leaves at its cost, untaxed. (In: acquired at its value.)"""
    LOSE = "lose"
    """Disposed of for nothing: its cost is a loss. (In: acquired at its value.)"""
    RESULT = "result"
    """A profit or a loss by itself: income at its value, negative when it goes out; a coin that
    pays for a loss is also disposed of at its value.
    """
    IGNORE = "ignore"


class SwapFee(StrEnum):
    """Which side bears the fee when one coin is exchanged for another."""

    DISPOSED = "disposed"
    HALVES = "halves"


class TransferFee(StrEnum):
    """What a fee is that nothing attaches to: of a transfer, a withdrawal, a call on a chain."""

    DISPOSED = "disposed"
    """Disposed of at its value."""
    UNTAXED = "untaxed"
    """Leaves at its cost."""


TREATMENTS: Final[Mapping[Kind, Treatment]] = {
    **dict.fromkeys(
        (
            Kind.BUY,
            Kind.SELL,
            Kind.SWAP,
            Kind.WRAP,
            Kind.UNWRAP,
            Kind.LP_JOIN,
            Kind.LP_EXIT,
            Kind.LIQUIDATION,
            Kind.SPEND,
            Kind.LOAN_REPAY,
            Kind.LOAN_INTEREST,
        ),
        Treatment.EXCHANGE,
    ),
    **dict.fromkeys((Kind.TRANSFER, Kind.COLLATERAL_MOVE), Treatment.CARRY),
    **dict.fromkeys((Kind.DEPOSIT, Kind.OPENING_LOT, Kind.LOAN_IN), Treatment.ACQUIRE),
    **dict.fromkeys(
        (
            Kind.STAKING,
            Kind.MINING,
            Kind.INTEREST,
            Kind.AIRDROP,
            Kind.FORK,
            Kind.WAGES,
            Kind.REFERRAL,
            Kind.CASHBACK,
            Kind.REBATE,
            Kind.OTHER_INCOME,
        ),
        Treatment.INCOME,
    ),
    **dict.fromkeys((Kind.GIFT_IN, Kind.SPOUSE_IN), Treatment.DONOR),
    **dict.fromkeys(
        (Kind.WITHDRAWAL, Kind.GIFT_OUT, Kind.SPOUSE_OUT, Kind.DONATION, Kind.LOST, Kind.STOLEN),
        Treatment.LEAVE,
    ),
    **dict.fromkeys(
        (Kind.MARGIN_GAIN, Kind.MARGIN_LOSS, Kind.MARGIN_FEE, Kind.FUNDING), Treatment.RESULT
    ),
    Kind.ADJUSTMENT: Treatment.FREE,
    Kind.FEE_ONLY: Treatment.EXCHANGE,
    Kind.VOID: Treatment.IGNORE,
}
"""What holds where a country says nothing else."""


@dataclass(frozen=True, slots=True)
class Country:
    """`years`: a holding period longer than these ends in `after`; None: nobody asks how long.
    `later`: what changed and from which day on, the oldest first. `categories`: names of income;
    a kind without one goes by its own.
    """

    code: str
    currency: AssetId
    zone: tzinfo
    year_start: tuple[int, int] = NEW_YEAR
    treatments: Mapping[Kind, Treatment] = field(default_factory=lambda: TREATMENTS)
    later: tuple[tuple[date, Mapping[Kind, Treatment]], ...] = ()
    categories: Mapping[Kind, str] = field(default_factory=dict[Kind, str])
    swap_fee: SwapFee = SwapFee.DISPOSED
    transfer_fee: TransferFee = TransferFee.DISPOSED
    years: int | None = None
    before: Term = Term.NONE
    after: Term = Term.NONE

    def treatment_of(self, kind: Kind, day: date) -> Treatment:
        for since, changed in reversed(self.later):
            if day >= since and kind in changed:
                return changed[kind]
        return self.treatments[kind]

    def category_of(self, kind: Kind) -> str:
        return self.categories.get(kind, kind.value)


@dataclass(frozen=True, slots=True)
class Dated:
    """A number of the law, as it holds from certain tax years on, the oldest first."""

    steps: tuple[tuple[int, Decimal], ...]

    def of(self, year: int) -> Decimal | None:
        """None before the first year that is known."""
        return next((amount for since, amount in reversed(self.steps) if year >= since), None)
