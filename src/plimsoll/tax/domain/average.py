"""Moving average per account: all units of an asset in an account cost the same.

What goes out takes the same fraction of the cost as of the quantity; a transfer takes that cost to
the other account. Nobody asks how long. Source for Austria, by address or wallet since 2023:
KryptowährungsVO § 2.
"""

from collections.abc import Iterable
from decimal import Decimal

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


def match_average(
    movements: Iterable[Movement], policy: ShortfallPolicy = ShortfallPolicy.ZERO_BASIS
) -> Matched:
    """Slices, incomes and pools of `movements`, which are in the order of time."""
    averages = Averages(policy)
    for movement in movements:
        averages.apply(movement)
    return averages.finish()


class Averages:
    """The pools while movements pass, in the order of time."""

    def __init__(self, policy: ShortfallPolicy) -> None:
        self.policy, self.matched = policy, Matched()
        self.pools: dict[tuple[AssetId, WalletId], Units] = {}

    def apply(self, movement: Movement) -> None:
        match movement:
            case Acquired():
                pool = self._pool(movement.asset, movement.account)
                pool.add(movement.quantity, movement.cost)
            case Disposed():
                self._dispose(movement)
            case Carried():
                self._carry(movement)
            case Earned():
                self.matched.incomes.append(movement)

    def finish(self) -> Matched:
        self.matched.pools = [
            Pool(asset, account, units.quantity, units.cost)
            for (asset, account), units in sorted(self.pools.items(), key=lambda each: each[0])
            if units.quantity
        ]
        return self.matched

    def exchange(self, movement: Disposed) -> Decimal:
        """Units leave at their cost, which is returned: it goes on to what was taken for them."""
        return self._dispose(movement._replace(taxed=False))

    def _pool(self, asset: AssetId, account: WalletId) -> Units:
        return self.pools.setdefault((asset, account), Units())

    def _dispose(self, movement: Disposed) -> Decimal:
        pool, cost = self._pool(movement.asset, movement.account), ZERO
        known = min(pool.quantity, movement.quantity)
        missing = movement.quantity - known
        proceeds = share(movement.proceeds, known, movement.quantity)
        if known:
            text = f"average: {written(known)} of {written(pool.quantity)} for {written(pool.cost)}"
            cost = pool.take(known)
            brought = proceeds if movement.taxed else cost
            self.matched.slices.append(
                Slice(movement, None, None, known, brought, cost, Term.NONE, Rule.AVERAGE, text)
            )
        if missing:
            rest = movement.proceeds - proceeds
            add_shortfall(
                self.matched, movement, quantity=missing, proceeds=rest, policy=self.policy
            )
        return cost

    def _carry(self, movement: Carried) -> None:
        """What the source does not have arrives without cost, unless such units are excluded."""
        if movement.source == movement.target:
            return
        source = self._pool(movement.asset, movement.source)
        target = self._pool(movement.asset, movement.target)
        known = min(source.quantity, movement.quantity)
        missing = movement.quantity - known
        target.add(known, source.take(known))
        if missing:
            self.matched.shortfalls.append(
                Shortfall(
                    movement.ref,
                    movement.asset,
                    movement.source,
                    movement.at,
                    missing,
                    self.policy,
                )
            )
            if self.policy is not ShortfallPolicy.EXCLUDE:
                target.add(missing, ZERO)
