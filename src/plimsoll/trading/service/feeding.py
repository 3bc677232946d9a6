"""What keeps the exchange's markets at the prices of the world: indexes, and quotes around them.

Every index and every quote is a command in the journal for ever, so only markets that matter to
somebody are fed: those in which anybody but the house has a position or an order, and those that
were asked for within the last minute. A market that is asleep is fed before whoever asks for it
sees it (`ready`).

When an index moves, the house quotes around the new one before the machine is told of it: stops and
liquidations meet the market where it is now, however far it has gone. A price that is stale moves
nothing, and the house withdraws.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from typing import Final, NamedTuple
from uuid import UUID

import structlog

from plimsoll.kernel.errors import PlimsollError
from plimsoll.markets.service.prices import Prices
from plimsoll.trading.domain.accounts import TradingState
from plimsoll.trading.domain.commands import CancelAll, PassTime, Quote, SetIndex
from plimsoll.trading.domain.holds import orders_of
from plimsoll.trading.domain.house import Quotes
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.mark import combine_index
from plimsoll.trading.domain.venue import Market, Venue
from plimsoll.trading.engine.applied import Applied, Draft
from plimsoll.trading.engine.genesis import HOUSE
from plimsoll.trading.engine.states import EngineState
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.house import Quoted, inventory_of, is_worn, quotes_around

log = structlog.get_logger(__name__)

ROUND_S: Final = 1.0
LOOK_S: Final = 20.0
"""How often it is looked in which markets somebody is; these are awake until long after that."""
AWAKE_S: Final = 60.0
FRESH_S: Final = 2.0
"""How long an index may be trusted that was compared with the price."""
REPEAT_S: Final = 5.0
"""An index that does not move is told again, so that the mark follows the book."""
EQUAL: Final = Decimal(1)
"""The weight of every source in the index."""
LEAST_SOURCES: Final = 3
"""Of two that differ nobody knows which one errs."""
HALTED: Final = TradingState.HALTED


@dataclass(slots=True)
class Held:
    """A price that an operator has set, until a monotonic moment."""

    price: int
    until_s: float


@dataclass(slots=True, eq=False)
class Followed:
    """A market and how it was fed last; moments are monotonic, prices in ticks.

    `seen_s`: when its index was compared with the price; `told_s`: when the machine was told.
    """

    instrument: Instrument
    awake_until_s: float = float("-inf")
    seen_s: float = float("-inf")
    told_s: float = float("-inf")
    quoted: Quoted | None = None
    held: Held | None = None
    stale: bool = False
    under_way: "asyncio.Task[list[Applied]] | None" = None

    def forget(self) -> None:
        """The machine was made anew, perhaps without what it was told."""
        self.seen_s = self.told_s = float("-inf")
        self.quoted = None


class Facts(NamedTuple):
    """Of a market in the journal: prices in ticks (0: none), what the house has and whether it
    quotes.
    """

    index_price: int
    mark: int
    inventory: int
    quotes: bool
    halted: bool


class Index(NamedTuple):
    """What the index of an instrument should be now, in ticks; None: nobody knows a price."""

    price: int | None
    age_ms: int | None
    stale: bool


class Feeding:
    """`run` feeds what is awake; `ready` wakes a market and waits until it is fed."""

    def __init__(self, exchange: Exchange, prices: Prices) -> None:
        self.prices = prices
        self._exchange = exchange
        self._clock = exchange.clock
        self._settings = exchange.settings
        self._markets: dict[str, Followed] = {}
        self._look_at_s = float("-inf")
        exchange.engine.on_restored.append(self._forget)

    # asking

    async def ready(self, symbol: str) -> None:
        """Wake a market, and feed it first unless it was just now. Never raises: what is wrong
        with the market or the exchange, the command after it says.
        """
        market = self._markets.get(symbol) or self._follow(symbol)
        if market is None:
            return
        now_s = self._clock.monotonic()
        market.awake_until_s = now_s + AWAKE_S
        if now_s - market.seen_s > FRESH_S:
            await asyncio.wait([market.under_way or self._start(market, self._feed(market))])

    def wake(self, symbol: str) -> None:
        """Somebody is interested in a market: it is fed for a minute from now on."""
        market = self._markets.get(symbol) or self._follow(symbol)
        if market is not None:
            market.awake_until_s = self._clock.monotonic() + AWAKE_S

    def is_awake(self, symbol: str) -> bool:
        """Whether the machine follows the index of a market now."""
        market = self._markets.get(symbol)
        now_s = self._clock.monotonic()
        return market is not None and market.awake_until_s > now_s and not market.stale

    def index_of(self, instrument: Instrument) -> Index:
        """What the machine is told when the market is awake."""
        market = self._markets.get(instrument.symbol)
        if market is not None and market.held is not None:
            if market.held.until_s > self._clock.monotonic():
                return Index(market.held.price, 0, stale=False)
            market.held = None
        found = self.prices.find_quote(instrument.base, instrument.settle)
        if found is None:
            return Index(None, None, stale=True)
        said = self.prices.list_by_source(instrument.base, instrument.settle)
        # Fewer cannot outvote one that errs: then it is the price that everything else shows.
        price = (
            combine_index([(each, EQUAL) for each in said.values()])
            if len(said) >= LEAST_SOURCES
            else found.value
        )
        return Index(nearest_ticks(instrument, price), found.age_ms, found.stale)

    async def set_price(
        self, symbol: str, price: int, *, hold_s: float, actor: UUID | None = None
    ) -> list[Applied]:
        """Move an index to `price` ticks at once and keep it there; what happened, or why not.
        Raises as `Engine.submit_all`.
        """
        market = self._markets.get(symbol) or self._follow(symbol)
        assert market is not None, "the symbol was looked up before"
        while market.under_way is not None:
            await asyncio.wait([market.under_way])
        now_s = self._clock.monotonic()
        before, market.held = market.held, Held(price, now_s + hold_s)
        market.awake_until_s = now_s + max(AWAKE_S, hold_s)
        market.told_s = float("-inf")
        task = self._start(market, self._move(market, then=[PassTime], actor=actor))
        await asyncio.wait([task])
        if task.exception() is not None or _is_refused(task.result()):
            market.held = before
        return task.result()

    # life

    async def run(self) -> None:
        """The schedule loop, until cancelled."""
        while True:
            begun_s = self._clock.monotonic()
            try:
                await self._round()
            except PlimsollError as error:
                log.info("feeding_waits", code=error.code)
            except Exception:
                log.exception("feeding_failed")
            await asyncio.sleep(max(0.05, ROUND_S - (self._clock.monotonic() - begun_s)))

    async def _round(self) -> None:
        """One market after the other, each in a batch of its own, so that orders get between."""
        exchange = self._exchange
        if exchange.feeding is not self or exchange.engine.state != EngineState.RUNNING:
            return
        now_s = self._clock.monotonic()
        if now_s - self._look_at_s >= LOOK_S:
            for symbol in await exchange.read(occupied):
                self.wake(symbol)
            self._look_at_s = now_s
        for market in list(self._markets.values()):
            if market.awake_until_s > now_s and market.under_way is None:
                await asyncio.wait([self._start(market, self._feed(market))])

    def _forget(self) -> None:
        self._look_at_s = float("-inf")
        for market in self._markets.values():
            market.forget()

    def _follow(self, symbol: str) -> Followed | None:
        instrument = self._exchange.instruments.get(symbol)
        if instrument is None:
            return None
        market = self._markets[symbol] = Followed(instrument)
        return market

    # feeding one market

    def _start(
        self, market: Followed, work: Coroutine[None, None, list[Applied]]
    ) -> "asyncio.Task[list[Applied]]":
        """Never two at once for a market: each begins with what the one before has done. A task of
        its own, because a caller who goes must not end it for others who wait.
        """
        assert market.under_way is None
        task = asyncio.create_task(work, name=f"feed-{market.instrument.symbol}")
        market.under_way = task
        task.add_done_callback(partial(_done, market))
        return task

    async def _feed(self, market: Followed) -> list[Applied]:
        try:
            return await self._move(market)
        except PlimsollError as error:
            log.info("market_not_fed", symbol=market.instrument.symbol, code=error.code)
        except Exception:
            log.exception("market_not_fed", symbol=market.instrument.symbol)
        return []

    async def _move(
        self, market: Followed, *, then: Sequence[Draft] = (), actor: UUID | None = None
    ) -> list[Applied]:
        """Bring a market to its price now, as far as there is anything to do."""
        symbol = market.instrument.symbol
        facts = await self._exchange.read(partial(facts_of, symbol=symbol))
        now_s = self._clock.monotonic()
        index = self.index_of(market.instrument)
        price = None if index.stale else index.price
        drafts: list[Draft]
        if price is None or facts.halted:
            drafts = [partial(_withdraw, symbol)] if facts.quotes else []
            quoted = None
        else:
            drafts, quoted = [], market.quoted
        if price is not None:
            if not facts.halted and self._is_worn(market, facts, price, now_s):
                drafts += self._quotes_and_index(market.instrument, facts, price)
                quoted = Quoted(price, facts.inventory, now_s)
            elif price != facts.index_price or now_s - market.told_s >= REPEAT_S:
                drafts.append(partial(_set_index, symbol, price))
        drafts += then
        results = await self._exchange.engine.submit_all(drafts, actor=actor) if drafts else []
        if any(each.refusal is not None for each in results):
            quoted = None
        if any(isinstance(each.command, SetIndex) for each in results):
            market.told_s = now_s
        market.quoted, market.stale, market.seen_s = quoted, price is None, now_s
        return results

    def _is_worn(self, market: Followed, facts: Facts, price: int, now_s: float) -> bool:
        quoted = market.quoted if facts.quotes else None
        return bool(self._settings.house_levels) and is_worn(
            self._settings, quoted, index=price, inventory=facts.inventory, now_s=now_s
        )

    def _quotes_and_index(self, instrument: Instrument, facts: Facts, price: int) -> list[Draft]:
        """Quotes around the new index before the index; after it where there has never been one."""
        made = quotes_around(
            self._settings,
            instrument,
            price,
            inventory=facts.inventory,
            seq=self._exchange.engine.seq,
        )
        drafts: list[Draft] = [
            partial(_quote, instrument.symbol, made, price),
            partial(_set_index, instrument.symbol, price),
        ]
        return drafts if facts.mark else drafts[::-1]


def _done(market: Followed, task: "asyncio.Task[list[Applied]]") -> None:
    market.under_way = None
    if not task.cancelled():
        task.exception()  # who waited for it was told, and if nobody did, nobody cares


def _is_refused(results: Sequence[Applied]) -> bool:
    return any(each.refusal and isinstance(each.command, SetIndex) for each in results)


def _quote(symbol: str, made: Quotes, index_price: int, seq: int, at_ms: int) -> Quote:
    return Quote(seq, at_ms, HOUSE, symbol, made.bids, made.asks, index_price)


def _set_index(symbol: str, price: int, seq: int, at_ms: int) -> SetIndex:
    return SetIndex(seq, at_ms, symbol, price)


def _withdraw(symbol: str, seq: int, at_ms: int) -> CancelAll:
    """Possible while a market is halted, unlike a quote without levels."""
    return CancelAll(seq, at_ms, HOUSE, symbol)


def nearest_ticks(instrument: Instrument, price: Decimal) -> int:
    """Half to even, and at least one tick."""
    return max(1, int((price / instrument.tick).to_integral_value(ROUND_HALF_EVEN)))


def facts_of(venue: Venue, *, symbol: str) -> Facts:
    """What there is to know before a market is fed."""
    market = venue.markets[symbol]
    house = venue.accounts[HOUSE]
    return Facts(
        market.index,
        market.mark,
        inventory_of(venue, market),
        bool(orders_of(house, market)),
        HALTED in {venue.state, market.state, house.state},
    )


def occupied(venue: Venue) -> set[str]:
    """The markets in which anybody but the house has a position or an order; looks at all of
    them.
    """
    accounts = venue.accounts
    found = {each.symbol for each in venue.orders.values() if not accounts[each.account].house}
    for symbol, market in venue.markets.items():
        if symbol not in found and _is_held(venue, market):
            found.add(symbol)
    return found


def _is_held(venue: Venue, market: Market) -> bool:
    holders: Iterable[int] = (who for who, _ in market.holders)
    return any(not venue.accounts[who].house for who in holders)
