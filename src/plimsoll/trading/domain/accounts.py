"""Who trades, what they have, and what they owe.

An account has a purse for spot (a balance of each asset, with what open orders hold of it) and a
margin wallet for perpetuals, both in hundred-millionths. A position keeps its cost, not its entry
price: the signed sum of price × quantity × unit of what is open, so that no rounding is repeated.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from plimsoll.trading.domain.orders import Leg, Order


class MarginMode(StrEnum):
    CROSS = "cross"
    """All cross positions stand for each other with the whole wallet."""
    ISOLATED = "isolated"
    """A position stands for itself with what was put aside for it."""


class TradingState(StrEnum):
    """Of an account, a market or the whole venue; the strictest one counts."""

    ACTIVE = "active"
    REDUCE_ONLY = "reduce-only"
    HALTED = "halted"


@dataclass(slots=True, eq=False)
class Balance:
    """`held` of `total` is reserved by open spot orders."""

    total: int = 0
    held: int = 0


@dataclass(slots=True, eq=False)
class Position:
    """`quantity` in steps, below zero when short; `cost` in money, with the sign of the quantity.

    `isolated` is the money put aside for it, part of the wallet; 0 in cross mode.
    """

    quantity: int = 0
    cost: int = 0
    isolated: int = 0


@dataclass(slots=True, eq=False)
class Exposure:
    """Everything an account has in one perpetual: settings, positions, and its open orders summed.

    `orders` are the open and the waiting ones; `reducing` those of them that only reduce. `bids`
    and `asks` are the notional of open orders that may increase a position; `bid_loss` and
    `ask_loss` what they would lose at once, by the mark of their placing.
    """

    symbol: str
    leverage: int
    mode: MarginMode = MarginMode.CROSS
    positions: dict[Leg, Position] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    reducing: dict[int, Order] = field(default_factory=dict)
    bids: int = 0
    asks: int = 0
    bid_loss: int = 0
    ask_loss: int = 0


@dataclass(slots=True, eq=False)
class Account:
    """`wallet` is the margin wallet; never below zero after a command. `leverage_cap` is the
    person's tier.
    """

    id: int
    leverage_cap: int
    fee_tier: int = 0
    wallet: int = 0
    balances: dict[str, Balance] = field(default_factory=dict)
    exposures: dict[str, Exposure] = field(default_factory=dict)
    spot_orders: dict[str, dict[int, Order]] = field(default_factory=dict)
    """Open and waiting ones, by symbol; those in perpetuals are with their exposure."""
    hedge: bool = False
    state: TradingState = TradingState.ACTIVE
    house: bool = False
    """A maker of the venue's own: no leverage cap, no fees."""
    countdown_at_ms: int = 0
    """The dead man's switch: when all its orders are cancelled; 0: never."""
