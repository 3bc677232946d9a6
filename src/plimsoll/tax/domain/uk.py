"""The United Kingdom's share identification rules, as HMRC applies them to tokens.

All acquisitions of an asset on one UK day are one, and all disposals are one (TCGA 1992 s105). The
day's disposal is, in this order, of
  1. what was acquired on the same day (s105);
  2. for an individual, what was acquired in the 30 days after it: the earliest disposal first, the
     earliest acquisition first (s106A); for a company, what was acquired in the nine days before
     it, first in, first out (s107(3), the ten-day rule; HMRC CG51615);
  3. the section 104 pool: everything else that was ever acquired, at average cost.

Where one day has several disposals, each is the same fraction of everything that the day's
disposal was matched with. A disposal that is not taxed (to a spouse, to a charity) is identified
like any other and then goes at its cost, neither gain nor loss.

A pool that does not suffice is a shortfall: acquisitions after 30 days, which s105(2) would take
in the end, can hardly be where coins came from that had left before.

O(n log n): days are sorted once and swept with two pointers. Source: HMRC Cryptoassets Manual
CRYPTO22200 onwards and 41300 onwards.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from plimsoll.kernel.money import ZERO, share
from plimsoll.tax.domain.movements import Acquired, Disposed, Movement, Ref
from plimsoll.tax.domain.pools import Units, add_shortfall, by_asset, finish, keep, written
from plimsoll.tax.domain.results import Matched, Rule, ShortfallPolicy, Slice, Term

AFTER: Final = timedelta(days=30)
BEFORE: Final = timedelta(days=9)
"""The disposal's own day is the last of the ten."""


class Holder(StrEnum):
    INDIVIDUAL = "individual"
    COMPANY = "company"


@dataclass(slots=True)
class _Bought(Units):
    """What was acquired on one UK day and is not matched yet. `acquired` is the leg that brought
    it all, None of more than one.
    """

    on: date = date.min
    acquired: Ref | None = None


@dataclass(slots=True)
class _Source(Units):
    """Units that a day's disposal was found to be of."""

    rule: Rule = Rule.SHORTFALL
    acquired: Ref | None = None
    acquired_on: date | None = None
    formula: str = ""


@dataclass(slots=True)
class _Sold:
    """What was disposed of on one UK day. `left` is what nothing has been found for yet."""

    on: date
    disposed: list[Disposed]
    left: Decimal
    sources: list[_Source]

    def take_from(self, bought: _Bought, rule: Rule) -> None:
        """Match as much as there is with what was acquired on a day."""
        quantity = min(self.left, bought.quantity)
        if quantity:
            where = f"acquired on {bought.on.isoformat()}"
            text = _formula(rule, quantity, bought, where)
            cost = bought.take(quantity)
            self.sources.append(_Source(quantity, cost, rule, bought.acquired, bought.on, text))
            self.left -= quantity


def match(
    movements: Iterable[Movement],
    *,
    holder: Holder = Holder.INDIVIDUAL,
    policy: ShortfallPolicy = ShortfallPolicy.ZERO_BASIS,
) -> Matched:
    """Which units every disposal was of, and the section 104 pools that remain."""
    matched = Matched()
    for asset, listed in by_asset(movements, matched):
        buying, selling = _days(listed)
        _match_same_day(buying, selling)
        if holder is Holder.COMPANY:
            _match_days_before(buying, selling)
        else:
            _match_days_after(buying, selling)
        keep(matched, asset, _match_pool(buying, selling))
        for day in selling:
            _add_slices(matched, day, policy)
    return finish(matched)


def _days(listed: list[Acquired | Disposed]) -> tuple[list[_Bought], list[_Sold]]:
    buying: list[_Bought] = []
    selling: list[_Sold] = []
    for movement in listed:
        if isinstance(movement, Acquired):
            if buying and buying[-1].on == movement.day:
                buying[-1].acquired = None
                buying[-1].add(movement.quantity, movement.cost)
            else:
                bought = _Bought(movement.quantity, movement.cost, movement.day, movement.ref)
                buying.append(bought)
        elif selling and selling[-1].on == movement.day:
            selling[-1].disposed.append(movement)
            selling[-1].left += movement.quantity
        else:
            selling.append(_Sold(movement.day, [movement], movement.quantity, []))
    return buying, selling


def _match_same_day(buying: list[_Bought], selling: list[_Sold]) -> None:
    on = {bought.on: bought for bought in buying}
    for sold in selling:
        bought = on.get(sold.on)
        if bought is not None:
            sold.take_from(bought, Rule.SAME_DAY)


