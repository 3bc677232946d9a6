"""Between people's decimals and the machine's whole numbers: nothing is rounded on the way in.

A price that is no whole number of ticks, or a quantity no whole number of steps, is refused with
the grid it has to be on.
"""

from decimal import Decimal
from typing import Final

from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.money import format_amount
from plimsoll.trading.domain.instruments import MONEY, Instrument

MOST: Final = 10**17
"""Of ticks, steps or hundred-millionths that are taken from anybody."""
COIN: Final = Decimal(1) / MONEY


class PriceOffTick(Invalid):
    code = "price-off-tick"
    title = "The price is not a whole number of ticks"


class QuantityOffStep(Invalid):
    code = "quantity-off-step"
    title = "The quantity is not a whole number of steps"


class AmountOffGrid(Invalid):
    code = "amount-off-grid"
    title = "The amount is not a whole number of hundred-millionths"


class NumberTooLarge(Invalid):
    code = "number-too-large"
    title = "The number is larger than anything here"


class NotAboveZero(Invalid):
    code = "not-above-zero"
    title = "The number has to be above zero"


def to_ticks(instrument: Instrument, price: Decimal) -> int:
    """Whole ticks of a price above zero."""
    ticks = _whole(price, instrument.tick)
    if ticks is None:
        raise PriceOffTick(
            f"prices of {instrument.symbol} are multiples of {format_amount(instrument.tick)}",
            facts={"price": format_amount(price), "tick": format_amount(instrument.tick)},
        )
    return ticks


def to_steps(instrument: Instrument, quantity: Decimal) -> int:
    """Whole steps of a quantity above zero."""
    steps = _whole(quantity, instrument.step)
    if steps is None:
        raise QuantityOffStep(
            f"quantities of {instrument.symbol} are multiples of {format_amount(instrument.step)}",
            facts={"quantity": format_amount(quantity), "step": format_amount(instrument.step)},
        )
    return steps


def to_money(amount: Decimal) -> int:
    """Hundred-millionths of an amount above zero; of coins as well."""
    money = _whole(amount, COIN)
    if money is None:
        raise AmountOffGrid(
            "amounts have at most 8 digits after the point", facts={"amount": format_amount(amount)}
        )
    return money


def _whole(number: Decimal, grid: Decimal) -> int | None:
    if number <= 0:
        raise NotAboveZero(
            f"{format_amount(number)} is not", facts={"given": format_amount(number)}
        )
    if number > MOST * grid:
        raise NumberTooLarge(
            "nobody can mean this",
            facts={"given": format_amount(number), "most": format_amount(MOST * grid)},
        )
    whole, rest = divmod(number, grid)
    return None if rest else int(whole)


def price_of(instrument: Instrument, ticks: int) -> Decimal:
    return instrument.tick * ticks


def quantity_of(instrument: Instrument, steps: int) -> Decimal:
    """With its sign."""
    return instrument.step * steps


def money_of(units: int) -> Decimal:
    """Coins of the settlement asset, or of a spot balance."""
    return COIN * units


def average_price(instrument: Instrument, *, cost: int, quantity: int) -> Decimal | None:
    """Of `quantity` steps that cost Σ ticks × steps; None when nothing was filled. Rounded half to
    even to 1e-18.
    """
    if not quantity:
        return None
    return (instrument.tick * cost / quantity).quantize(Decimal("1e-18"))


def entry_price(instrument: Instrument, *, cost: int, quantity: int) -> Decimal | None:
    """Of a position: its cost in money ÷ its quantity in steps; None when it is empty."""
    if not quantity:
        return None
    return (COIN * cost / (instrument.step * quantity)).quantize(Decimal("1e-18"))
