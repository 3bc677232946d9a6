"""The margin formulas of an earlier system, for callers that were written against it.

Not how positions are margined here: its maintenance is half of the initial margin, so it shrinks
with leverage, and its liquidation price belongs to another maintenance (half a percent of the entry
price). docs/formulas/margin.md shows both beside each other. Amounts are Decimals in 50 digits; the
only one that may be rounded is a quotient by the leverage, and each is computed from the inputs.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.money import divide
from plimsoll.trading.domain.orders import Side

HIGHEST_LEVERAGE: Final = 100


class SimpleMarginRefused(Invalid):
    """Size or price not above zero, or a leverage out of bounds."""

    code = "simple-margin-refused"
    title = "These are no terms of a position"


@dataclass(frozen=True, slots=True)
class SimpleMargin:
    required: Decimal
    maintenance: Decimal
    liquidation_price: Decimal
    max_loss: Decimal


def simple_margin(side: Side, *, size: Decimal, price: Decimal, leverage: int) -> SimpleMargin:
    """Required is size × price ÷ L, maintenance half of it, the most lost 1.1 of it; liquidation at
    price × (1 ∓ 1/L ± 0.005), the upper signs for a long position.
    """
    if size <= 0 or price <= 0 or not 1 <= leverage <= HIGHEST_LEVERAGE:
        raise SimpleMarginRefused(
            f"size and price must be above 0 and the leverage from 1 to {HIGHEST_LEVERAGE}"
        )
    notional = size * price
    kept = 1000 * leverage - side * (1000 - 5 * leverage)
    return SimpleMargin(
        required=divide(notional, Decimal(leverage)),
        maintenance=divide(notional, Decimal(2 * leverage)),
        liquidation_price=divide(price * kept, Decimal(1000 * leverage)),
        max_loss=divide(notional * 11, Decimal(10 * leverage)),
    )
