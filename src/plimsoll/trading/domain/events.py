"""What happened, in the past tense: enough to tell everyone concerned and to write read models.

Amounts are in the machine's units. Tuples, in the order in which things happened; the names in
`EVENTS` are what the journal calls them and never change their meaning.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from plimsoll.trading.domain.accounts import MarginMode, TradingState
from plimsoll.trading.domain.orders import Leg, OrderType, Side, TimeInForce, TriggerOn


class Refused(NamedTuple):
    """The command changed nothing. `facts` are the numbers behind the code."""

    code: str
    detail: str
    facts: tuple[tuple[str, int | str], ...] = ()


class AccountOpened(NamedTuple):
    account: int


class WalletReason(StrEnum):
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    TRANSFER = "transfer"
    PROFIT = "profit"
    FEE = "fee"
    FUNDING = "funding"
    LIQUIDATION_FEE = "liquidation-fee"
    INSURANCE = "insurance"
    """The fund makes good what a wallet could not pay."""
    TRADE = "trade"


class WalletChanged(NamedTuple):
    """`asset` empty: the margin wallet; else a spot balance. `balance` is what it is now."""

    account: int
    asset: str
    change: int
    balance: int
    reason: WalletReason
    order: int = 0


class OrderAccepted(NamedTuple):
    order: int
    account: int
    symbol: str
    side: Side
    type: OrderType
    quantity: int
    price: int
    time_in_force: TimeInForce
    leg: Leg
    reduce_only: bool
    client_id: str | None
    trigger: TriggerOn | None
    trigger_price: int
    parent: int = 0


class OrderTriggered(NamedTuple):
    order: int
    account: int
    price: int


class FillCause(StrEnum):
    ORDER = "order"
    LIQUIDATION = "liquidation"
    TAKEOVER = "takeover"
    DELEVERAGING = "deleveraging"


class Filled(NamedTuple):
    """One side of a fill; both sides come one after the other, the taker first.

    `level` counts price levels from the best (0), `ahead` is the quantity that stood before the
    maker's order at its price: why this price and this quantity. `profit` is before fees.
    """

    fill: int
    order: int
    account: int
    symbol: str
    side: Side
    leg: Leg
    price: int
    quantity: int
    fee: int
    profit: int
    maker: bool
    cause: FillCause
    other_order: int
    level: int
    ahead: int


class OrderEnd(StrEnum):
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class EndReason(StrEnum):
    DONE = "done"
    ASKED = "asked"
    COUNTDOWN = "countdown"
    IMMEDIATE = "immediate"
    """What could not be filled at once."""
    WOULD_TAKE = "would-take"
    TIME = "time"
    SELF_TRADE = "self-trade"
    BAND = "band"
    NOTHING_TO_REDUCE = "nothing-to-reduce"
    SIBLING = "sibling"
    LIQUIDATION = "liquidation"
    DELEVERAGING = "deleveraging"
    HALTED = "halted"
    NOT_COVERED = "not-covered"
    """Triggered, or filled in part, and the margin for it is not there any more."""
    REPLACED = "replaced"

    __hash__ = str.__hash__  # the enum's own is written in Python, and every order ends


class OrderEnded(NamedTuple):
    order: int
    account: int
    symbol: str
    end: OrderEnd
    reason: EndReason
    filled: int


class OrderAmended(NamedTuple):
    order: int
    account: int
    price: int
    quantity: int


class PositionChanged(NamedTuple):
    account: int
    symbol: str
    leg: Leg
    quantity: int
    cost: int
    isolated: int


class LeverageSet(NamedTuple):
    account: int
    symbol: str
    leverage: int


class MarginModeSet(NamedTuple):
    account: int
    symbol: str
    mode: MarginMode


class HedgeSet(NamedTuple):
    account: int
    hedge: bool


class CountdownSet(NamedTuple):
    account: int
    until_ms: int


class TierSet(NamedTuple):
    account: int
    leverage_cap: int
    fee_tier: int


class InstrumentListed(NamedTuple):
    symbol: str


class MarkSet(NamedTuple):
    symbol: str
    index_price: int
    mark: int
    funding: int
    """The rate as it stands, in hundred-millionths."""


class FundingSettled(NamedTuple):
    """At a stamp; `rate` in hundred-millionths. What each account paid is a WalletChanged."""

    symbol: str
    stamp_ms: int
    rate: int
    mark: int


class LiquidationStarted(NamedTuple):
    """`margin` is less than `maintenance`; `symbol` empty for a cross account as a whole."""

    account: int
    symbol: str
    margin: int
    maintenance: int


class TakenOver(NamedTuple):
    """The fund took a position at its bankruptcy price."""

    account: int
    symbol: str
    leg: Leg
    quantity: int
    price: int


class Deleveraged(NamedTuple):
    """Somebody in profit had a part of a position closed at a bankrupt's price."""

    account: int
    symbol: str
    leg: Leg
    quantity: int
    price: int
    rank: int


class InsuranceChanged(NamedTuple):
    change: int
    balance: int
    account: int = 0
    """Whose liquidation it was; 0: an operator."""


class StateSet(NamedTuple):
    state: TradingState
    symbol: str
    account: int


class LimitsSet(NamedTuple):
    account_notional: int
    venue_notional: int
    orders_per_second: int


Event = (
    Refused
    | AccountOpened
    | WalletChanged
    | OrderAccepted
    | OrderTriggered
    | Filled
    | OrderEnded
    | OrderAmended
    | PositionChanged
    | LeverageSet
    | MarginModeSet
    | HedgeSet
    | CountdownSet
    | TierSet
    | InstrumentListed
    | MarkSet
    | FundingSettled
    | LiquidationStarted
    | TakenOver
    | Deleveraged
    | InsuranceChanged
    | StateSet
    | LimitsSet
)

EVENTS: Final[dict[str, type[Event]]] = {
    "refused": Refused,
    "account-opened": AccountOpened,
    "wallet-changed": WalletChanged,
    "order-accepted": OrderAccepted,
    "order-triggered": OrderTriggered,
    "filled": Filled,
    "order-ended": OrderEnded,
    "order-amended": OrderAmended,
    "position-changed": PositionChanged,
    "leverage-set": LeverageSet,
    "margin-mode-set": MarginModeSet,
    "hedge-set": HedgeSet,
    "countdown-set": CountdownSet,
    "tier-set": TierSet,
    "instrument-listed": InstrumentListed,
    "mark-set": MarkSet,
    "funding-settled": FundingSettled,
    "liquidation-started": LiquidationStarted,
    "taken-over": TakenOver,
    "deleveraged": Deleveraged,
    "insurance-changed": InsuranceChanged,
    "state-set": StateSet,
    "limits-set": LimitsSet,
}
