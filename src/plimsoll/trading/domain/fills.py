"""What a fill does to a position, and what it costs.

A position is changed by its cost, so nothing is lost to rounding: of a fill with the signed value
v = side × price × quantity × unit, the change of cost minus the realised profit is exactly v. The
two sides of a fill have v and −v, hence over all accounts Σ cost = Σ realised profit, always.
"""

from typing import NamedTuple

from plimsoll.trading.domain.accounts import Position
from plimsoll.trading.domain.instruments import MILLION
from plimsoll.trading.domain.orders import Side


class Realised(NamedTuple):
    """`profit` before fees, in money, below zero for a loss; `closed` and `opened` in steps, both
    above zero when the position has flipped; `released` is what was put aside for the closed part.
    """

    profit: int
    closed: int
    opened: int
    released: int


def apply_fill(position: Position, side: Side, *, quantity: int, price: int, unit: int) -> Realised:
    """Open, add to, reduce, close or flip a position. `quantity` in steps, `price` in ticks.

    The cost removed is cost × closed / quantity, rounded so that the profit is rounded down; the
    rest stays with what stays open. Isolated money is released in the same proportion, rounded
    down, and whole with the last step; putting aside for what is opened is the caller's.
    """
    held = position.quantity
    value = int(side) * price * unit
    if held * side >= 0:
        position.quantity = held + side * quantity
        position.cost += value * quantity
        return Realised(0, 0, quantity, 0)
    size = abs(held)
    closed = min(quantity, size)
    removed = -(-position.cost * closed // size)
    released = position.isolated * closed // size
    opened = quantity - closed
    position.quantity = held + side * quantity
    position.cost += value * opened - removed
    position.isolated -= released
    return Realised(-value * closed - removed, closed, opened, released)


def fee(*, price: int, quantity: int, unit: int, ppm: int) -> int:
    """Millionths of the notional, in money: rounded up; a rebate (`ppm` below zero) down."""
    return -(-price * quantity * unit * ppm // MILLION)
