"""At which marks somebody has to be looked at, so that a new mark finds them without a search.

For each position of a market one price: for a long one it rings when the mark is at or below it,
for a short one at or above. A price set anew replaces the old one; what has rung is set no more.
Kept beside the state, never part of it: whoever restores a venue sets all of them again
(watching.look_at_everyone).
"""

from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from plimsoll.trading.domain.orders import Leg

Key = tuple[int, Leg]
"""An account and which position of it."""


@dataclass(slots=True, eq=False)
class Alarms:
    """Prices are signed, below zero for long positions: a position rings when its signed price is
    not above the mark with the same sign. Heaps have stale entries; `prices` says what counts.
    """

    prices: dict[Key, int] = field(default_factory=dict)
    falling: list[tuple[int, int, Leg]] = field(default_factory=list)
    rising: list[tuple[int, int, Leg]] = field(default_factory=list)

    def put(self, account: int, leg: Leg, *, price: int, long: bool) -> None:
        """`price` above zero, in ticks."""
        signed = -price if long else price
        if self.prices.get((account, leg)) == signed:
            return
        self.prices[account, leg] = signed
        heap = self.falling if long else self.rising
        heappush(heap, (signed, account, leg))
        if len(heap) > 2 * len(self.prices) + 64:
            self._tidy()

    def drop(self, account: int, leg: Leg) -> None:
        self.prices.pop((account, leg), None)

    def ring(self, mark: int) -> list[int]:
        """The accounts of those that `mark` reaches, which are set no more."""
        rung: list[int] = []
        for heap, signed_mark in ((self.falling, -mark), (self.rising, mark)):
            while heap and heap[0][0] <= signed_mark:
                price, account, leg = heappop(heap)
                if self.prices.get((account, leg)) == price:
                    del self.prices[account, leg]
                    rung.append(account)
        return rung

    def _tidy(self) -> None:
        """Without the stale entries: at most half of what is set, so rarely."""
        for heap, long in ((self.falling, True), (self.rising, False)):
            heap[:] = [
                (price, account, leg)
                for (account, leg), price in self.prices.items()
                if (price < 0) == long
            ]
            heapify(heap)
