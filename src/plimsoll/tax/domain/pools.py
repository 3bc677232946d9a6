"""Units of which only quantity and cost together are known, and how some of them are taken out.

What is taken carries the same fraction of the cost as of the quantity, rounded half-even to 1e-18
once; the last unit takes the rest, so that nothing is lost to rounding.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import ZERO, share
from plimsoll.tax.domain.movements import Acquired, Disposed, Earned, Movement
from plimsoll.tax.domain.results import (
    Matched,
    Pool,
    Rule,
    Shortfall,
    ShortfallPolicy,
    Slice,
    Term,
)


@dataclass(slots=True)
class Units:
    """A quantity and what all of it cost (or brought)."""

    quantity: Decimal = ZERO
    cost: Decimal = ZERO

    def add(self, quantity: Decimal, cost: Decimal) -> None:
        self.quantity += quantity
        self.cost += cost

    def take(self, quantity: Decimal) -> Decimal:
        """Take `quantity` out, no more than is there, and return its cost."""
        assert quantity <= self.quantity
        if not quantity:
            return ZERO
        cost = share(self.cost, quantity, self.quantity)
        self.quantity -= quantity
        self.cost -= cost
        return cost


def by_asset(
    movements: Iterable[Movement], matched: Matched
) -> list[tuple[AssetId, list[Acquired | Disposed]]]:
    """What came and went of each asset, in order of time; incomes go to `matched` at once.

    Who pools by owner does not ask in which account something lies: what is carried over from one
    to another changes nothing. Movements of one moment stay in the order in which they are given.
    """
    found: dict[AssetId, list[Acquired | Disposed]] = {}
    for movement in movements:
        if isinstance(movement, Acquired | Disposed):
            found.setdefault(movement.asset, []).append(movement)
        elif isinstance(movement, Earned):
            matched.incomes.append(movement)
    for listed in found.values():
        listed.sort(key=lambda movement: (movement.day, movement.at))
    return sorted(found.items())


def finish(matched: Matched) -> Matched:
    """Everything of all assets in order of time."""
    matched.slices.sort(key=lambda found: found.disposed.at)
    matched.shortfalls.sort(key=lambda found: found.at)
    matched.incomes.sort(key=lambda found: found.at)
    return matched


def keep(matched: Matched, asset: AssetId, units: Units) -> None:
    if units.quantity or units.cost:
        matched.pools.append(Pool(asset, None, units.quantity, units.cost))


def add_shortfall(
    matched: Matched,
    disposed: Disposed,
    *,
    quantity: Decimal,
    proceeds: Decimal,
    policy: ShortfallPolicy,
) -> None:
    """The part of a disposal that nobody knows the purchase of.

    Without a basis all of its proceeds are gain. An excluded part gets a cost equal to its
    proceeds: the disposal still adds up and nobody gains by it. A part that blocks is counted
    as without a basis; the shortfall says that the result is not to be used.
    """
    shortfall = Shortfall(
        disposed.ref, disposed.asset, disposed.account, disposed.at, quantity, policy
    )
    matched.shortfalls.append(shortfall)
    if not disposed.taxed:
        proceeds = ZERO
    cost = proceeds if policy is ShortfallPolicy.EXCLUDE else ZERO
    text = f"{written(quantity)} of {written(disposed.quantity)} have no known acquisition"
    matched.slices.append(
        Slice(disposed, None, None, quantity, proceeds, cost, Term.NONE, Rule.SHORTFALL, text)
    )


def written(amount: Decimal) -> str:
    """`amount` in full, for people: 1,234.5."""
    text = f"{amount:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
