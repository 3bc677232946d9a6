"""An order: what somebody wants, and what has become of it.

Prices are whole ticks of the instrument, quantities whole steps, both above zero; the side says the
direction. `id` is made from the number of the command that placed it, so equal commands make equal
orders, and an order with a smaller id came first.
"""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

IDS_PER_COMMAND: Final = 1 << 20
"""More orders than one command can make: its own, what is attached to all that it fills, and what
liquidations need.
"""


class Side(IntEnum):
    """The sign by which an order changes a position."""

    BUY = 1
    SELL = -1


class OrderType(StrEnum):
    LIMIT = "limit"
    MARKET = "market"
    STOP = "stop"
    """Becomes a limit order when the trigger price is reached against the position's favour."""
    STOP_MARKET = "stop-market"
    TAKE_PROFIT = "take-profit"
    """Becomes a limit order when the trigger price is reached in favour."""
    TAKE_PROFIT_MARKET = "take-profit-market"
    TRAILING_STOP = "trailing-stop"
    """A market order once the price has come back by a share from its best since activation."""


class TimeInForce(StrEnum):
    GTC = "gtc"
    """Rests until it is cancelled."""
    IOC = "ioc"
    """Fills what it can at once; the rest is cancelled."""
    FOK = "fok"
    """All at once or nothing."""
    GTX = "gtx"
    """Post only: expires instead of taking liquidity."""
    GTD = "gtd"
    """Rests until a moment."""


class Leg(StrEnum):
    """Which position of the symbol is meant: the one of one-way mode, or one of hedge mode."""

    NET = "net"
    LONG = "long"
    SHORT = "short"

    __hash__ = str.__hash__  # the enum's own is written in Python, and positions are kept by leg


class TriggerOn(StrEnum):
    MARK = "mark"
    LAST = "last"


class OrderStatus(StrEnum):
    WAITING = "waiting"
    """Its trigger has not been reached."""
    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@dataclass(slots=True, eq=False)
class Order:
    """`price` 0: at whatever the market gives. `cost` is Σ price × quantity of its fills, in ticks
    times steps.
    """

    id: int
    account: int
    symbol: str
    side: Side
    type: OrderType
    quantity: int
    price: int
    time_in_force: TimeInForce
    leg: Leg = Leg.NET
    reduce_only: bool = False
    close_position: bool = False
    client_id: str | None = None
    expires_at_ms: int = 0
    trigger: TriggerOn | None = None
    trigger_price: int = 0
    callback_ppm: int = 0
    """How far a trailing stop follows, in millionths of the best price."""
    best_price: int = 0
    """The best price since a trailing stop was activated; 0 before."""
    siblings: tuple[int, ...] = ()
    """Orders of which the first to fill cancels the others."""
    attached: tuple["Attached", ...] = ()
    """Placed when this one fills."""
    children: tuple[int, ...] = ()
    """The orders that were attached, once they are placed; they grow with further fills."""
    status: OrderStatus = OrderStatus.OPEN
    filled: int = 0
    cost: int = 0
    placed_at_ms: int = 0
    open_loss: int = field(default=0)
    """Money held because the order would lose at once at the mark of its placing."""

    @property
    def remaining(self) -> int:
        return self.quantity - self.filled


@dataclass(frozen=True, slots=True)
class Attached:
    """A take profit or stop that follows a fill of its parent, on the other side, reducing only."""

    type: OrderType
    trigger_price: int
    trigger: TriggerOn = TriggerOn.MARK
    price: int = 0
