"""An exchange beside prices of the world that a test sets, and a clock that it moves."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.failover import Word
from plimsoll.markets.domain.feeds import FeedKind
from plimsoll.markets.domain.prices import Pair, Price, Tick
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.service.prices import Prices
from plimsoll.plumbing.database import Database
from plimsoll.settings import Settings
from plimsoll.trading.domain.book import Depth
from plimsoll.trading.domain.commands import Deposit, OpenAccount, PlaceOrder
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.orders import OrderType, Side
from plimsoll.trading.domain.venue import Market, Venue
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.feeding import Feeding
from tests.fakes.clock import ManualClock

BTC, SPOT, DOGE = "BTC-PERP", "BTC-USDT", "DOGE-PERP"
ANNA, BERT = 2, 3
BUY, SELL = Side.BUY, Side.SELL
TETHER = AssetId("tether")

T = TypeVar("T")


class MarketDesk:
    """A price in usdt of a coin is `say`; `pass_time` lets seconds go by, and the feed's rounds."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.clock = ManualClock()
        self.database = database
        self.venues: dict[str, str] = {}
        """What a bitcoin is in tether by each venue, when there is more than the one price."""
        self.prices = Prices(
            catalogue=load_catalogue(),
            board=PriceBoard(stale_after_s=30),
            clock=self.clock,
            feed_kind=FeedKind.SIMULATED,
            list_well=self._list_well,
        )
        self.settings = settings
        self.exchange = Exchange(settings, database, self.clock)

    async def open(self) -> None:
        await self.exchange.open()
        self.exchange.feeding = self.feeding = Feeding(self.exchange, self.prices)

    async def reopen(self) -> None:
        """The same after a restart of the process."""
        await self.exchange.close()
        self.exchange = Exchange(self.settings, self.database, self.clock)
        await self.open()

    def _list_well(self, pair: Pair) -> list[Word]:
        heard_s, at = self.clock.monotonic(), self.clock.now()
        return [
            Word(venue, Tick(pair, Price(Decimal(price), venue, at, simulated=True)), heard_s)
            for venue, price in self.venues.items()
            if pair == (AssetId("bitcoin"), TETHER)
        ]

    def say(self, price: str, coin: str = "bitcoin") -> None:
        pair = Pair(AssetId(coin), TETHER)
        heard = Price(Decimal(price), "test", self.clock.now(), simulated=True)
        self.prices.board.put(pair, heard, self.clock.monotonic())

    async def rounds(self, seconds: int) -> None:
        """Seconds in which the price is heard again, and a round of the feed after each."""
        for _ in range(seconds):
            self.clock.advance(1)
            for pair, entry in list(self.prices.board.list_entries()):
                self.prices.board.put(pair, entry.price, self.clock.monotonic())
            await self.feeding._round()

    async def do(self, kind: type[Any], **fields: Any) -> Applied:
        return await self.exchange.engine.submit(
            lambda seq, at_ms: kind(seq=seq, at_ms=at_ms, **fields)
        )

    async def admit(self, who: int, *, money: int = 100_000, leverage: int = 20) -> None:
        await self.do(OpenAccount, account=who, leverage_cap=leverage)
        await self.do(Deposit, account=who, asset="tether", amount=money * MONEY)

    async def place(
        self, who: int, side: Side, quantity: int, price: int = 0, **more: Any
    ) -> Applied:
        fields = {
            "account": who,
            "symbol": BTC,
            "side": side,
            "type": OrderType.LIMIT if price else OrderType.MARKET,
            "quantity": quantity,
            "price": price,
        }
        return await self.do(PlaceOrder, **(fields | more))

    async def market(self, look: Callable[[Market], T], symbol: str = BTC) -> T:
        def find(venue: Venue) -> T:
            return look(venue.markets[symbol])

        return await self.exchange.read(find)

    async def depth(self, symbol: str = BTC) -> Depth:
        return await self.market(lambda market: market.book.depth(100), symbol)

    async def index(self, symbol: str = BTC) -> int:
        return await self.market(lambda market: market.index, symbol)

    @property
    def seq(self) -> int:
        return self.exchange.engine.seq

    async def kinds(self, after: int) -> list[str]:
        """What the journal has after a number."""
        async with self.database.read() as unit:
            rows = await unit.fetch("select kind from journal where seq > $1 order by seq", after)
        return [row["kind"] for row in rows]
