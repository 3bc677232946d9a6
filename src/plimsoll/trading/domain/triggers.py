"""Orders that wait for a price: stops, take profits, trailing stops of one market.

For each source (mark, last) and direction the waiting orders are sorted by the price they wait for,
so a move finds those it reaches without a look at the others; trailing stops are followed in
groups (trailing.py). Nobody is reached by being added, only by the next price.

What one price reaches comes in the order in which the price passed it on its way: by distance from
the price before, then the older order. A cascade inside of one command is a queue: append what
`reached` returns for each price in turn, and take from the front; an order may have been cancelled
meanwhile by those before it, so look at its status. A taker that trades at several prices says the
first and the last of them, one after the other.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from plimsoll.trading.domain.orders import Order, OrderType, Side, TriggerOn
from plimsoll.trading.domain.trailing import Trails

BUY: Final = Side.BUY
MARK: Final = TriggerOn.MARK
TRAILING: Final = OrderType.TRAILING_STOP
RISING: Final = 1
FALLING: Final = -1


def direction(order: Order) -> int:
    """Whether the price has to rise or to fall to the trigger price (not for trailing stops): a
    stop buys above and sells below, a take profit the other way round.
    """
    profit = order.type in {OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_MARKET}
    return -int(order.side) if profit else int(order.side)


@dataclass(slots=True, eq=False)
class Watch:
    """Those who wait for one source. `price` is its latest, 0 before the first.

    `rising` and `falling`: (price × direction, id), sorted: the next to be reached comes first.
    """

    price: int = 0
    rising: list[tuple[int, int]] = field(default_factory=list)
    falling: list[tuple[int, int]] = field(default_factory=list)
    selling: Trails = field(default_factory=lambda: Trails(1))
    buying: Trails = field(default_factory=lambda: Trails(-1))

    def trails(self, order: Order) -> Trails:
        return self.buying if order.side == BUY else self.selling

    def line(self, order: Order) -> tuple[list[tuple[int, int]], tuple[int, int]]:
        """Where a fixed trigger waits, and as what."""
        way = direction(order)
        return self.rising if way == RISING else self.falling, (order.trigger_price * way, order.id)

    def move(self, price: int) -> list[tuple[int, int, int]]:
        """(distance, id, best price of a trailing stop) of those it reaches, in this order; they
        wait no more.
        """
        before, self.price = self.price, price
        reached: list[tuple[int, int, int]] = []
        for way, line in ((RISING, self.rising), (FALLING, self.falling)):
            if line and line[0][0] <= price * way:
                count = bisect_left(line, (price * way + 1,))
                reached += [(_distance(key, before * way), each, 0) for key, each in line[:count]]
                del line[:count]
        for way, trails in ((FALLING, self.selling), (RISING, self.buying)):
            for level, each, best in trails.move(price):
                reached.append((_distance(level * way, before * way), each, best))
        reached.sort()
        return reached


def _distance(key: int, start: int) -> int:
    """How far the price had to go; nothing when it was there already, or there was no price."""
    return max(key - start, 0) if start else 0


@dataclass(slots=True, eq=False)
class Triggers:
    """All waiting orders of a market, `orders` by id as they came."""

    orders: dict[int, Order] = field(default_factory=dict)
    mark: Watch = field(default_factory=Watch)
    last: Watch = field(default_factory=Watch)

    @classmethod
    def of(cls, orders: Iterable[Order], *, mark: int, last: int) -> "Triggers":
        """As they were: the waiting orders, refreshed, and the latest prices (0: none)."""
        triggers = cls(mark=Watch(mark), last=Watch(last))
        for order in orders:
            triggers.add(order)
        return triggers

    def add(self, order: Order) -> None:
        """A trailing stop without activation price, or beyond it, follows from the present price;
        one with a best price goes on from there.
        """
        self.orders[order.id] = order
        watch = self._watch(order)
        if order.type is TRAILING:
            watch.trails(order).add(order, watch.price)
        else:
            insort(*watch.line(order))

    def remove(self, order: Order) -> None:
        """A KeyError when it does not wait. Before its trigger, type or side is changed."""
        del self.orders[order.id]
        watch = self._watch(order)
        if order.type is TRAILING:
            trails = watch.trails(order)
            order.best_price = trails.best_price(order.id)
            trails.remove(order)
        else:
            line, entry = watch.line(order)
            del line[bisect_left(line, entry)]

    def reached(self, source: TriggerOn, price: int) -> list[Order]:
        """The orders that this new price of a source reaches, in the order in which they fire; they
        wait no more. Their status is the caller's.
        """
        watch = self.mark if source is MARK else self.last
        fired: list[Order] = []
        for _, order_id, best in watch.move(price):
            order = self.orders.pop(order_id)
            order.best_price = best
            fired.append(order)
        return fired

    def refresh(self) -> None:
        """Write the best prices that trailing stops have followed to into the orders, for whoever
        stores or hashes them: until then they are known to their group only. Looks at all of them.
        """
        for order in self.orders.values():
            if order.type is TRAILING:
                order.best_price = self._watch(order).trails(order).best_price(order.id)

    def best_price(self, order: Order) -> int:
        """What a waiting trailing stop follows; 0: it is not active."""
        return self._watch(order).trails(order).best_price(order.id)

    def _watch(self, order: Order) -> Watch:
        return self.mark if order.trigger is MARK else self.last
