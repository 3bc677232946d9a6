"""Trailing stops of one source and side: followed in groups, not one by one.

Everything here is in heights: the price for stops that sell, minus the price for those that buy,
so that on both sides higher is better. An active stop follows the greatest height since its
activation. When a new height beats the best of several stops it is the best of all of them from
then on, so they become one group and move together, at no cost for each. A stop is looked at again
only when it is the nearest of its group and reached.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import Final

from plimsoll.trading.domain.instruments import MILLION
from plimsoll.trading.domain.orders import Order

AT_ONCE: Final = -(1 << 128)
"""Below every height: the activation of a stop that waits for none."""


@dataclass(slots=True, eq=False)
class Group:
    """Stops that follow one best height, as (callback, id): the nearest first."""

    best: int
    stops: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Trails:
    """`sign` is 1 for stops that sell, −1 for those that buy.

    `idle`: (height of activation, id, callback), sorted. `groups` by their best; `depths`: −best of
    each, sorted, so that the lowest comes last. `levels`: (height at which the nearest stop of a
    group is reached, its best), sorted. `homes`: the group of each active stop.
    """

    sign: int
    idle: list[tuple[int, int, int]] = field(default_factory=list)
    groups: dict[int, Group] = field(default_factory=dict)
    depths: list[int] = field(default_factory=list)
    levels: list[tuple[int, int]] = field(default_factory=list)
    homes: dict[int, Group] = field(default_factory=dict)

    def add(self, order: Order, price: int) -> None:
        """`price`: the latest one, 0 before there is any. An order with a best price goes on from
        there; one whose activation has been reached begins at `price`.
        """
        activation = order.trigger_price * self.sign if order.trigger_price else AT_ONCE
        if order.best_price:
            self._join(order.best_price * self.sign, order.callback_ppm, order.id)
        elif price and activation <= price * self.sign:
            self._join(price * self.sign, order.callback_ppm, order.id)
        else:
            insort(self.idle, (activation, order.id, order.callback_ppm))

    def remove(self, order: Order) -> None:
        group = self.homes.pop(order.id, None)
        if group is None:
            activation = order.trigger_price * self.sign if order.trigger_price else AT_ONCE
            del self.idle[bisect_left(self.idle, (activation, order.id))]
            return
        self._unlist(group)
        del group.stops[bisect_left(group.stops, (order.callback_ppm, order.id))]
        self._list(group)

    def best_price(self, order_id: int) -> int:
        """0: not active."""
        group = self.homes.get(order_id)
        return group.best * self.sign if group else 0

    def move(self, price: int) -> list[tuple[int, int, int]]:
        """The stops that a new price reaches, as (price at which, id, best price); they are
        forgotten here. Others are activated by it, or follow it.
        """
        height = price * self.sign
        reached: list[tuple[int, int, int]] = []
        while self.levels and self.levels[-1][0] >= height:
            group = self.groups[self.levels[-1][1]]
            self._unlist(group)
            count = 0
            for callback, order_id in group.stops:
                level = self._level(group.best, callback)
                if level < height:
                    break
                count += 1
                del self.homes[order_id]
                reached.append((level * self.sign, order_id, group.best * self.sign))
            del group.stops[:count]
            self._list(group)
        if self.depths and -self.depths[-1] < height:
            self._raise(height)
        woken = bisect_left(self.idle, (height + 1,))
        for _, order_id, callback in self.idle[:woken]:
            self._join(height, callback, order_id)
        del self.idle[:woken]
        return reached

    def _level(self, best: int, callback: int) -> int:
        """The greatest whole height that is a callback, a share of the best price, below it."""
        return best * (MILLION - self.sign * callback) // MILLION

    def _join(self, best: int, callback: int, order_id: int) -> None:
        group = self.groups.get(best)
        if group is None:
            group = Group(best)
        else:
            self._unlist(group)
        self.homes[order_id] = group
        insort(group.stops, (callback, order_id))
        self._list(group)

    def _raise(self, height: int) -> None:
        """One group of all whose best is not above. The smaller is poured into the larger, so that
        a stop changes its group a few times in its life.
        """
        one: Group | None = None
        while self.depths and -self.depths[-1] <= height:
            group = self.groups[-self.depths[-1]]
            self._unlist(group)
            if one is None:
                one = group
                continue
            if len(one.stops) < len(group.stops):
                one, group = group, one
            for stop in group.stops:
                self.homes[stop[1]] = one
                insort(one.stops, stop)
        assert one is not None
        one.best = height
        self._list(one)

    def _list(self, group: Group) -> None:
        """An empty group is not listed, so it is forgotten."""
        if group.stops:
            self.groups[group.best] = group
            insort(self.depths, -group.best)
            insort(self.levels, (self._level(group.best, group.stops[0][0]), group.best))

    def _unlist(self, group: Group) -> None:
        """Before its best or its nearest stop changes."""
        del self.groups[group.best]
        del self.depths[bisect_left(self.depths, -group.best)]
        level = (self._level(group.best, group.stops[0][0]), group.best)
        del self.levels[bisect_left(self.levels, level)]
