"""What an order would do, found out by the machine itself on a private copy of what it needs.

The copy is made as the machine asks for it: of the one market with the levels that are met, of the
account that asks, and of those it would trade with or set off. Whatever an order can change is
copied before the machine gets to see it; what it only looks at, other markets' marks, is shared. So
a preview costs what the order itself costs and a little more, however large the venue is.

Only for `PlaceOrder`: the copy has of each account the orders in this one market.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any, Final, TypeVar

from plimsoll.trading.domain.accounts import Account, Balance, Exposure, Position
from plimsoll.trading.domain.book import Book, Ladder, Level
from plimsoll.trading.domain.client_ids import ClientIds
from plimsoll.trading.domain.commands import PlaceOrder
from plimsoll.trading.domain.coverage import put_aside
from plimsoll.trading.domain.events import Event, Refused
from plimsoll.trading.domain.machine import Machine
from plimsoll.trading.domain.orders import Leg, Order
from plimsoll.trading.domain.standing import liquidation_price, standing
from plimsoll.trading.domain.trailing import Group, Trails
from plimsoll.trading.domain.triggers import Triggers, Watch
from plimsoll.trading.domain.venue import Market, Venue

V = TypeVar("V")

_ORDER: Final = attrgetter(*(each.name for each in fields(Order)))


@dataclass(frozen=True, slots=True)
class Purse:
    """What an account has for one market, in hundred-millionths: its margin wallet and how that
    stands, or for a spot pair its balance of the settlement asset.

    `held` is what positions and orders hold of it; `liquidation_price` is of the position that the
    order is for, in ticks.
    """

    wallet: int
    held: int
    available: int
    ratio_ppm: int | None
    liquidation_price: int | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What happens, and the purse before and after. A refusal is the only event."""

    events: list[Event]
    before: Purse
    after: Purse

    @property
    def refusal(self) -> Refused | None:
        first = self.events[0] if self.events else None
        return first if isinstance(first, Refused) else None


def preview(venue: Venue, command: PlaceOrder) -> Preview:
    """What the command would do now; its number and time are given here. Changes nothing."""
    part = part_of(venue, command)
    at_ms = max(command.at_ms, part.at_ms)
    before = purse_of(part, command.account, command.symbol, command.leg)
    events = Machine(part).apply(command._replace(seq=part.seq + 1, at_ms=at_ms))
    return Preview(events, before, purse_of(part, command.account, command.symbol, command.leg))


def purse_of(venue: Venue, account_id: int, symbol: str, leg: Leg) -> Purse:
    """An account that there is not has nothing."""
    account, market = venue.accounts.get(account_id), venue.markets.get(symbol)
    if account is None or market is None:
        return Purse(0, 0, 0, None, None)
    if market.base_unit:
        balance = account.balances.get(market.instrument.settle) or Balance()
        return Purse(balance.total, balance.held, balance.total - balance.held, None, None)
    now = standing(account, venue.markets)
    exposure = account.exposures.get(symbol)
    open_ = exposure is not None and leg in exposure.positions
    return Purse(
        account.wallet,
        now.held + put_aside(account),
        now.available,
        now.ratio_ppm if now.maintenance else None,
        liquidation_price(account, symbol, leg, venue.markets) if open_ else None,
    )


def part_of(venue: Venue, command: PlaceOrder) -> Venue:
    """A venue of its own that answers to this command as `venue` would; valid while `venue` is not
    changed.
    """
    account, symbol = command.account, command.symbol
    orders = _Orders(venue.orders)
    markets = dict(venue.markets)
    if symbol in markets:
        markets[symbol] = _copy_market(markets[symbol], orders)
    client_ids = ClientIds()
    if command.client_id is not None:
        known = venue.client_ids.get((account, command.client_id))
        if known is not None:
            client_ids[account, command.client_id] = known
    return replace(
        venue,
        markets=markets,
        accounts=_Accounts(venue.accounts, account, symbol, orders),
        orders=orders,
        client_ids=client_ids,
        limits=replace(venue.limits),
        supplies=dict(venue.supplies),
        expiries=list(venue.expiries),
        countdowns=list(venue.countdowns),
        paces={account: list(venue.paces[account])} if account in venue.paces else {},
        unchecked={},
    )


