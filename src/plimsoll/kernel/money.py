"""Exact amounts: what is accepted, how it is computed, how it is written.

Money is a Decimal, never a float. It is computed in a context of 50 digits and stored as
NUMERIC(38,18): at most 20 digits before the point and 18 after it. Every rounding is named here,
so that a reader can find each place where a fraction is lost.
"""

import decimal
import re
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Final

from plimsoll.kernel.errors import Invalid

CONTEXT: Final = Context(
    prec=50, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow]
)
"""Fifty digits: sums of stored amounts are exact in it, quotients are good to one part in 1e50."""

_WIDE: Final = Context(
    prec=100, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow]
)
"""A product of two stored amounts has up to 76 digits: exact in it. A quotient of such a product
lies at least half of 1e-38 quanta from a tie unless it is one, so cut to 100 digits it still rounds
to the right side.
"""

# Operators use the context of the running thread or task, which is 28 digits unless told: a sum
# of two large stored amounts would be rounded silently. Importing money sets it for this task
# and for every later thread.
decimal.DefaultContext.prec = CONTEXT.prec
decimal.DefaultContext.rounding = CONTEXT.rounding
decimal.setcontext(CONTEXT.copy())

ZERO: Final = Decimal(0)
QUANTUM: Final = Decimal("1e-18")
"""The smallest stored amount."""

LIMIT: Final = Decimal("1e20")
"""Stored amounts lie strictly between -LIMIT and LIMIT."""

_NEAR_LIMIT: Final = LIMIT - 1
"""What lies below it does not reach the limit by being rounded."""

_multiply, _divide = _WIDE.multiply, _WIDE.divide

PATTERN: Final = r"^-?\d{1,20}(\.\d{1,18})?$"
"""The text form of an amount: ASCII digits, no exponent, no sign but minus."""

LONGEST: Final = 40
"""Characters of the longest amount: sign, 20 digits, point, 18 digits."""

_SHAPE: Final = re.compile(PATTERN, re.ASCII)


class NotAnAmount(Invalid):
    """Text that is not a decimal within bounds."""

    code = "not-an-amount"
    title = "Not a decimal amount"


class AmountOutOfRange(Invalid):
    """A computed amount that does not fit NUMERIC(38,18)."""

    code = "amount-out-of-range"
    title = "The amount is too large"


def parse_amount(text: str) -> Decimal:
    """Read an amount as it travels in JSON. Bounded before any arithmetic: `1e1000000` is never
    expanded.
    """
    if len(text) > LONGEST or not _SHAPE.fullmatch(text):
        raise NotAnAmount(
            "an amount has up to 20 digits before the point and up to 18 after it, "
            "as text without an exponent"
        )
    return Decimal(text)


def format_amount(amount: Decimal) -> str:
    """Shortest plain text of `amount`: no exponent, no trailing zeros, never `-0`."""
    text = str(amount)
    if "E" in text:
        text = format(amount, "f")
    if text[-1] != "0":
        return text
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def to_stored(amount: Decimal) -> Decimal:
    """`amount` rounded half-even to 18 places, as NUMERIC(38,18) keeps it; refuses what does not
    fit.
    """
    if -LIMIT < amount < LIMIT:
        stored = amount.quantize(QUANTUM, context=CONTEXT)
        if -LIMIT < stored < LIMIT:  # the rounding itself may reach the limit
            return stored
    raise AmountOutOfRange("the result needs more than 20 digits before the point")


def rounded(amount: Decimal, quantum: Decimal = QUANTUM) -> Decimal:
    """`amount` rounded half-even to 18 places, however large: for what is shown and not stored."""
    return amount.quantize(quantum, context=_WIDE)


def multiply(left: Decimal, right: Decimal) -> Decimal:
    """The product, rounded once to storage precision."""
    return to_stored(_WIDE.multiply(left, right))


def worth(quantity: Decimal, price: Decimal) -> Decimal:
    """The product, rounded once, however large: for what is shown and not stored."""
    return rounded(_WIDE.multiply(quantity, price))


def divide(dividend: Decimal, divisor: Decimal) -> Decimal:
    """The quotient in 50 digits; the caller rounds with `to_stored` if it is kept."""
    return CONTEXT.divide(dividend, divisor)


def share(whole: Decimal, part: Decimal, total: Decimal) -> Decimal:
    """`whole` × `part` ÷ `total`, rounded once; the last part takes exactly what is left.

    When `part` equals `total` the answer is `whole` itself, so slices always add up to it.
    """
    if part == total:
        return whole
    exact = _divide(_multiply(whole, part), total)
    if -_NEAR_LIMIT < exact < _NEAR_LIMIT:
        return exact.quantize(QUANTUM, None, CONTEXT)
    return to_stored(exact)
