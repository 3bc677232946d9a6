"""Margin and liquidation once more, from the formulas and in fractions of whole coins.

Nothing here knows ticks, steps or hundred-millionths until the very end. Maintenance is taxed
bracket by bracket instead of by a deduction; entries are averaged prices instead of costs; a
liquidation price is looked for by asking at prices, starting from the root of the published
formula.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

SMALLEST = Fraction(1, 10**8)
FAR = 10**15
"""Ticks that no price reaches."""


@dataclass(frozen=True)
class Tier:
    floor: Fraction
    rate: Fraction
    cum: Fraction


@dataclass
class Leg:
    """`side` is 1 for long, −1 for short; `size` above zero, in coins; `entry` their average."""

    side: int
    size: Fraction
    entry: Fraction

    def profit(self, price: Fraction) -> Fraction:
        return self.side * self.size * (price - self.entry)


def rounded_up(amount: Fraction, quantum: Fraction = SMALLEST) -> Fraction:
    return math.ceil(amount / quantum) * quantum


def maintenance(tiers: Sequence[Tier], notional: Fraction) -> Fraction:
    """Each part of the notional at the rate of its own tier."""
    ends = [*(tier.floor for tier in tiers[1:]), None]
    due = Fraction(0)
    for tier, end in zip(tiers, ends, strict=True):
        top = notional if end is None else min(notional, end)
        due += max(Fraction(0), top - tier.floor) * tier.rate
    return due


def is_liquidated(
    tiers: Sequence[Tier], legs: Sequence[Leg], wallet: Fraction, price: Fraction
) -> bool:
    balance = wallet + sum((leg.profit(price) for leg in legs), Fraction(0))
    kept = sum((maintenance(tiers, leg.size * price) for leg in legs), Fraction(0))
    return balance <= rounded_up(kept)


def root(tiers: Sequence[Tier], leg: Leg, wallet: Fraction) -> Fraction | None:
    """(WB + cum − s·Q·E) ÷ (Q·MMR − s·Q), of the tier in which Q times the root lies."""
    ends = [*(tier.floor for tier in tiers[1:]), None]
    for tier, end in zip(tiers, ends, strict=True):
        top = wallet + tier.cum - leg.side * leg.size * leg.entry
        price = top / (leg.size * tier.rate - leg.side * leg.size)
        if tier.floor <= leg.size * price and (end is None or leg.size * price < end):
            return price
    return None


def first_tick(tiers: Sequence[Tier], leg: Leg, wallet: Fraction, tick: Fraction) -> int | None:
    """The tick at which it is liquidated while it is not at the next safer one."""

    def liquidated(at: int) -> bool:
        return is_liquidated(tiers, [leg], wallet, at * tick)

    start = root(tiers, leg, wallet)
    at = max(1, math.floor((start or 0) / tick))
    if leg.side > 0:
        while liquidated(at + 1):
            at += 1
        while at > 0 and not liquidated(at):
            at -= 1
        return at or None
    while at > 1 and liquidated(at - 1):
        at -= 1
    while not liquidated(at):
        at += 1
    return at


def shown_tick(tiers: Sequence[Tier], leg: Leg, wallet: Fraction, tick: Fraction) -> int | None:
    """The root on the tick that liquidates earlier, and not later than somebody is liquidated."""
    first = first_tick(tiers, leg, wallet, tick)
    if first is None:
        return None
    price = (root(tiers, leg, wallet) or Fraction(0)) / tick
    return max(first, math.ceil(price)) if leg.side > 0 else max(1, min(first, math.floor(price)))


def shown_range(
    tiers: Sequence[Tier], legs: Sequence[Leg], wallet: Fraction, tick: Fraction
) -> tuple[int, int] | None:
    """The ends of what is safe for all legs together, outwards of nothing that is; 0 and beyond
    `FAR`: there is no end on that side. None: nothing is safe.

    Each is where the exact ratio is 100 %, on the tick towards what is safe, or the first tick at
    which the rounded one is.
    """

    def left(at: int) -> Fraction:
        profit = sum((leg.profit(at * tick) for leg in legs), wallet)
        return profit - sum((maintenance(tiers, leg.size * at * tick) for leg in legs), Fraction(0))

    safe = _ticks(
        tiers, legs, tick, left, lambda at: not is_liquidated(tiers, legs, wallet, at * tick)
    )
    covered = _ticks(tiers, legs, tick, left, lambda at: left(at) >= 0)
    if safe is None or covered is None:
        return None
    low, high = safe[0] - 1, safe[1] + 1
    return max(low, covered[0]) if low else 0, min(high, covered[1]) if high <= FAR else high


def _ticks(
    tiers: Sequence[Tier],
    legs: Sequence[Leg],
    tick: Fraction,
    left: Callable[[int], Fraction],
    safe: Callable[[int], bool],
) -> tuple[int, int] | None:
    """The first and the last tick that are safe; None: there is none.

    What is left is concave in the price: between a safe and an unsafe tick there is one change. The
    most is left where a leg changes its tier, or at an end.
    """
    bends = {
        max(1, math.floor(tier.floor / leg.size / tick) + step)
        for tier, leg, step in product(tiers, legs, (0, 1))
        if leg.size
    }
    best = max(sorted(bends | {1, FAR}), key=left)
    if not safe(best):
        return None
    return _change(safe, best, 0), _change(safe, best, FAR + 1)


def _change(safe: Callable[[int], bool], inside: int, outside: int) -> int:
    """The last safe tick from `inside` on towards `outside`, which is not safe by definition."""
    while abs(inside - outside) > 1:
        middle = (inside + outside) // 2
        if safe(middle):
            inside = middle
        else:
            outside = middle
    return inside


def bankruptcy(leg: Leg, wallet: Fraction, tick: Fraction, exit_fee: Fraction) -> int | None:
    """(E − s·W/Q) ÷ (1 − s·f), on the tick where nothing is owed yet."""
    price = (leg.entry - leg.side * wallet / leg.size) / (1 - leg.side * exit_fee) / tick
    if leg.side > 0:
        return max(0, math.ceil(price)) or None
    return max(1, math.floor(price))


@dataclass
class Averaged:
    """A position kept by its average entry. `realised` is exact, before fees."""

    quantity: Fraction = Fraction(0)
    entry: Fraction = Fraction(0)
    realised: Fraction = Fraction(0)

    def fill(self, quantity: Fraction, price: Fraction) -> None:
        """`quantity` with its sign: adding averages, reducing realises, flipping begins anew."""
        after = self.quantity + quantity
        if self.quantity * quantity >= 0:
            self.entry = (self.quantity * self.entry + quantity * price) / after
        else:
            closed = min(abs(quantity), abs(self.quantity))
            side = 1 if self.quantity > 0 else -1
            self.realised += side * closed * (price - self.entry)
            if after * self.quantity < 0:
                self.entry = price
        self.quantity = after
