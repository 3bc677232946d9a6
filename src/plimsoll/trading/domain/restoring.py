"""The venue as plain facts, and the venue again from them: what a snapshot is made of.

A `Snapshot` is a copy: the machine may go on while it is stored. Lists keep the order in which
things came, because cancels and liquidations go by it. What follows from other facts is not in it
(holders, triggers by price, levels of the book, an account's own lists of orders, alarms) and is
made again by `venue_of`; the digest of both venues is equal, and so is everything they do next.

Only whole numbers, texts, enums, Decimals, lists and tuples, so that JSON can carry it. Amounts may
be beyond 64 bits, so a form that ends there cannot. Fields are only ever added at the end, with a
default.
"""

from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Final, NamedTuple

from plimsoll.trading.domain.accounts import (
    Account,
    Balance,
    Exposure,
    MarginMode,
    Position,
    TradingState,
)
from plimsoll.trading.domain.book import Book
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.mark import MarkState
from plimsoll.trading.domain.orders import (
    Attached,
    Leg,
    Order,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    TriggerOn,
)
from plimsoll.trading.domain.triggers import Triggers
from plimsoll.trading.domain.venue import Limits, Market, Venue
from plimsoll.trading.domain.watching import look_at_everyone


class OrderFacts(NamedTuple):
    """An `Order`, field by field in its order: a tuple, because there are many."""

    id: int
    account: int
    symbol: str
    side: Side
    type: OrderType
    quantity: int
    price: int
    time_in_force: TimeInForce
    leg: Leg
    reduce_only: bool
    close_position: bool
    client_id: str | None
    expires_at_ms: int
    trigger: TriggerOn | None
    trigger_price: int
    callback_ppm: int
    best_price: int
    siblings: tuple[int, ...]
    attached: tuple[Attached, ...]
    children: tuple[int, ...]
    status: OrderStatus
    filled: int
    cost: int
    placed_at_ms: int
    open_loss: int


class PositionFacts(NamedTuple):
    leg: Leg
    quantity: int
    cost: int
    isolated: int


class ExposureFacts(NamedTuple):
    symbol: str
    leverage: int
    mode: MarginMode
    positions: list[PositionFacts]
    bids: int
    asks: int
    bid_loss: int
    ask_loss: int


class BalanceFacts(NamedTuple):
    asset: str
    total: int
    held: int


