"""A price: how much of the quote asset one unit of the base asset is worth, who said so and when.

Prices are Decimals with at most 18 places, so that every one of them fits where money is stored. A
missing price is None, never 0.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import CONTEXT, LIMIT, QUANTUM

LOWEST: Final = Decimal("1e-15")
HIGHEST: Final = Decimal("1e15")
"""Prices outside LOWEST…HIGHEST are mistakes of a source; the bounds are each other's inverse."""

CHANGE_QUANTUM: Final = Decimal("1e-8")
VOLUME_QUANTUM: Final = Decimal("1e-8")


class Pair(NamedTuple):
    """`base` is priced in units of `quote`. A tuple, because the board looks it up on every
    read.
    """

    base: AssetId
    quote: AssetId


@dataclass(frozen=True, slots=True)
class Price:
    """What a source said. `change_24h` is a ratio: 0.05 is five percent up; `volume_24h` is what
    was traded in a day, in units of the quote asset.
    """

    value: Decimal
    source: str
    at: datetime
    simulated: bool = False
    change_24h: Decimal | None = None
    volume_24h: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """One update from a source."""

    pair: Pair
    price: Price


@dataclass(frozen=True, slots=True)
class Quote:
    """A price as looked up now. `via` is the common quote when two prices were multiplied."""

    value: Decimal
    source: str
    at: datetime
    age_ms: int
    stale: bool
    simulated: bool
    change_24h: Decimal | None
    via: AssetId | None = None


def to_price(value: Decimal) -> Decimal | None:
    """`value` rounded half-even to 18 places; None when it is not finite or not within the bounds.

    Compares before any arithmetic, so an exponent of a million costs nothing.
    """
    if not value.is_finite() or not LOWEST <= value <= HIGHEST:
        return None
    return value.quantize(QUANTUM, context=CONTEXT)


def to_change(ratio: Decimal) -> Decimal | None:
    """A 24 h change rounded to 8 places; None when it cannot be one: nothing falls below −100 %."""
    if not ratio.is_finite() or not -1 < ratio < HIGHEST:
        return None
    change = ratio.quantize(CHANGE_QUANTUM, context=CONTEXT)
    return change if change > -1 else None  # rounding may reach what is no price any more


def to_volume(amount: Decimal) -> Decimal | None:
    """What was traded in 24 h rounded to 8 places; None when it cannot be one: below 0, endless."""
    if not amount.is_finite() or not 0 <= amount < LIMIT - 1:
        return None
    return amount.quantize(VOLUME_QUANTUM, context=CONTEXT)
