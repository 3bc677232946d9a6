"""The markets of the exchange as everybody sees them: instruments, mark and index, the book."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends
from starlette.requests import HTTPConnection

from plimsoll.kernel.errors import Conflict
from plimsoll.markets.domain.feeds import FeedKind
from plimsoll.trading.domain.accounts import TradingState
from plimsoll.trading.domain.book import Ladder
from plimsoll.trading.domain.commands import SetIndex
from plimsoll.trading.domain.events import (
    Deleveraged,
    Filled,
    InsuranceChanged,
    LiquidationStarted,
    TakenOver,
)
from plimsoll.trading.domain.funding import rate_now
from plimsoll.trading.domain.instruments import Instrument, InstrumentKind
from plimsoll.trading.domain.refusals import NotForSpot
from plimsoll.trading.domain.venue import Market, Venue
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.feeding import Feeding, Index
from plimsoll.trading.service.refusals import told

PERPETUAL: Final = InstrumentKind.PERPETUAL
STRICTEST: Final = (TradingState.HALTED, TradingState.REDUCE_ONLY, TradingState.ACTIVE)


class OnlyInSimulation(Conflict):
    """Real prices are moved by nobody here."""

    code = "only-in-simulation"
    title = "Prices are only moved in a simulation or a replay"


@dataclass(frozen=True, slots=True)
class Moment:
    """A market in the journal: prices in ticks, 0 where there is none; of a perpetual the funding
    rate as it stands in hundred-millionths, when it is due, and the open interest in steps.
    """

    instrument: Instrument
    state: TradingState
    index: int
    mark: int
    last: int
    rate: int
    stamp_ms: int
    open_interest: int


@dataclass(frozen=True, slots=True)
class MarketLook:
    """A market now, beside the index of the world. `awake`: the mark follows it; else the mark is
    from when somebody was here last.
    """

    moment: Moment
    index: Index
    awake: bool
    simulated: bool


@dataclass(frozen=True, slots=True)
class BookLevel:
    price: int
    quantity: int
    orders: int


@dataclass(frozen=True, slots=True)
class BookLook:
    """The best levels of each side after command `seq`, in ticks and steps, the best first."""

    instrument: Instrument
    seq: int
    at_ms: int
    bids: Sequence[BookLevel]
    asks: Sequence[BookLevel]


@dataclass(frozen=True, slots=True)
class Moved:
    """What happened when an operator set a price; `insurance` is what the fund got or lost."""

    look: MarketLook
    seq: int
    fills: int
    liquidated: Sequence[LiquidationStarted]
    taken_over: int
    deleveraged: int
    insurance: int


class Marketplace:
    """What is looked at alone is fed first, so that it is as it is now; a list wakes nothing."""

    def __init__(self, exchange: Exchange, feeding: Feeding) -> None:
        self.exchange = exchange
        self.feeding = feeding

    @property
    def simulated(self) -> bool:
        """Whether the prices of the world are invented."""
        return self.feeding.prices.simulated

    async def list_markets(self) -> list[MarketLook]:
        """All that are listed, in the order of their listing."""
        return [self._look(each) for each in await self.exchange.read(_moments)]

    async def get_market(self, symbol: str) -> MarketLook:
        """Raises UnknownSymbol."""
        self.exchange.get_instrument(symbol)
        await self.feeding.ready(symbol)
        return self._look(await self.exchange.read(partial(_moment_of, symbol)))

    async def get_price(self, symbol: str) -> MarketLook:
        """As `get_market`; raises PriceUnavailable as well, when the market never had a price."""
        found = await self.get_market(symbol)
        if not found.moment.mark:
            instrument = found.moment.instrument
            raise self.feeding.prices.no_price(instrument.base, instrument.settle)
        return found

    async def get_book(self, symbol: str, *, depth: int) -> BookLook:
        """Raises UnknownSymbol."""
        self.exchange.get_instrument(symbol)
        await self.feeding.ready(symbol)
        return await self.exchange.read(partial(_book_of, symbol, depth))

    def get_perpetual(self, symbol: str) -> Instrument:
        """Raises UnknownSymbol and NotForSpot."""
        instrument = self.exchange.get_instrument(symbol)
        if instrument.kind is not PERPETUAL:
            raise NotForSpot(f"{symbol} is a spot pair", facts={"symbol": symbol})
        return instrument

    async def set_price(self, symbol: str, price: int, *, hold_s: int, actor: UUID) -> Moved:
        """Move a simulated market to `price` ticks at once, with all that follows from it, and
        leave it there for `hold_s`. Raises OnlyInSimulation.
        """
        kind = self.feeding.prices.feed_kind
        if kind is FeedKind.LIVE:
            raise OnlyInSimulation("these are prices of real markets", facts={"feed": kind.value})
        instrument = self.exchange.get_instrument(symbol)
        results = await self.feeding.set_price(symbol, price, hold_s=hold_s, actor=actor)
        for each in results:
            if each.refusal is not None and isinstance(each.command, SetIndex):
                raise told(each.refusal, instrument)
        look = self._look(await self.exchange.read(partial(_moment_of, symbol)))
        return _moved(look, results)

    def _look(self, moment: Moment) -> MarketLook:
        symbol = moment.instrument.symbol
        index, awake = self.feeding.index_of(moment.instrument), self.feeding.is_awake(symbol)
        if awake and moment.index:  # what the machine computes with, even if the world is ahead
            index = index._replace(price=moment.index)
        return MarketLook(moment, index, awake, self.simulated)


def _moments(venue: Venue) -> list[Moment]:
    return [_moment(venue, market) for market in venue.markets.values()]


def _moment_of(symbol: str, venue: Venue) -> Moment:
    return _moment(venue, venue.markets[symbol])


def _moment(venue: Venue, market: Market) -> Moment:
    perpetual = market.instrument.kind is PERPETUAL
    return Moment(
        market.instrument,
        next(each for each in STRICTEST if each in {venue.state, market.state}),
        market.index,
        market.mark,
        market.last,
        rate_now(market) if perpetual else 0,
        market.marking.stamp_ms,
        market.open_interest,
    )


def _book_of(symbol: str, depth: int, venue: Venue) -> BookLook:
    market = venue.markets[symbol]
    book = market.book
    return BookLook(
        market.instrument,
        venue.seq,
        venue.at_ms,
        _levels(book.bids, depth),
        _levels(book.asks, depth),
    )


def _levels(ladder: Ladder, depth: int) -> list[BookLevel]:
    found = []
    for key in ladder.keys[: -depth - 1 : -1]:
        level = ladder.levels[key]
        found.append(BookLevel(key * ladder.sign, level.quantity, len(level.orders)))
    return found


def _moved(look: MarketLook, results: Sequence[Applied]) -> Moved:
    events = [event for each in results for event in each.events]
    return Moved(
        look,
        seq=results[-1].seq,
        fills=sum(isinstance(each, Filled) and not each.maker for each in events),
        liquidated=[each for each in events if isinstance(each, LiquidationStarted)],
        taken_over=sum(isinstance(each, TakenOver) for each in events),
        deleveraged=sum(isinstance(each, Deleveraged) for each in events),
        insurance=sum(each.change for each in events if isinstance(each, InsuranceChanged)),
    )


async def _marketplace_of(connection: HTTPConnection) -> Marketplace:
    marketplace = connection.app.state.marketplace
    assert isinstance(marketplace, Marketplace)
    return marketplace


MarketplaceDep = Annotated[Marketplace, Depends(_marketplace_of)]
"""The markets of this process's exchange, for a handler."""