class AccountFacts(NamedTuple):
    """`spot_symbols`: the markets it ever had spot orders in, as they came."""

    id: int
    leverage_cap: int
    fee_tier: int
    wallet: int
    balances: list[BalanceFacts]
    exposures: list[ExposureFacts]
    spot_symbols: list[str]
    hedge: bool
    state: TradingState
    house: bool
    countdown_at_ms: int


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """`book`: the ids of open orders in priority. `watched_mark` and `watched_last`: the prices
    that the triggers have seen.
    """

    instrument: Instrument
    state: TradingState
    mark: int
    index: int
    last: int
    marking: MarkState
    open_interest: int
    base_unit: int
    highest_fee_ppm: int
    book: list[int]
    watched_mark: int
    watched_last: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`orders` as they came; `client_ids`: (account, client id), each of the order at its place in
    `client_orders`. There are many, for ever, and two lists are copied quickly.
    """

    seq: int
    at_ms: int
    markets: list[MarketFacts]
    accounts: list[AccountFacts]
    orders: list[OrderFacts]
    client_ids: list[tuple[int, str]]
    client_orders: list[int]
    state: TradingState
    limits: Limits
    fees: int
    insurance: int
    deposited: int
    supplies: dict[str, int]
    settle: str
    expiries: list[tuple[int, int]]
    countdowns: list[tuple[int, int]]
    fills: int
    paces: list[tuple[int, list[int]]]


_ORDER: Final = attrgetter(*(each.name for each in fields(Order)))


def take(venue: Venue) -> Snapshot:
    """Everything that what comes may depend on, copied between two commands. Looks at all of it."""
    markets = [_market_facts(each) for each in venue.markets.values()]
    return Snapshot(
        seq=venue.seq,
        at_ms=venue.at_ms,
        markets=markets,
        accounts=[_account_facts(each) for each in venue.accounts.values()],
        orders=[OrderFacts._make(_ORDER(each)) for each in venue.orders.values()],
        client_ids=list(venue.client_ids),
        client_orders=list(venue.client_ids.values()),
        state=venue.state,
        limits=replace(venue.limits),
        fees=venue.fees,
        insurance=venue.insurance,
        deposited=venue.deposited,
        supplies=dict(venue.supplies),
        settle=venue.settle,
        expiries=list(venue.expiries),
        countdowns=list(venue.countdowns),
        fills=venue.fills,
        paces=[(who, list(pace)) for who, pace in venue.paces.items()],
    )


def _market_facts(market: Market) -> MarketFacts:
    """Writes what trailing stops follow into their orders on the way, so it comes before them."""
    market.triggers.refresh()
    return MarketFacts(
        instrument=market.instrument,
        state=market.state,
        mark=market.mark,
        index=market.index,
        last=market.last,
        marking=replace(market.marking, basis=list(market.marking.basis)),
        open_interest=market.open_interest,
        base_unit=market.base_unit,
        highest_fee_ppm=market.highest_fee_ppm,
        book=[each.id for each in market.book.orders()],
        watched_mark=market.triggers.mark.price,
        watched_last=market.triggers.last.price,
    )


def _account_facts(account: Account) -> AccountFacts:
    return AccountFacts(
        id=account.id,
        leverage_cap=account.leverage_cap,
        fee_tier=account.fee_tier,
        wallet=account.wallet,
        balances=[
            BalanceFacts(asset, each.total, each.held) for asset, each in account.balances.items()
        ],
        exposures=[_exposure_facts(each) for each in account.exposures.values()],
        spot_symbols=list(account.spot_orders),
        hedge=account.hedge,
        state=account.state,
        house=account.house,
        countdown_at_ms=account.countdown_at_ms,
    )


def _exposure_facts(exposure: Exposure) -> ExposureFacts:
    return ExposureFacts(
        symbol=exposure.symbol,
        leverage=exposure.leverage,
        mode=exposure.mode,
        positions=[
            PositionFacts(leg, each.quantity, each.cost, each.isolated)
            for leg, each in exposure.positions.items()
        ],
        bids=exposure.bids,
        asks=exposure.asks,
        bid_loss=exposure.bid_loss,
        ask_loss=exposure.ask_loss,
    )


def venue_of(snapshot: Snapshot) -> Venue:
    """The venue it was taken of; it shares nothing that changes with the snapshot."""
    venue = Venue(
        seq=snapshot.seq,
        at_ms=snapshot.at_ms,
        accounts={each.id: _account_of(each) for each in snapshot.accounts},
        orders={each.id: Order(*each) for each in snapshot.orders},
        state=snapshot.state,
        limits=replace(snapshot.limits),
        fees=snapshot.fees,
        insurance=snapshot.insurance,
        deposited=snapshot.deposited,
        supplies=dict(snapshot.supplies),
        settle=snapshot.settle,
        expiries=list(snapshot.expiries),
        countdowns=list(snapshot.countdowns),
        fills=snapshot.fills,
        paces={who: list(pace) for who, pace in snapshot.paces},
    )
    venue.client_ids.update(zip(snapshot.client_ids, snapshot.client_orders, strict=True))
    waiting: dict[str, list[Order]] = {}
    for order in venue.orders.values():
        _list_order(venue.accounts[order.account], order)
        if order.status is OrderStatus.WAITING:
            waiting.setdefault(order.symbol, []).append(order)
    for facts in snapshot.markets:
        symbol = facts.instrument.symbol
        venue.markets[symbol] = _market_of(facts, venue.orders, waiting.get(symbol, []))
    for account in venue.accounts.values():
        for exposure in account.exposures.values():
            holders = venue.markets[exposure.symbol].holders
            holders.update((account.id, leg) for leg in exposure.positions)
    look_at_everyone(venue)
    return venue


def _market_of(facts: MarketFacts, orders: dict[int, Order], waiting: list[Order]) -> Market:
    book = Book()
    for each in facts.book:
        book.add(orders[each])
    return Market(
        instrument=facts.instrument,
        book=book,
        state=facts.state,
        mark=facts.mark,
        index=facts.index,
        last=facts.last,
        marking=replace(facts.marking, basis=list(facts.marking.basis)),
        triggers=Triggers.of(waiting, mark=facts.watched_mark, last=facts.watched_last),
        open_interest=facts.open_interest,
        base_unit=facts.base_unit,
        highest_fee_ppm=facts.highest_fee_ppm,
    )


def _account_of(facts: AccountFacts) -> Account:
    return Account(
        id=facts.id,
        leverage_cap=facts.leverage_cap,
        fee_tier=facts.fee_tier,
        wallet=facts.wallet,
        balances={each.asset: Balance(each.total, each.held) for each in facts.balances},
        exposures={each.symbol: _exposure_of(each) for each in facts.exposures},
        spot_orders={symbol: {} for symbol in facts.spot_symbols},
        hedge=facts.hedge,
        state=facts.state,
        house=facts.house,
        countdown_at_ms=facts.countdown_at_ms,
    )


def _exposure_of(facts: ExposureFacts) -> Exposure:
    return Exposure(
        symbol=facts.symbol,
        leverage=facts.leverage,
        mode=facts.mode,
        positions={
            each.leg: Position(each.quantity, each.cost, each.isolated) for each in facts.positions
        },
        bids=facts.bids,
        asks=facts.asks,
        bid_loss=facts.bid_loss,
        ask_loss=facts.ask_loss,
    )


def _list_order(account: Account, order: Order) -> None:
    """With its account: lists that came to be in the order of all orders."""
    spot = account.spot_orders.get(order.symbol)
    if spot is not None:
        spot[order.id] = order
        return
    exposure = account.exposures[order.symbol]
    exposure.orders[order.id] = order
    if order.reduce_only:
        exposure.reducing[order.id] = order
