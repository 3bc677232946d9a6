"""Who trades with whom: first a plan that changes nothing, then its execution.

The plan walks the other side from its best price, first come first, and notes what will happen:
the fills, and before them the orders that have to go or to shrink. An order is refused, expired or
checked against its margin on the plan, so nothing is ever half done. Liquidations and the house
trade by the same two steps.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from plimsoll.trading.domain.book import BUY, Book
from plimsoll.trading.domain.events import EndReason
from plimsoll.trading.domain.orders import Leg, Order, OrderStatus, Side, TimeInForce

# A member looked up on its class costs more than the comparison.
IOC: Final = TimeInForce.IOC
FOK: Final = TimeInForce.FOK
GTX: Final = TimeInForce.GTX

Room = Callable[[Order], int]
"""How much of its position a reduce-only maker may still close, as things are before the plan."""


class Match(NamedTuple):
    """A fill to come. `level` counts the prices that trade, from the best (0); `ahead` is what of
    this price goes to orders that came before the maker.
    """

    maker: Order
    price: int
    quantity: int
    level: int
    ahead: int


class Removal(NamedTuple):
    """A maker that leaves the book before anything is filled."""

    order: Order
    reason: EndReason


class Shrink(NamedTuple):
    """A maker whose whole quantity is lowered to `quantity` before anything is filled."""

    order: Order
    quantity: int


@dataclass(slots=True, eq=False)
class Plan:
    """`left` is what of the taker finds nobody; `bounded`: somebody waits beyond the limit."""

    left: int
    bounded: bool = False
    matches: list[Match] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)
    shrinks: list[Shrink] = field(default_factory=list)

    def value(self) -> int:
        """Σ price × quantity of the fills, in ticks × steps."""
        return sum(match.price * match.quantity for match in self.matches)


@dataclass(slots=True, eq=False)
class _Rooms:
    """What reduce-only makers may fill, given what the plan already has of their accounts: all
    makers of a plan are on one side, so each of them moves its position the same way.
    """

    room: Room
    planned: dict[tuple[int, Leg], int]

    @classmethod
    def of(cls, room: Room, matches: list[Match]) -> "_Rooms":
        rooms = cls(room, {})
        for match in matches:
            rooms.take(match.maker, match.quantity)
        return rooms

    def fit(self, maker: Order, outcome: Plan) -> int:
        """What of the maker may be filled; noted when that is less than what it offers."""
        offered = maker.quantity - maker.filled
        fits = self.room(maker) - self.planned.get((maker.account, maker.leg), 0)
        if fits <= 0:
            outcome.removals.append(Removal(maker, EndReason.NOTHING_TO_REDUCE))
            return 0
        if fits < offered:
            outcome.shrinks.append(Shrink(maker, maker.filled + fits))
            return fits
        return offered

    def take(self, maker: Order, quantity: int) -> None:
        key = (maker.account, maker.leg)
        self.planned[key] = self.planned.get(key, 0) + quantity


def plan(
    book: Book,
    *,
    account: int,
    side: Side,
    quantity: int,
    limit: int,
    room: Room,
    unable: Collection[int] = (),
) -> Plan:
    """What an order of `account` over `quantity` steps would do now, no further than `limit` ticks:
    its own price, the band for a market order, the bankruptcy price for a liquidation.

    An own order in the way is removed (self-trade prevention: the resting one goes), and so are
    those of `unable`: makers, by id, whose accounts could not pay for what the plan would give
    them. Changes nothing.
    """
    ladder = book.asks if side == BUY else book.bids
    sign, levels = ladder.sign, ladder.levels
    last_key = limit * sign
    outcome = Plan(quantity)
    rooms: _Rooms | None = None
    depth = 0
    for key in reversed(ladder.keys):
        if key < last_key:
            outcome.bounded = True
            break
        ahead = 0
        for maker in levels[key].orders.values():
            if maker.account == account or maker.id in unable:
                own = maker.account == account
                reason = EndReason.SELF_TRADE if own else EndReason.NOT_COVERED
                outcome.removals.append(Removal(maker, reason))
                continue
            offered = maker.quantity - maker.filled
            if maker.reduce_only:
                rooms = rooms or _Rooms.of(room, outcome.matches)
                offered = rooms.fit(maker, outcome)
                if not offered:
                    continue
            taken = min(offered, outcome.left)
            outcome.matches.append(Match(maker, key * sign, taken, depth, ahead))
            outcome.left -= taken
            if not outcome.left:
                return outcome
            if rooms is not None:
                rooms.take(maker, taken)
            ahead += taken
        if ahead:
            depth += 1
    return outcome


def verdict(taker: Order, outcome: Plan) -> EndReason | None:
    """Why the order ends here, before anything is changed; None: it may be executed."""
    if taker.time_in_force is GTX and (outcome.matches or outcome.removals):
        return EndReason.WOULD_TAKE
    if taker.time_in_force is FOK and outcome.left:
        return EndReason.IMMEDIATE
    return None


def execute(book: Book, taker: Order, outcome: Plan) -> EndReason | None:
    """Make the plan true in the book and in the orders: quantities, costs, states. None: what is
    left of the taker rests in the book; else why it has ended.

    Money, positions and events are the caller's, from the plan. The plan has to be of this moment.
    """
    for maker, _ in outcome.removals:
        book.remove(maker)
        maker.status = OrderStatus.CANCELLED
    for maker, quantity in outcome.shrinks:
        book.shrink(maker, quantity)
    for maker, price, quantity, _, _ in outcome.matches:
        book.fill(maker, quantity)
        if maker.filled == maker.quantity:
            maker.status = OrderStatus.FILLED
        taker.filled += quantity
        taker.cost += price * quantity
    if taker.filled == taker.quantity:
        taker.status = OrderStatus.FILLED
        return EndReason.DONE
    if taker.price and taker.time_in_force is not IOC and taker.time_in_force is not FOK:
        taker.status = OrderStatus.OPEN
        book.add(taker)
        return None
    taker.status = OrderStatus.EXPIRED
    return EndReason.BAND if outcome.bounded and not taker.price else EndReason.IMMEDIATE
