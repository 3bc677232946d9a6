"""Lots of one pool, and which of them goes first.

A pool is the units of one asset that are matched with each other: of one account, or of everything
that the owner has. Its lots lie in a heap in the order of the method; a lot that is used up stays
there until it comes up, so that every step is O(log n).

A lot keeps its place (`index`: the order of acquisition, ties by id) wherever it is carried, so
that the day of a transfer has no effect, and parts of one lot that meet again become one.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from heapq import heapify, heappop, heappush
from typing import Final

from plimsoll.kernel.identifiers import AssetId, WalletId
from plimsoll.kernel.money import ZERO, share
from plimsoll.tax.domain.movements import Ref


class Method(StrEnum):
    """Which lot goes first."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    """The highest basis per unit, fees included; of equal ones the oldest."""
    LOFO = "lofo"


class Held:
    """Units of one acquisition in one pool. `unit` is their basis per unit when acquired; `day`
    when they came, `since` when the holding period began, `long_from` the first day on which it
    was long enough (None: nobody asks).
    """

    __slots__ = (
        "acquired_at",
        "cost",
        "day",
        "index",
        "long_from",
        "market_value",
        "quantity",
        "ref",
        "since",
        "unit",
    )

    def __init__(self, index: int, ref: Ref, *, acquired_at: datetime, day: date) -> None:
        self.index, self.ref, self.acquired_at = index, ref, acquired_at
        self.day = self.since = day
        self.long_from: date | None = None
        self.quantity = self.cost = self.unit = ZERO
        self.market_value: Decimal | None = None

    def part(self, quantity: Decimal, cost: Decimal, market_value: Decimal | None) -> "Held":
        """Units of the same lot for another pool, with this much of its cost."""
        held = Held(self.index, self.ref, acquired_at=self.acquired_at, day=self.day)
        held.since, held.long_from, held.unit = self.since, self.long_from, self.unit
        held.quantity, held.cost, held.market_value = quantity, cost, market_value
        return held


KEYS: Final[dict[Method, Callable[[Held], Decimal | int]]] = {
    Method.FIFO: lambda held: held.index,
    Method.LIFO: lambda held: -held.index,
    Method.HIFO: lambda held: -held.unit,
    Method.LOFO: lambda held: held.unit,
}
"""What each method sorts lots by: the smallest goes first, of equal ones the oldest."""

Entry = tuple[Decimal | int, int, int, Held]
"""Key, index, a number that makes it unique, the lot."""


class LotPool:
    """The lots of one pool, by their index; `account` None: of all that the owner has.

    The heap is of one method, and made anew when another one is asked for.
    """

    __slots__ = ("account", "asset", "heap", "key", "live", "method", "pushed")

    def __init__(self, asset: AssetId, account: WalletId | None) -> None:
        self.asset, self.account = asset, account
        self.live: dict[int, Held] = {}
        self.method: Method | None = None
        self.key = KEYS[Method.FIFO]
        self.heap: list[Entry] = []
        self.pushed = 0

    def add(self, held: Held) -> None:
        """Take a lot in; with a part of it that is here already it becomes one."""
        here = self.live.setdefault(held.index, held)
        if here is not held:
            here.quantity += held.quantity
            here.cost += held.cost
            if here.market_value is not None and held.market_value is not None:
                here.market_value += held.market_value
        elif self.method is not None:
            self.pushed += 1
            heappush(self.heap, (self.key(held), held.index, self.pushed, held))

    def first(self, method: Method) -> Held | None:
        """The lot that goes first; None when nothing is left."""
        if method is not self.method:
            self.method, self.key = method, KEYS[method]
            self.heap = [(self.key(held), n, 0, held) for n, held in self.live.items()]
            heapify(self.heap)
        heap = self.heap
        while heap:
            held = heap[0][3]
            if held.quantity:
                return held
            heappop(heap)
        return None

    def cut(self, held: Held, quantity: Decimal) -> tuple[Decimal, Decimal | None]:
        """Take units out: their cost and market value. The last ones take what is left of both."""
        whole, value = held.quantity, held.market_value
        if quantity == whole:
            cost = held.cost
            held.quantity = held.cost = ZERO
            del self.live[held.index]
            return cost, value
        cost = share(held.cost, quantity, whole)
        held.quantity = whole - quantity
        held.cost -= cost
        if value is not None:
            value = share(value, quantity, whole)
            assert held.market_value is not None
            held.market_value -= value
        return cost, value
