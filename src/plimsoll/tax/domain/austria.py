"""Austria: moving average per wallet, and coins exchanged for coins without a result.

In an exchange of coins for coins since 1 March 2022 (§ 27b (3) Nr. 2 EStG 1988) nothing is
realised: the cost of what was given is the cost of what came, and what was paid beyond it is added.
What came is worth less than what was given, fees apart, only where money came too: such an
exchange counts as a sale as a whole, which a warning says.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Final

from plimsoll.kernel.money import ZERO, share
from plimsoll.tax.domain.average import Averages
from plimsoll.tax.domain.movements import Acquired, Disposed, Movement
from plimsoll.tax.domain.results import Matched, ShortfallPolicy

NEUTRAL_FROM: Final = date(2022, 3, 1)


def match(
    movements: Iterable[Movement], policy: ShortfallPolicy = ShortfallPolicy.ZERO_BASIS
) -> Matched:
    """Slices, incomes and pools of `movements`, which are in the order of time."""
    averages = Averages(policy)
    for _, grouped in groupby(movements, key=lambda movement: movement.ref.transaction):
        group = list(grouped)
        given, taken = _sides(group)
        if given and taken and group[0].day >= NEUTRAL_FROM and _is_whole(given, taken, averages):
            _exchange(group, given, taken, averages)
        else:
            for movement in group:
                averages.apply(movement)
    return averages.finish()


def _sides(group: Sequence[Movement]) -> tuple[list[Disposed], list[Acquired]]:
    """What is given for what comes in: what leaves after it came is a fee withheld from it."""
    taken = [movement for movement in group if isinstance(movement, Acquired)]
    given = list[Disposed]()
    for movement in group:
        if isinstance(movement, Acquired):
            break
        if isinstance(movement, Disposed) and movement.taxed:
            given.append(movement)
    return given, taken


def _is_whole(given: list[Disposed], taken: list[Acquired], averages: Averages) -> bool:
    """Whether nothing but coins came."""
    went = sum((each.proceeds for each in given), ZERO)
    if went <= sum((each.cost for each in taken), ZERO):
        return True
    averages.matched.warnings.append(
        f"{given[0].ref.transaction}: more was given than came in coins; it counts as a sale"
    )
    return False


def _exchange(
    group: Sequence[Movement], given: list[Disposed], taken: list[Acquired], averages: Averages
) -> None:
    values = sum((each.cost for each in taken), ZERO)
    beyond = max(ZERO, values - sum((each.proceeds + each.fees for each in given), ZERO))
    carried = sum((averages.exchange(each) for each in given), ZERO) + beyond
    costs = _spread(carried, [each.cost for each in taken])
    went = {each.ref for each in given}
    for movement in group:
        if isinstance(movement, Acquired):
            averages.apply(movement._replace(cost=next(costs)))
        elif movement.ref not in went:
            averages.apply(movement)


def _spread(whole: Decimal, weights: Sequence[Decimal]) -> Iterator[Decimal]:
    """`whole` by weight; the last takes what is left."""
    left, total = whole, sum(weights, ZERO)
    for weight in weights[:-1]:
        part = share(whole, weight, total) if total else ZERO
        left -= part
        yield part
    yield left
