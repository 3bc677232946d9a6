"""Everything the exchange is at one moment: markets, accounts, orders, the fund.

Nothing here decides; the modules beside it do. Whatever is summed here (notional of all accounts,
what the venue earned) is kept with each change, so that no command looks at everything.
"""

from dataclasses import dataclass, field

from plimsoll.trading.domain.accounts import Account, TradingState
from plimsoll.trading.domain.alarms import Alarms
from plimsoll.trading.domain.book import Book
from plimsoll.trading.domain.client_ids import ClientIds
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.mark import MarkState
from plimsoll.trading.domain.orders import Leg, Order
from plimsoll.trading.domain.triggers import Triggers


@dataclass(slots=True, eq=False)
class Market:
    """One instrument at work. `mark` and `last` are in ticks, 0 while there is none.

    `holders`: the accounts with a position here. `triggers`: orders whose trigger has not been
    reached, and the prices they watch. `open_interest`: Σ of long quantities, in steps. Of a spot
    market: `base_unit` is one step in hundred-millionths of the base asset, `highest_fee_ppm` what
    is held for the fee of a buy.
    """

    instrument: Instrument
    book: Book
    state: TradingState = TradingState.ACTIVE
    mark: int = 0
    index: int = 0
    last: int = 0
    marking: MarkState = field(default_factory=MarkState)
    holders: set[tuple[int, Leg]] = field(default_factory=set)
    triggers: Triggers = field(default_factory=Triggers)
    alarms: Alarms = field(default_factory=Alarms)
    """Derived, not part of the state: at which marks watching.py has to look at whom."""
    open_interest: int = 0
    base_unit: int = 0
    highest_fee_ppm: int = 0


@dataclass(slots=True, eq=False)
class Limits:
    """0: no limit. Money in hundred-millionths."""

    account_notional: int = 0
    venue_notional: int = 0
    orders_per_second: int = 0


@dataclass(slots=True, eq=False)
class Venue:
    """`seq` and `at_ms` are of the last command. `fees` and `insurance` are what the venue and its
    fund own; `fund` is the account under which the fund holds positions it took over.
    """

    seq: int = 0
    at_ms: int = 0
    markets: dict[str, Market] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    """Open and waiting ones."""
    client_ids: ClientIds = field(default_factory=ClientIds)
    """Order ids by account and client id, for ever."""
    state: TradingState = TradingState.ACTIVE
    limits: Limits = field(default_factory=Limits)
    fees: int = 0
    insurance: int = 0
    deposited: int = 0
    """Σ deposits − withdrawals of the settlement asset, both purses, the fund's too."""
    supplies: dict[str, int] = field(default_factory=dict)
    """The same of each other asset, which only spot balances have."""
    settle: str = ""
    """The settlement asset, of the first instrument; all others have the same."""
    expiries: list[tuple[int, int]] = field(default_factory=list)
    """(moment, order) of those that rest until a moment, sorted."""
    countdowns: list[tuple[int, int]] = field(default_factory=list)
    """(moment, account) of the dead man's switches that are on, sorted."""
    fills: int = 0
    paces: dict[int, list[int]] = field(default_factory=dict)
    """When an account placed its orders within the last second, in ms."""
    unchecked: dict[int, None] = field(default_factory=dict)
    """Derived, not part of the state: accounts that watching.py has to look at."""
