"""At which prices somebody bankrupt is closed, and how much has to be closed at all.

On plain numbers: prices in ticks, quantities in signed steps, money in hundred-millionths.
"""

from collections.abc import Sequence
from typing import NamedTuple

from plimsoll.trading.domain.brackets import maintenance
from plimsoll.trading.domain.instruments import MILLION, Bracket


class Open(NamedTuple):
    """An open position at its mark."""

    quantity: int
    cost: int
    mark: int
    unit: int

    @property
    def notional(self) -> int:
        return abs(self.quantity) * self.mark * self.unit

    @property
    def profit(self) -> int:
        return self.quantity * self.mark * self.unit - self.cost


def bankruptcy_prices(balance: int, positions: Sequence[Open]) -> list[int]:
    """Prices at which closing all positions together leaves nothing of `balance` (wallet and
    profits at the marks), rounded so that something is left, long up and short down.

    For one position there is only one: mark ∓ balance ÷ quantity, whatever the mark is. Several
    share: what is left in proportion to their notional, so that all are as far from their marks;
    what is missing in proportion to their losses, so that each price lies between mark and entry.
    """
    if balance > 0:
        total = sum(each.notional for each in positions)
        parts = [each.notional for each in positions]
    else:
        parts = [max(0, -each.profit) for each in positions]
        total = sum(parts)
    prices: list[int] = []
    for each, part in zip(positions, parts, strict=True):
        if not total:
            prices.append(each.mark)
            continue
        # What the position may lose from the mark on (below zero: has lost too much), in ticks,
        # rounded down for both sides.
        away = balance * part // (total * abs(each.quantity) * each.unit)
        prices.append(max(1, each.mark - away if each.quantity > 0 else each.mark + away))
    return prices


def reduction(
    brackets: Sequence[Bracket],
    quantity: int,
    *,
    value: int,
    balance: int,
    others: int,
    fee_ppm: int,
) -> int:
    """How many steps to close so that an account complies at the mark: down to the highest lower
    bracket in which it does, else all.

    `value` is the money of one step at the mark, `balance` the margin balance less the fees that
    are due already, `others` the maintenance of the other positions.
    """
    size = abs(quantity)
    for bracket in reversed(brackets):
        if not 0 < bracket.floor <= size * value:
            continue
        keep = (bracket.floor - 1) // value
        fee = -(-(size - keep) * value * fee_ppm // MILLION)
        if keep and balance - fee > others + maintenance(brackets, keep * value):
            return size - keep
    return size
