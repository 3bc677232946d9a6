"""What pools held when a day ended, where the law looks ahead.

An acquisition after the day may belong to a disposal before it, so the history up to the day does
not say what was in the pool. But nothing is lost: what came until then, less what went until then
of what had come until then, is what was there.
"""

from collections.abc import Iterable
from datetime import date

from plimsoll.kernel.identifiers import AssetId
from plimsoll.tax.domain.movements import Acquired, Movement
from plimsoll.tax.domain.pools import Units
from plimsoll.tax.domain.results import Pool, Rule, Slice


def pools_at(
    movements: Iterable[Movement], slices: Iterable[Slice], last: date
) -> tuple[Pool, ...]:
    """Units and cost by asset. What a law denied of a loss is in the cost of what is held."""
    pools: dict[AssetId, Units] = {}
    for movement in movements:
        if isinstance(movement, Acquired) and movement.day <= last:
            pools.setdefault(movement.asset, Units()).add(movement.quantity, movement.cost)
    for each in slices:
        later = each.acquired_on is not None and each.acquired_on > last
        if each.disposed.day <= last and not later and each.rule is not Rule.SHORTFALL:
            pools[each.disposed.asset].add(-each.quantity, -each.cost)
    return tuple(
        Pool(asset, None, units.quantity, units.cost)
        for asset, units in sorted(pools.items())
        if units.quantity or units.cost
    )