def _match_days_after(buying: list[_Bought], selling: list[_Sold]) -> None:
    """Both pointers only go forward: what an earlier disposal left of an acquisition is there for
    the next one, and what lies too early for one disposal lies too early for all later ones.
    """
    acquisitions = iter(buying)
    bought = next(acquisitions, None)
    for sold in selling:
        while sold.left and bought is not None and bought.on <= sold.on + AFTER:
            if bought.on > sold.on:
                sold.take_from(bought, Rule.THIRTY_DAYS)
            if bought.on <= sold.on or not bought.quantity:
                bought = next(acquisitions, None)


def _match_days_before(buying: list[_Bought], selling: list[_Sold]) -> None:
    acquisitions = iter(buying)
    bought = next(acquisitions, None)
    for sold in selling:
        while sold.left and bought is not None and bought.on < sold.on:
            if bought.on >= sold.on - BEFORE:
                sold.take_from(bought, Rule.TEN_DAYS)
            if bought.on < sold.on - BEFORE or not bought.quantity:
                bought = next(acquisitions, None)


def _match_pool(buying: list[_Bought], selling: list[_Sold]) -> Units:
    """What is left of a day's acquisitions is in the pool before its disposals: only one of the
    two can have anything left.
    """
    pool = Units()
    position = 0
    for sold in selling:
        while position < len(buying) and buying[position].on <= sold.on:
            pool.add(buying[position].quantity, buying[position].cost)
            position += 1
        quantity = min(sold.left, pool.quantity)
        if quantity:
            text = _formula(Rule.SECTION_104, quantity, pool, "in the pool")
            cost = pool.take(quantity)
            sold.sources.append(_Source(quantity, cost, Rule.SECTION_104, formula=text))
        if sold.left != quantity:
            sold.sources.append(_Source(sold.left - quantity))
    for bought in buying[position:]:
        pool.add(bought.quantity, bought.cost)
    return pool


def _formula(rule: Rule, quantity: Decimal, units: Units, where: str) -> str:
    name = "section 104" if rule is Rule.SECTION_104 else rule.value
    part = f"{written(quantity)} of {written(units.quantity)} {where}"
    return f"{name}: {part} for £{written(units.cost)}"


def _add_slices(matched: Matched, day: _Sold, policy: ShortfallPolicy) -> None:
    """By reference and not by the hour, so that the order within the day changes nothing."""
    if len(day.disposed) == 1:
        parts = [source.quantity for source in day.sources]
        _add_slices_of(matched, day.disposed[0], zip(day.sources, parts, strict=True), policy)
        return
    total = left = sum((disposed.quantity for disposed in day.disposed), ZERO)
    for disposed in sorted(day.disposed, key=lambda disposed: disposed.ref):
        parts = _parts(day.sources, wanted=disposed.quantity, left=left)
        note = f"; {written(disposed.quantity)} of {written(total)} disposed of that day"
        _add_slices_of(matched, disposed, zip(day.sources, parts, strict=True), policy, note)
        left -= disposed.quantity


def _add_slices_of(
    matched: Matched,
    disposed: Disposed,
    parts: Iterable[tuple[_Source, Decimal]],
    policy: ShortfallPolicy,
    note: str = "",
) -> None:
    left, worth = disposed.quantity, disposed.proceeds
    for source, quantity in parts:
        if not quantity:
            continue
        cost, proceeds = source.take(quantity), share(worth, quantity, left)
        left -= quantity
        worth -= proceeds
        if source.rule is Rule.SHORTFALL:
            add_shortfall(matched, disposed, quantity=quantity, proceeds=proceeds, policy=policy)
            continue
        matched.slices.append(
            Slice(
                disposed,
                source.acquired,
                source.acquired_on,
                quantity,
                proceeds if disposed.taxed else cost,
                cost,
                Term.NONE,
                source.rule,
                source.formula + note,
            )
        )


def _parts(sources: list[_Source], *, wanted: Decimal, left: Decimal) -> list[Decimal]:
    """`wanted` of the `left` units in `sources`, the same fraction of each.

    What rounding leaves comes from the first that has it: none gives more than it has.
    """
    if wanted == left:
        return [source.quantity for source in sources]
    parts: list[Decimal] = []
    rest = wanted
    for source in sources:
        part = share(source.quantity, wanted, left)
        parts.append(min(part, rest))
        rest -= parts[-1]
    for position, source in enumerate(sources):
        if not rest:
            break
        more = min(rest, source.quantity - parts[position])
        parts[position] += more
        rest -= more
    return parts
