"""Which values of the whole portfolio the French rules ask for, and what was in it then.

Only disposals that take a fraction of the acquisition price need one: sales and gifts, not
exchanges of coins for coins. Whoever knows prices turns the units into a value and gives it back as
`Choices.portfolios`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import ZERO
from plimsoll.tax.domain.france import GRATUITOUS
from plimsoll.tax.domain.movements import Acquired, Disposed, Movement, Ref


class Wanted(NamedTuple):
    """The portfolio just before the disposal `ref`: units of each asset, above zero."""

    ref: Ref
    at: datetime
    units: Mapping[AssetId, Decimal]


def wanted(movements: Iterable[Movement]) -> list[Wanted]:
    """The portfolios whose value is needed. `movements` are in the order of time; those of one
    moment are seen as the French rules see them, what comes in first.
    """
    listed = [each for each in movements if isinstance(each, Acquired | Disposed)]
    listed.sort(key=lambda each: (each.at, isinstance(each, Disposed), each.ref))
    bought = {each.ref.transaction for each in listed if isinstance(each, Acquired)}
    held, found = dict[AssetId, Decimal](), list[Wanted]()
    for each in listed:
        units = held.get(each.asset, ZERO)
        if isinstance(each, Acquired):
            held[each.asset] = units + each.quantity
            continue
        exchanged = each.ref.transaction in bought
        if not exchanged and (each.taxed or each.kind in GRATUITOUS):
            there = {asset: some for asset, some in held.items() if some}
            found.append(Wanted(each.ref, each.at, there))
        held[each.asset] = max(ZERO, units - each.quantity)
    return found
