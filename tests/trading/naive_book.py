"""The book as one would explain it: a list of orders, searched from end to end for each fill.

What the real book and the real plan are compared with. Everything happens at once here, one fill
after the other, with the positions as they are at that moment; all or nothing is tried on a copy.
"""

import copy
from dataclasses import dataclass, field

from plimsoll.trading.domain.orders import Order, Side, TimeInForce

Fill = tuple[int, int, int]
"""Maker, price, quantity."""


@dataclass
class NaiveBook:
    """`orders` as they came; `positions` by account."""

    orders: list[Order] = field(default_factory=list)
    positions: dict[int, int] = field(default_factory=dict)

    def place(self, taker: Order, *, limit: int) -> list[Fill]:
        if taker.time_in_force is TimeInForce.GTX and self.best_against(taker, limit):
            return []
        if taker.time_in_force is TimeInForce.FOK:
            attempt, tried = copy.deepcopy(self), copy.copy(taker)
            attempt.take(tried, limit=limit)
            if tried.remaining:
                return []
        fills = self.take(taker, limit=limit)
        if taker.remaining and taker.price and taker.time_in_force is not TimeInForce.IOC:
            self.orders.append(taker)
        return fills

    def take(self, taker: Order, *, limit: int) -> list[Fill]:
        fills: list[Fill] = []
        while taker.remaining and (maker := self.best_against(taker, limit)):
            if maker.account == taker.account:
                self.orders.remove(maker)
                continue
            if maker.reduce_only:
                room = max(0, -maker.side * self.positions.get(maker.account, 0))
                if not room:
                    self.orders.remove(maker)
                    continue
                maker.quantity = maker.filled + min(maker.remaining, room)
            quantity = min(maker.remaining, taker.remaining)
            fills.append((maker.id, maker.price, quantity))
            for order in (taker, maker):
                order.filled += quantity
                held = self.positions.get(order.account, 0)
                self.positions[order.account] = held + order.side * quantity
            if not maker.remaining:
                self.orders.remove(maker)
        return fills

    def best_against(self, taker: Order, limit: int) -> Order | None:
        """Of those within the limit the best price, and of those the first that came: `min` and
        `max` return the first of equals.
        """
        others = [each for each in self.orders if each.side != taker.side]
        if taker.side is Side.BUY:
            within = [each for each in others if each.price <= limit]
            return min(within, key=lambda each: each.price, default=None)
        within = [each for each in others if each.price >= limit]
        return max(within, key=lambda each: each.price, default=None)

    def side(self, side: Side) -> list[Order]:
        """In priority: `sorted` keeps those of one price as they came."""
        mine = [each for each in self.orders if each.side is side]
        return sorted(mine, key=lambda each: -side * each.price)

    def depth(self, side: Side) -> list[tuple[int, int]]:
        levels: dict[int, int] = {}
        for order in self.side(side):
            levels[order.price] = levels.get(order.price, 0) + order.remaining
        return list(levels.items())
