"""Candles as they form, close and are amended, live."""

import asyncio
from collections.abc import Hashable, Sequence
from typing import Annotated, Final, Protocol

from msgspec import Meta, Struct

from plimsoll.markets.domain.assets import Asset, Catalogue
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.live.pairs import DecimalText, find_pairs, name_of, no_candles
from plimsoll.markets.service.window import encode
from plimsoll.plumbing.streams.messages import Subscribe
from plimsoll.plumbing.streams.topics import Caller, Topic

KEPT_CANDLES: Final = 1_000
FORMING: Final = "forming"
"""What is touched when a candle that is not closed has changed."""


class CandleRequest(Subscribe):
    """`limit`: how many candles the snapshot has."""

    interval: Interval = Interval.MINUTE
    limit: Annotated[int, Meta(ge=1, le=KEPT_CANDLES)] = 300


class CandleRow(Struct):
    time_ms: int
    open: DecimalText
    high: DecimalText
    low: DecimalText
    close: DecimalText
    volume: DecimalText
    trades: int
    state: Annotated[str, Meta(description="forming, closed, amended or synthetic")]


class CandleBody(Struct):
    """Candles in the order of time; an update has those that are new or have changed, and one of
    a `time_ms` that is known replaces it.
    """

    pair: str
    interval: Interval
    candles: list[CandleRow]


class CandleReader(Protocol):
    """What is needed of the candles of this process."""

    def knows(self, pair: Pair) -> bool: ...

    def list_forming(self, pair: Pair, interval: Interval) -> list[Candle]: ...

    async def list_candles(
        self, pair: Pair, interval: Interval, *, limit: int = ...
    ) -> list[Candle]: ...


class CandleTopic(Topic):
    """The last candles of one pair and interval: the closed ones are kept here, those that form are
    asked for when they are told.
    """

    def __init__(
        self, reader: CandleReader, base: Asset, quote: Asset, interval: Interval, limit: int
    ) -> None:
        super().__init__("candles", name_of(base, quote), interval.value, str(limit))
        self.pair = Pair(base.id, quote.id)
        self.interval = interval
        self.loading: asyncio.Task[None] | None = None
        self.opening = 0
        """How many are waiting for it to be loaded."""
        self._reader = reader
        self._limit = limit
        self._closed: dict[int, bytes] = {}

    async def load(self) -> None:
        """Read what there is; what is told meanwhile is newer and stays."""
        found = await self._reader.list_candles(self.pair, self.interval, limit=self._limit)
        stored = [candle for candle in found if not candle.forming]
        told, self._closed = self._closed, {}
        for candle, row in zip(stored, encode(stored), strict=True):
            self._closed[candle.open_time_ms] = row
        self._closed |= told
        self._cut()

    def put(self, candle: Candle) -> None:
        """A candle that has closed, or was amended since."""
        (row,) = encode([candle])
        if self._closed.get(candle.open_time_ms) != row:
            self._closed[candle.open_time_ms] = row
            self._cut()
            self.touch(candle.open_time_ms)

    def snapshot(self) -> bytes:
        return self._body(self._closed | self._forming())

    def update(self, keys: Sequence[Hashable]) -> bytes | None:
        times = self._closed.keys() & set(keys)
        rows = {time_ms: self._closed[time_ms] for time_ms in times}
        if FORMING in keys:
            rows |= self._forming()
        return self._body(rows) if rows else None

    def _forming(self) -> dict[int, bytes]:
        forming = self._reader.list_forming(self.pair, self.interval)
        times = [candle.open_time_ms for candle in forming]
        return dict(zip(times, encode(forming), strict=True))

    def _body(self, rows: dict[int, bytes]) -> bytes:
        texts = [rows[time_ms] for time_ms in sorted(rows)[-self._limit :]]
        return b'{"pair":"%b","interval":"%b","candles":[%b]}' % (
            self.symbol.encode(),
            self.interval.value.encode(),
            b",".join(texts),
        )

    def _cut(self) -> None:
        while len(self._closed) > self._limit:
            del self._closed[min(self._closed)]


class CandleChannel:
    """The last candles of one interval of each pair that is named in `symbols`, as they form, close
    and are amended.
    """

    name = "candles"
    request = CandleRequest
    body = CandleBody

    def __init__(self, catalogue: Catalogue, reader: CandleReader) -> None:
        """Whoever makes the candles tells `close` and `change`."""
        self._catalogue = catalogue
        self._reader = reader
        self._topics: dict[str, CandleTopic] = {}
        self._by_pair: dict[Pair, dict[str, CandleTopic]] = {}

    async def open(self, request: CandleRequest, caller: Caller | None) -> Sequence[Topic]:
        """Raises UnknownAssetField, UnknownPairField, or Unavailable when what is stored cannot be
        read.
        """
        _ = caller
        pairs = find_pairs(self._catalogue, request.symbols)
        for number, (base, quote) in enumerate(pairs):
            if not self._reader.knows(Pair(base.id, quote.id)):
                raise no_candles(base, quote, pointer=f"#/symbols/{number}")
        topics = [self._obtain(*pair, request.interval, request.limit) for pair in pairs]
        for topic in topics:
            topic.opening += 1
        loaded = False
        try:
            for topic in topics:
                assert topic.loading is not None
                await asyncio.shield(topic.loading)
            loaded = True
        finally:
            for topic in topics:
                topic.opening -= 1
                if not loaded:
                    self.release(topic)
        return topics

    def close(self, pair: Pair, candle: Candle) -> None:
        """A candle has closed, or was amended."""
        for topic in self._by_pair.get(pair, {}).values():
            if topic.interval is candle.interval:
                topic.put(candle)

    def change(self, pair: Pair) -> None:
        """Candles of this pair that are forming have changed."""
        for topic in self._by_pair.get(pair, {}).values():
            topic.touch(FORMING)

    def collect(self) -> None:
        """Nothing to do: candles tell."""

    def release(self, topic: Topic) -> None:
        """Let it go, unless somebody is still waiting for it or listens to it."""
        known = self._topics.get(topic.sub)
        if known is None or known is not topic or known.opening or known.lines:
            return
        del self._topics[known.sub]
        topics = self._by_pair[known.pair]
        del topics[known.sub]
        if not topics:
            del self._by_pair[known.pair]

    def _obtain(self, base: Asset, quote: Asset, interval: Interval, limit: int) -> CandleTopic:
        made = CandleTopic(self._reader, base, quote, interval, limit)
        topic = self._topics.setdefault(made.sub, made)
        if topic is made:
            self._by_pair.setdefault(topic.pair, {})[topic.sub] = topic
            topic.loading = asyncio.create_task(topic.load(), name=f"load {topic.sub}")
        return topic
