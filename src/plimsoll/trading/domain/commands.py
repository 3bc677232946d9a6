"""What the machine can be told. Each command is one step: it happens whole or is refused whole.

Every command carries its number and its time; numbers grow by one, times never fall. Amounts are in
the machine's units (ticks, steps, hundred-millionths). Tuples, because they are journaled by the
thousand; the names in `COMMANDS` are what the journal calls them and never change their meaning.
"""

from typing import Final, NamedTuple

from plimsoll.trading.domain.accounts import MarginMode, TradingState
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.orders import (
    Attached,
    Leg,
    OrderType,
    Side,
    TimeInForce,
    TriggerOn,
)


class OpenAccount(NamedTuple):
    seq: int
    at_ms: int
    account: int
    leverage_cap: int
    fee_tier: int = 0
    house: bool = False


class SetTier(NamedTuple):
    """What the person's experience allows; positions that are beyond it stay and can be reduced."""

    seq: int
    at_ms: int
    account: int
    leverage_cap: int
    fee_tier: int


class Deposit(NamedTuple):
    """Paper money: `amount` above zero into the margin wallet, or into spot."""

    seq: int
    at_ms: int
    account: int
    asset: str
    amount: int
    spot: bool = False


class Withdraw(NamedTuple):
    seq: int
    at_ms: int
    account: int
    asset: str
    amount: int
    spot: bool = False


class Transfer(NamedTuple):
    """Between the two purses of an account: above zero into the margin wallet, below out of it."""

    seq: int
    at_ms: int
    account: int
    amount: int


class PlaceOrder(NamedTuple):
    """`price` 0 for orders at the market's price; `leverage` 0 leaves it as it is."""

    seq: int
    at_ms: int
    account: int
    symbol: str
    side: Side
    type: OrderType
    quantity: int
    price: int = 0
    time_in_force: TimeInForce = TimeInForce.GTC
    leg: Leg = Leg.NET
    reduce_only: bool = False
    close_position: bool = False
    client_id: str | None = None
    expires_at_ms: int = 0
    trigger: TriggerOn | None = None
    trigger_price: int = 0
    callback_ppm: int = 0
    leverage: int = 0
    attached: tuple[Attached, ...] = ()


class AmendOrder(NamedTuple):
    """A new price or total quantity, 0 leaves it; loses its place in the queue unless only the
    quantity falls. Where it loses it, it counts for the rate like a new order: `counted` is False
    only in journals that are older than this rule.
    """

    seq: int
    at_ms: int
    account: int
    order: int
    price: int = 0
    quantity: int = 0
    counted: bool = False


class CancelOrder(NamedTuple):
    seq: int
    at_ms: int
    account: int
    order: int


class CancelAll(NamedTuple):
    """Of one symbol, or of all when it is empty."""

    seq: int
    at_ms: int
    account: int
    symbol: str = ""


class Countdown(NamedTuple):
    """The dead man's switch: unless set again, all orders are cancelled at that time; 0: off."""

    seq: int
    at_ms: int
    account: int
    until_ms: int


class SetLeverage(NamedTuple):
    seq: int
    at_ms: int
    account: int
    symbol: str
    leverage: int


class SetMarginMode(NamedTuple):
    """Only without position and open orders in the symbol."""

    seq: int
    at_ms: int
    account: int
    symbol: str
    mode: MarginMode


class SetHedge(NamedTuple):
    """Two positions for each symbol, or one; only without any position and open order."""

    seq: int
    at_ms: int
    account: int
    hedge: bool


class MoveMargin(NamedTuple):
    """To an isolated position (above zero) or away from it."""

    seq: int
    at_ms: int
    account: int
    symbol: str
    leg: Leg
    amount: int


class Quote(NamedTuple):
    """A maker of the house replaces all its orders of a symbol: (price, quantity) of each level.

    `index_price`: where the market is about to go, which the price band is then around; 0: around
    the mark. So that who is liquidated by a gap meets the market on its other side.
    """

    seq: int
    at_ms: int
    account: int
    symbol: str
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    index_price: int = 0


class SetIndex(NamedTuple):
    """The index price of a symbol, in ticks; the mark follows, then triggers and liquidations."""

    seq: int
    at_ms: int
    symbol: str
    index_price: int


class PassTime(NamedTuple):
    """Time alone: what expires, counts down, or is due for funding."""

    seq: int
    at_ms: int


class SetState(NamedTuple):
    """`symbol` and `account` empty: the whole venue; one of them given: that market or account."""

    seq: int
    at_ms: int
    state: TradingState
    symbol: str = ""
    account: int = 0


class SetLimits(NamedTuple):
    """The most notional an account, and all together, may have; orders in a second for an account.
    0: no limit.
    """

    seq: int
    at_ms: int
    account_notional: int
    venue_notional: int
    orders_per_second: int


class ListInstrument(NamedTuple):
    seq: int
    at_ms: int
    instrument: Instrument


class ForceReduce(NamedTuple):
    """An operator closes a part of somebody's position at the market."""

    seq: int
    at_ms: int
    account: int
    symbol: str
    leg: Leg
    quantity: int


class FundInsurance(NamedTuple):
    seq: int
    at_ms: int
    amount: int


Command = (
    OpenAccount
    | SetTier
    | Deposit
    | Withdraw
    | Transfer
    | PlaceOrder
    | AmendOrder
    | CancelOrder
    | CancelAll
    | Countdown
    | SetLeverage
    | SetMarginMode
    | SetHedge
    | MoveMargin
    | Quote
    | SetIndex
    | PassTime
    | SetState
    | SetLimits
    | ListInstrument
    | ForceReduce
    | FundInsurance
)

COMMANDS: Final[dict[str, type[Command]]] = {
    "open-account": OpenAccount,
    "set-tier": SetTier,
    "deposit": Deposit,
    "withdraw": Withdraw,
    "transfer": Transfer,
    "place-order": PlaceOrder,
    "amend-order": AmendOrder,
    "cancel-order": CancelOrder,
    "cancel-all": CancelAll,
    "countdown": Countdown,
    "set-leverage": SetLeverage,
    "set-margin-mode": SetMarginMode,
    "set-hedge": SetHedge,
    "move-margin": MoveMargin,
    "quote": Quote,
    "set-index": SetIndex,
    "pass-time": PassTime,
    "set-state": SetState,
    "set-limits": SetLimits,
    "list-instrument": ListInstrument,
    "force-reduce": ForceReduce,
    "fund-insurance": FundInsurance,
}
