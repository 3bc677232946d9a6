"""The books of the exchange, price by price.

A book is looked at after the batches that changed it, at most twenty times a second, and compared
with what was told: what there is to tell is made once, however many listen.
"""

from collections.abc import Hashable, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from plimsoll.plumbing.streams.messages import Subscribe
from plimsoll.plumbing.streams.topics import Caller, Topic
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.live.amounts import DecimalText, price_text, quantity_text
from plimsoll.trading.live.markets import MarketLooker, Markets
from plimsoll.trading.service.broadcasting import Broadcasting

GONE = "0"
Key = tuple[bool, int]
"""Whether it is a bid, and the price in ticks."""


class BookRequest(Subscribe):
    """`depth`: how many prices of each side."""

    depth: Literal[10, 50, 500] = 10


BookLevel = Annotated[
    tuple[DecimalText, DecimalText],
    Meta(description="Price and quantity; the quantity 0: not among the first `depth` any more"),
]


class BookBody(Struct):
    """A snapshot has both sides with the best price first; an update those prices whose quantity
    has changed, as it is now.
    """

    bids: list[BookLevel]
    asks: list[BookLevel]
    at_ms: Annotated[int, Meta(description="Of the last command before it was looked at")]
    simulated: Annotated[bool, Meta(description="The price of the world is invented")]


class BookTopic(MarketLooker):
    """The first prices of one market's book; quantities in steps."""

    def __init__(self, broadcasting: Broadcasting, depth: int, instrument: Instrument) -> None:
        super().__init__("book", broadcasting, instrument, str(depth))
        self._depth = depth
        self._levels: dict[Key, int] = {}
        self._at_ms = 0
        self._text = b""

    def look(self, venue: Venue) -> None:
        depth = venue.markets[self.symbol].book.depth(self._depth)
        levels: dict[Key, int] = {(True, price): quantity for price, quantity in depth.bids}
        levels |= {(False, price): quantity for price, quantity in depth.asks}
        before = self._levels
        if levels == before:
            return
        self._levels, self._at_ms, self._text = levels, venue.at_ms, b""
        for key in before.keys() - levels.keys():
            self.touch(key)
        for key, quantity in levels.items():
            if before.get(key) != quantity:
                self.touch(key)

    def snapshot(self) -> bytes:
        if not self._text:
            self._text = self._body(list(self._levels))
        return self._text

    def update(self, keys: Sequence[Hashable]) -> bytes | None:
        return self._body(sorted(key for key in keys if isinstance(key, tuple)))

    def _body(self, keys: Sequence[Key]) -> bytes:
        bids: list[tuple[str, str]] = []
        asks: list[tuple[str, str]] = []
        for key in keys:
            is_bid, price = key
            quantity = self._levels.get(key)
            text = GONE if quantity is None else quantity_text(self.instrument, quantity)
            (bids if is_bid else asks).append((price_text(self.instrument, price), text))
        return msgspec.json.encode(BookBody(bids, asks, self._at_ms, self._broadcasting.simulated))


class BookChannel:
    """The best prices of each market that is named in `symbols`, such as BTC-PERP, and what stands
    at them.
    """

    name = "book"
    request = BookRequest
    body = BookBody

    def __init__(self, broadcasting: Broadcasting) -> None:
        self._broadcasting = broadcasting
        self._markets: Markets[BookTopic] = Markets(broadcasting.exchange)

    async def open(self, request: BookRequest, caller: Caller | None) -> Sequence[Topic]:
        """Raises BadMessage, UnknownSymbol, EngineAway."""
        _ = caller
        depth = request.depth
        return await self._markets.open(
            lambda symbol: f"book:{symbol}:{depth}",
            request.symbols,
            lambda instrument: BookTopic(self._broadcasting, depth, instrument),
        )

    def collect(self) -> None:
        self._markets.collect()

    def release(self, topic: Topic) -> None:
        self._markets.release(topic)
