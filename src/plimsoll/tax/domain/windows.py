"""Purchases near a sale that change what the sale is: thirty days after, or before and after.

United Kingdom: what is acquired in the 30 days after a disposal is matched with it (TCGA 1992
s106A). Canada: a loss is superficial as far as identical property was acquired from 30 days before
to 30 days after and is still held then (ITA s54). United States: a loss with a purchase so near
would be a wash sale if IRC 1091 spoke of such assets, which it does not; a person may have it
pointed out from a day on. No figure is changed by that.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import ZERO
from plimsoll.tax.domain.movements import Acquired, Disposed, Movement, Ref
from plimsoll.tax.domain.pools import written
from plimsoll.tax.domain.results import Slice

WINDOW: Final = timedelta(days=30)


class Purchases:
    """The days on which each asset was acquired, in order."""

    def __init__(self, movements: Iterable[Movement]) -> None:
        self.days: dict[AssetId, list[date]] = {}
        self.refs: dict[AssetId, list[Ref]] = {}
        for movement in movements:
            if isinstance(movement, Acquired):
                self.days.setdefault(movement.asset, []).append(movement.day)
                self.refs.setdefault(movement.asset, []).append(movement.ref)

    def near(self, asset: AssetId, day: date, *, sold: Iterable[Ref] = ()) -> list[date]:
        """Days within 30 before or after, but not the acquisitions of what was `sold`."""
        days, refs = self.days.get(asset, []), self.refs.get(asset, [])
        start, stop = bisect_left(days, day - WINDOW), bisect_right(days, day + WINDOW)
        own = set(sold)
        return [days[n] for n in range(start, stop) if refs[n] not in own]


def wash_sales(
    movements: Iterable[Movement], slices: Iterable[Slice], *, first: date, last: date
) -> list[str]:
    """Losses of these days that have a purchase within 30 days, one sentence per disposal."""
    losses: dict[Ref, tuple[Disposed, list[Slice]]] = {}
    for each in slices:
        if first <= each.disposed.day <= last and each.disposed.taxed and each.gain < 0:
            losses.setdefault(each.disposed.ref, (each.disposed, []))[1].append(each)
    if not losses:
        return []
    purchases, told = Purchases(movements), []
    for ref, (disposed, parts) in losses.items():
        sold = [part.acquired for part in parts if part.acquired is not None]
        near = purchases.near(disposed.asset, disposed.day, sold=sold)
        if near:
            loss = -sum((part.gain for part in parts), ZERO)
            told.append(
                f"{ref.transaction}: a loss of {written(loss)} on {disposed.day.isoformat()} with "
                f"a purchase of {disposed.asset} on {near[0].isoformat()}: a wash sale, were IRC "
                "1091 to apply; no figure was changed"
            )
    return told
