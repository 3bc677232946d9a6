"""Who waits at which price: open limit orders in price-time priority.

Each side keeps its prices in one sorted list with the best at its end, and at each price a queue.
A new price is found by bisection; a place at the best of the book, where nearly everything happens,
is found at once. Prices are ticks, quantities steps. Plain on purpose: what a faster form
has to equal.
"""

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from plimsoll.trading.domain.orders import Order, Side

BUY: Final = Side.BUY


class Depth(NamedTuple):
    """The best levels of each side as (price, quantity), the best first."""

    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


@dataclass(slots=True, eq=False)
class Level:
    """The queue at one price, first come first, and the sum of what remains of its orders.

    An `OrderedDict`, because a plain dict walks over everything that has left before its first.
    """

    orders: OrderedDict[int, Order] = field(default_factory=OrderedDict)
    quantity: int = 0


@dataclass(slots=True, eq=False)
class Ladder:
    """One side of the book. A key is price × `sign`, so that on both sides the largest is best;
    `keys` are sorted and are those of `levels`.
    """

    sign: int
    keys: list[int] = field(default_factory=list)
    levels: dict[int, Level] = field(default_factory=dict)

    def best(self) -> int:
        """0: nobody is here."""
        return self.keys[-1] * self.sign if self.keys else 0

    def drop(self, key: int) -> None:
        """Forget a price at which nobody waits any more."""
        del self.levels[key]
        keys = self.keys
        if keys[-1] == key:
            keys.pop()
        else:
            del keys[bisect_left(keys, key)]

    def depth(self, count: int) -> tuple[tuple[int, int], ...]:
        sign, levels = self.sign, self.levels
        return tuple((key * sign, levels[key].quantity) for key in self.keys[: -count - 1 : -1])


def _bids() -> Ladder:
    return Ladder(1)


def _asks() -> Ladder:
    return Ladder(-1)


@dataclass(slots=True, eq=False)
class Book:
    """The open limit orders of one market. Who adds an order has matched it first (matching.py)."""

    bids: Ladder = field(default_factory=_bids)
    asks: Ladder = field(default_factory=_asks)

    def best_bid(self) -> int:
        """0: there is none."""
        return self.bids.best()

    def best_ask(self) -> int:
        """0: there is none."""
        return self.asks.best()

    def crosses(self, side: Side, price: int) -> bool:
        """Whether an order at this price would meet one of the other side."""
        ladder = self.asks if side == BUY else self.bids
        return bool(ladder.keys) and ladder.keys[-1] >= price * ladder.sign

    def crossed(self) -> bool:
        """Never after a command."""
        return bool(self.bids.keys and self.asks.keys) and self.best_bid() >= self.best_ask()

    def add(self, order: Order) -> None:
        """Last in the queue at its price."""
        ladder = self.bids if order.side == BUY else self.asks
        key = order.price * ladder.sign
        level = ladder.levels.get(key)
        if level is None:
            level = ladder.levels[key] = Level()
            if ladder.keys and key < ladder.keys[-1]:
                insort(ladder.keys, key)
            else:
                ladder.keys.append(key)
        level.orders[order.id] = order
        level.quantity += order.quantity - order.filled

    def remove(self, order: Order) -> None:
        """Whatever is left of it; a KeyError when it is not in the book."""
        ladder = self.bids if order.side == BUY else self.asks
        key = order.price * ladder.sign
        level = ladder.levels[key]
        del level.orders[order.id]
        if level.orders:
            level.quantity -= order.quantity - order.filled
        else:
            ladder.drop(key)

    def fill(self, order: Order, quantity: int) -> None:
        """At its own price; an order of which nothing remains leaves the book."""
        ladder = self.bids if order.side == BUY else self.asks
        key = order.price * ladder.sign
        level = ladder.levels[key]
        order.filled += quantity
        order.cost += quantity * order.price
        assert order.filled <= order.quantity
        if order.filled < order.quantity:
            level.quantity -= quantity
            return
        del level.orders[order.id]
        if level.orders:
            level.quantity -= quantity
        else:
            ladder.drop(key)

    def shrink(self, order: Order, quantity: int) -> None:
        """Lower the whole quantity of an order, which keeps its place; something has to remain."""
        assert order.filled < quantity <= order.quantity
        self.level(order).quantity -= order.quantity - quantity
        order.quantity = quantity

    def level(self, order: Order) -> Level:
        """Where the order waits; a KeyError when nobody waits at its price."""
        ladder = self.bids if order.side == BUY else self.asks
        return ladder.levels[order.price * ladder.sign]

    def ahead(self, order: Order) -> int:
        """The quantity that is served before the order at its price. Walks the queue up to it: for
        answers, not for every command.
        """
        before = 0
        for other in self.level(order).orders.values():
            if other is order:
                return before
            before += other.quantity - other.filled
        raise KeyError(order.id)

    def depth(self, count: int) -> Depth:
        """`count` levels of each side."""
        return Depth(self.bids.depth(count), self.asks.depth(count))

    def impact(self, side: Side, notional: int) -> tuple[int, int] | None:
        """The average price in ticks, as numerator and denominator, at which a market order of
        `notional` (ticks × steps, above zero; money / unit) would be filled now; None when the book
        does not hold as much.

        Exact: the last level gives a broken number of steps. With S spent for Q steps on the
        levels before one of price p, the average is N / (Q + (N − S) / p) = N·p / (Q·p + N − S).
        """
        ladder = self.asks if side == BUY else self.bids
        spent = steps = 0
        for key in reversed(ladder.keys):
            price = key * ladder.sign
            quantity = ladder.levels[key].quantity
            if spent + price * quantity >= notional:
                return notional * price, steps * price + notional - spent
            spent += price * quantity
            steps += quantity
        return None

    def orders(self) -> Iterator[Order]:
        """In priority, bids and then asks; added in this order they make the same book again."""
        for ladder in (self.bids, self.asks):
            for key in reversed(ladder.keys):
                yield from ladder.levels[key].orders.values()

    def __contains__(self, order: Order) -> bool:
        ladder = self.bids if order.side == BUY else self.asks
        level = ladder.levels.get(order.price * ladder.sign)
        return level is not None and order.id in level.orders
