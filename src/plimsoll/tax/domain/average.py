"""Moving average per account: all units of an asset in an account cost the same.

What goes out takes the same fraction of the cost as of the quantity; a transfer takes that cost to
the other account. Nobody asks how long. Source for Austria, by address or wallet since 2023:
KryptowährungsVO § 2.
"""

from collections.abc import Iterable

from plimsoll.kernel.identifiers import AssetId, WalletId
from plimsoll.kernel.money import ZERO, share
from plimsoll.tax.domain.movements import Acquired, Carried, Disposed, Earned, Movement
from plimsoll.tax.domain.pools import Units, add_shortfall, written
from plimsoll.tax.domain.results import (
    Matched,
    Pool,
    Rule,
    Shortfall,
    ShortfallPolicy,
    Slice,
    Term,
)

Key = tuple[AssetId, WalletId]


def match_average(
    movements: Iterable[Movement], policy: ShortfallPolicy = ShortfallPolicy.ZERO_BASIS
) -> Matched:
    """Slices, incomes and pools of `movements`, which are in the order of time."""
    matched, pools = Matched(), dict[Key, Units]()
    for movement in movements:
        match movement:
            case Acquired():
                pool = pools.setdefault((movement.asset, movement.account), Units())
                pool.add(movement.quantity, movement.cost)
            case Disposed():
                _dispose(matched, pools, movement, policy)
            case Carried():
                _carry(matched, pools, movement, policy)
            case Earned():
                matched.incomes.append(movement)
    matched.pools = [
        Pool(asset, account, units.quantity, units.cost)
        for (asset, account), units in sorted(pools.items(), key=lambda each: each[0])
        if units.quantity
    ]
    return matched


def _dispose(
    matched: Matched, pools: dict[Key, Units], movement: Disposed, policy: ShortfallPolicy
) -> None:
    pool = pools.setdefault((movement.asset, movement.account), Units())
    known = min(pool.quantity, movement.quantity)
    missing = movement.quantity - known
    proceeds = share(movement.proceeds, known, movement.quantity)
    if known:
        formula = f"average: {written(known)} of {written(pool.quantity)} for {written(pool.cost)}"
        cost = pool.take(known)
        brought = proceeds if movement.taxed else cost
        matched.slices.append(
            Slice(movement, None, None, known, brought, cost, Term.NONE, Rule.AVERAGE, formula)
        )
    if missing:
        rest = movement.proceeds - proceeds
        add_shortfall(matched, movement, quantity=missing, proceeds=rest, policy=policy)


def _carry(
    matched: Matched, pools: dict[Key, Units], movement: Carried, policy: ShortfallPolicy
) -> None:
    """What the source does not have arrives without cost, unless such units are excluded."""
    if movement.source == movement.target:
        return
    source = pools.setdefault((movement.asset, movement.source), Units())
    target = pools.setdefault((movement.asset, movement.target), Units())
    known = min(source.quantity, movement.quantity)
    missing = movement.quantity - known
    target.add(known, source.take(known))
    if missing:
        matched.shortfalls.append(
            Shortfall(movement.ref, movement.asset, movement.source, movement.at, missing, policy)
        )
        if policy is not ShortfallPolicy.EXCLUDE:
            target.add(missing, ZERO)
