"""What can be traded, and its rules: grid, limits, fees, and for a perpetual its brackets.

All arithmetic of the engine is in whole numbers: a price in ticks, a quantity in steps, money in
hundred-millionths of the settlement asset. `unit` is the money of one tick times one step, so the
notional of a fill, price × quantity × unit, is exact.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from plimsoll.kernel.identifiers import AssetId

MONEY: Final = 10**8
"""Hundred-millionths: how many of our units one settlement coin has."""
MILLION: Final = 1_000_000


class InstrumentKind(StrEnum):
    SPOT = "spot"
    PERPETUAL = "perpetual"


@dataclass(frozen=True, slots=True)
class Bracket:
    """A level of notional: from `floor` on, up to the next one's floor or `cap`.

    Maintenance margin in it is notional × `maintenance_ppm` − `deduction`; `leverage` is the
    highest one allowed. Money in hundred-millionths, rates in millionths.
    """

    floor: int
    cap: int
    maintenance_ppm: int
    leverage: int
    deduction: int


@dataclass(frozen=True, slots=True)
class Fees:
    """In millionths of the notional; a maker fee below zero is a rebate."""

    maker_ppm: int
    taker_ppm: int


@dataclass(frozen=True, slots=True)
class Instrument:
    """`brackets` is empty for spot. `band_ppm`: how far from the mark an order may be priced, and a
    market order may go.
    """

    symbol: str
    kind: InstrumentKind
    base: AssetId
    settle: AssetId
    tick: Decimal
    step: Decimal
    unit: int
    minimum_notional: int
    most_quantity: int
    band_ppm: int
    fees: tuple[Fees, ...]
    """By the fee tier of an account."""
    brackets: tuple[Bracket, ...] = ()
    liquidation_fee_ppm: int = 0
    funding_interval_h: int = 8
    interest: int = 10_000
    """Of the funding formula, for 8 h, in hundred-millionths: 0.01 %."""
    funding_cap: int = 2_000_000
    """No funding rate is larger, in hundred-millionths."""
    most_orders: int = 200
    """Open at once, for each account."""
