"""The machine's whole numbers as people's decimals, for messages."""

from typing import Annotated

from msgspec import Meta

from plimsoll.kernel.money import format_amount
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.units import money_of, price_of, quantity_of

DecimalText = Annotated[str, Meta(description="A decimal without an exponent")]
IdText = Annotated[str, Meta(description="A number larger than a JSON number holds exactly")]


def price_text(instrument: Instrument, ticks: int) -> str:
    return format_amount(price_of(instrument, ticks))


def price_or_none(instrument: Instrument, ticks: int | None) -> str | None:
    """0 ticks are no price."""
    return format_amount(price_of(instrument, ticks)) if ticks else None


def quantity_text(instrument: Instrument, steps: int) -> str:
    return format_amount(quantity_of(instrument, steps))


def money_text(units: int) -> str:
    return format_amount(money_of(units))
