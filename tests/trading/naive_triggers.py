"""Waiting orders as one would explain them: at each price every order is asked.

What the sorted lists and the groups of trailing stops are compared with; in fractions.
"""

import math
from dataclasses import dataclass, field
from fractions import Fraction

from plimsoll.trading.domain.orders import Order, OrderType, Side, TriggerOn

PROFITS = {OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_MARKET}


@dataclass
class NaiveTriggers:
    orders: dict[int, Order] = field(default_factory=dict)
    bests: dict[int, int] = field(default_factory=dict)
    prices: dict[TriggerOn, int] = field(default_factory=dict)

    def add(self, order: Order) -> None:
        self.orders[order.id] = order
        assert order.trigger is not None
        if price := self.prices.get(order.trigger):
            self.follow(order, price)

    def remove(self, order_id: int) -> None:
        del self.orders[order_id]
        self.bests.pop(order_id, None)

    def follow(self, order: Order, price: int) -> None:
        if order.type is not OrderType.TRAILING_STOP:
            return
        activation = order.trigger_price or price
        sells = order.side is Side.SELL
        best = self.bests.get(order.id)
        if best is None and (price >= activation if sells else price <= activation):
            self.bests[order.id] = price
        elif best is not None:
            self.bests[order.id] = max(best, price) if sells else min(best, price)

    def waits_for(self, order: Order) -> tuple[bool, int] | None:
        """Whether the price has to rise, and to where."""
        rises = (order.side is Side.BUY) != (order.type in PROFITS)
        if order.type is not OrderType.TRAILING_STOP:
            return rises, order.trigger_price
        if order.id not in self.bests:
            return None
        share = Fraction(order.callback_ppm, 1_000_000)
        if rises:
            return True, math.ceil(self.bests[order.id] * (1 + share))
        return False, math.floor(self.bests[order.id] * (1 - share))

    def reached(self, source: TriggerOn, price: int) -> list[int]:
        before = self.prices.get(source)
        self.prices[source] = price
        fired = []
        for order in list(self.orders.values()):
            if order.trigger is not source:
                continue
            target = self.waits_for(order)
            if target and (price >= target[1] if target[0] else price <= target[1]):
                way = target[1] - (before or 0) if target[0] else (before or 0) - target[1]
                fired.append((max(way, 0) if before else 0, order.id))
                self.remove(order.id)
            else:
                self.follow(order, price)
        return [order_id for _, order_id in sorted(fired)]