class _Copied(dict[Any, V]):
    """A dictionary that copies each value of another one when it is first asked for. What was taken
    out of it does not come back. To be asked by key only: its length and values are of what was.
    """

    def __init__(self, original: Mapping[Any, V]) -> None:
        super().__init__()
        self._original = original
        self._seen: set[Any] = set()

    def copy_of(self, value: V) -> V:
        raise NotImplementedError

    def __missing__(self, key: Any) -> V:
        if key in self._seen:
            raise KeyError(key)
        value = self.copy_of(self._original[key])
        self._seen.add(key)
        self[key] = value
        return value

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or (key not in self._seen and key in self._original)

    def __delitem__(self, key: Any) -> None:
        if key not in self:
            raise KeyError(key)
        self._seen.add(key)
        self.pop(key, None)

    def get(self, key: Any, default: Any = None) -> Any:
        try:
            return self[key]
        except KeyError:
            return default


class _Orders(_Copied[Order]):
    def copy_of(self, value: Order) -> Order:
        return Order(*_ORDER(value))

    def own(self, value: Order) -> Order:
        """The one copy of an order that is open or waiting."""
        return self[value.id]


class _Own(_Copied[Order]):
    """Orders of one account in the market: the copies that everybody else has of them."""

    def __init__(self, original: Mapping[int, Order], orders: _Orders) -> None:
        super().__init__(original)
        self._orders = orders

    def copy_of(self, value: Order) -> Order:
        return self._orders.own(value)


class _Waiting(dict[int, Order]):
    """The waiting orders of a market, each copied when it fires."""

    def __init__(self, original: Mapping[int, Order], orders: _Orders) -> None:
        super().__init__(original)
        self._orders = orders

    def pop(self, key: int, *_: Any) -> Order:
        """No default: who fires waits."""
        return self._orders.own(super().pop(key))


class _Levels(_Copied[Level]):
    def __init__(self, original: Mapping[int, Level], orders: _Orders) -> None:
        super().__init__(original)
        self._orders = orders

    def copy_of(self, value: Level) -> Level:
        own = self._orders.own
        queue = OrderedDict((key, own(each)) for key, each in value.orders.items())
        return Level(queue, value.quantity)


class _Accounts(_Copied[Account]):
    """`asking` has all its orders in the market, because they are counted."""

    def __init__(
        self, original: Mapping[int, Account], asking: int, symbol: str, orders: _Orders
    ) -> None:
        super().__init__(original)
        self._asking = asking
        self._symbol = symbol
        self._orders = orders

    def copy_of(self, value: Account) -> Account:
        symbol = self._symbol
        spot = value.spot_orders.get(symbol)
        return replace(
            value,
            balances={
                asset: Balance(each.total, each.held) for asset, each in value.balances.items()
            },
            exposures={
                name: self._exposure(value.id, each) for name, each in value.exposures.items()
            },
            spot_orders={} if spot is None else {symbol: self._listed(value.id, spot)},
        )

    def _listed(self, account: int, listed: Mapping[int, Order]) -> dict[int, Order]:
        if account != self._asking:
            return _Own(listed, self._orders)
        return {key: self._orders.own(each) for key, each in listed.items()}

    def _exposure(self, account: int, value: Exposure) -> Exposure:
        here = value.symbol == self._symbol
        own = self._orders.own
        return Exposure(
            value.symbol,
            value.leverage,
            value.mode,
            {
                leg: Position(each.quantity, each.cost, each.isolated)
                for leg, each in value.positions.items()
            },
            self._listed(account, value.orders) if here else {},
            {key: own(each) for key, each in value.reducing.items()} if here else {},
            value.bids,
            value.asks,
            value.bid_loss,
            value.ask_loss,
        )


def _copy_market(market: Market, orders: _Orders) -> Market:
    """But for its holders and alarms, which placing an order only writes to."""
    book, triggers = market.book, market.triggers
    return replace(
        market,
        book=Book(_copy_ladder(book.bids, orders), _copy_ladder(book.asks, orders)),
        triggers=Triggers(
            _Waiting(triggers.orders, orders),
            _copy_watch(triggers.mark),
            _copy_watch(triggers.last),
        ),
        holders=set(),
        alarms=type(market.alarms)(),
    )


def _copy_ladder(ladder: Ladder, orders: _Orders) -> Ladder:
    return Ladder(ladder.sign, list(ladder.keys), _Levels(ladder.levels, orders))


def _copy_watch(watch: Watch) -> Watch:
    return Watch(
        watch.price,
        list(watch.rising),
        list(watch.falling),
        _copy_trails(watch.selling),
        _copy_trails(watch.buying),
    )


def _copy_trails(trails: Trails) -> Trails:
    groups = {best: Group(each.best, list(each.stops)) for best, each in trails.groups.items()}
    homes = {stop: groups[each.best] for stop, each in trails.homes.items()}
    return Trails(
        trails.sign, list(trails.idle), groups, list(trails.depths), list(trails.levels), homes
    )
