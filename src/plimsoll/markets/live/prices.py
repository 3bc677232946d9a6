"""The latest prices, live.

They are looked at before every flush: a price may follow from two others, and it is cheaper to look
than to know from which ones.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from plimsoll.markets.domain.assets import Asset
from plimsoll.markets.domain.board import Path
from plimsoll.markets.live.pairs import DecimalText, find_pairs, name_of
from plimsoll.markets.service.prices import Prices
from plimsoll.plumbing.streams.messages import Subscribe
from plimsoll.plumbing.streams.topics import Caller, Topic

LOOK_EVERY_S: Final = 1.0
"""How often prices that do not move are looked at: they grow stale."""


class PriceBody(Struct):
    """A price as `GET /prices/{base}/{quote}/current` answers; `price` is null, and the rest left
    out, while none is known.
    """

    pair: str
    base: str
    quote: str
    price: DecimalText | None
    change_24h: DecimalText | UnsetType | None = UNSET
    source: str | UnsetType = UNSET
    via: str | UnsetType | None = UNSET
    at: str | UnsetType = UNSET
    simulated: bool | UnsetType = UNSET
    age_ms: int | UnsetType = UNSET
    stale: bool | UnsetType = UNSET


class PriceTopic(Topic):
    """The latest price of one pair."""

    def __init__(self, prices: Prices, base: Asset, quote: Asset) -> None:
        super().__init__("prices", name_of(base, quote))
        self._prices = prices
        self._base = base
        self._quote = quote
        self._path: Path | None = None
        self._stale = False

    def snapshot(self) -> bytes:
        known = self._prices.prepare(self._base, self._quote, as_pair=True)
        if known is not None:
            return known
        pair = f"{self._base.symbol}/{self._quote.symbol}"
        return msgspec.json.encode(PriceBody(pair, self._base.id, self._quote.id, None))

    def look(self, now_s: float) -> None:
        """Touch when the price was said anew or has become stale."""
        board = self._prices.board
        path = board.find_path(self._base.id, self._quote.id)
        if path is None:
            return
        stale = board.is_stale(path.age_ms(now_s))
        if stale is self._stale and self._path is not None and path.same_prices(self._path):
            return
        self._path, self._stale = path, stale
        self.touch()


class PriceChannel:
    """The latest price of each pair that is named in `symbols`, such as btc/usd."""

    name = "prices"
    request = Subscribe
    body = PriceBody

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._topics: dict[str, PriceTopic] = {}
        self._version = -1
        self._look_at_s = 0.0

    async def open(self, request: Subscribe, caller: Caller | None) -> Sequence[Topic]:
        """Raises UnknownAssetField. Somebody wants these prices: the feed is told where there is
        none.
        """
        _ = caller
        topics = []
        for base, quote in find_pairs(self._prices.catalogue, request.symbols):
            name = name_of(base, quote)
            topic = self._topics.get(name)
            if topic is None:
                self._prices.find_quote(base.id, quote.id)
                topic = self._topics[name] = PriceTopic(self._prices, base, quote)
                topic.look(self._prices.clock.monotonic())
            topics.append(topic)
        return topics

    def collect(self) -> None:
        now_s = self._prices.clock.monotonic()
        if self._prices.version == self._version and now_s < self._look_at_s:
            return
        self._version, self._look_at_s = self._prices.version, now_s + LOOK_EVERY_S
        for topic in self._topics.values():
            topic.look(now_s)

    def release(self, topic: Topic) -> None:
        self._topics.pop(topic.symbol, None)
