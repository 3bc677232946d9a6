"""Canada: adjusted cost base (ACB) of everything an owner has of an asset, and superficial losses.

A disposal takes the average cost. A loss is superficial (ITA s54) as far as identical property was
acquired in the 61 days around the disposal, 30 before to 30 after, and is still owned at their
end: denied is loss × MIN(disposed of, acquired in those days, held at their end) ÷ disposed of.
The denied part is added to the ACB of what is held (s53(1)(f)); where the disposal left nothing,
to that of the next units that come in. In a slice it is taken off the cost, so that costs still
add up: in = out + held.

The same units may deny more than one loss: the law does not say which loss they stand for. Owners
are single people here: what an affiliated person buys is not seen.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from plimsoll.kernel.money import ZERO, share
from plimsoll.tax.domain.movements import Acquired, Disposed, Movement
from plimsoll.tax.domain.pools import Units, add_shortfall, by_asset, finish, keep, written
from plimsoll.tax.domain.results import Matched, Rule, ShortfallPolicy, Slice, Term

WINDOW: Final = timedelta(days=30)


def match(
    movements: Iterable[Movement],
    *,
    policy: ShortfallPolicy = ShortfallPolicy.ZERO_BASIS,
) -> Matched:
    """Every disposal at average cost, its loss allowed as far as it is not superficial."""
    matched = Matched()
    for asset, listed in by_asset(movements, matched):
        history = _history(listed)
        pool, waiting = Units(), ZERO
        for movement in listed:
            if isinstance(movement, Acquired):
                pool.add(movement.quantity, movement.cost + waiting)
                waiting = ZERO
                continue
            denied = _dispose(matched, movement, pool, history, policy)
            if pool.quantity:
                pool.cost += denied
            else:
                waiting += denied
        assert not waiting, "who holds something when the days end acquired it after the disposal"
        keep(matched, asset, pool)
    return finish(matched)


def _dispose(
    matched: Matched, disposed: Disposed, pool: Units, history: "_History", policy: ShortfallPolicy
) -> Decimal:
    """Add the slices of a disposal; the part of its loss that is denied is returned."""
    quantity = min(disposed.quantity, pool.quantity)
    worth = Units(disposed.quantity, disposed.proceeds)
    denied = ZERO
    if quantity:
        text = f"ACB: {written(quantity)} of {written(pool.quantity)} for C${written(pool.cost)}"
        cost = pool.take(quantity)
        proceeds = worth.take(quantity) if disposed.taxed else cost
        if cost > proceeds:
            denied, why = history.deny(disposed.day, sold=quantity, loss=cost - proceeds)
            text += why
        matched.slices.append(
            Slice(
                disposed,
                None,
                None,
                quantity,
                proceeds,
                cost - denied,
                Term.NONE,
                Rule.ACB,
                text,
                denied,
            )
        )
    short = disposed.quantity - quantity
    if short:
        add_shortfall(matched, disposed, quantity=short, proceeds=worth.cost, policy=policy)
    return denied


class _History(NamedTuple):
    """By day: what had been acquired in all, and what was held, when the day ended."""

    days: list[date]
    acquired: list[Decimal]
    held: list[Decimal]

    def deny(self, on: date, *, sold: Decimal, loss: Decimal) -> tuple[Decimal, str]:
        """The superficial part of a loss, and why it is one."""
        first, last = on - WINDOW, on + WINDOW
        before, end = bisect_left(self.days, first), bisect_right(self.days, last)
        bought = self.acquired[end - 1] - (self.acquired[before - 1] if before else ZERO)
        held = self.held[end - 1]
        superficial = min(sold, bought, held)
        if not superficial:
            return ZERO, ""
        denied = share(loss, superficial, sold)
        return denied, (
            f"; superficial loss: C${written(denied)} of C${written(loss)} denied and added to "
            f"the ACB of what is held: MIN(sold {written(sold)}, acquired {written(bought)} from "
            f"{first.isoformat()} to {last.isoformat()}, held then {written(held)}) ÷ "
            f"{written(sold)}"
        )


def _history(listed: list[Acquired | Disposed]) -> _History:
    history = _History([], [], [])
    acquired = held = ZERO
    for movement in listed:
        if isinstance(movement, Acquired):
            acquired += movement.quantity
            held += movement.quantity
        else:
            held = max(ZERO, held - movement.quantity)
        if not history.days or history.days[-1] != movement.day:
            history.days.append(movement.day)
            history.acquired.append(acquired)
            history.held.append(held)
        else:
            history.acquired[-1], history.held[-1] = acquired, held
    return history
