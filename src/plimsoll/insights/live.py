"""Indicators as the candles form: the channel `indicators` of the live connections.

One subscription is a pair, an interval and a list of indicators, in whatever order they are named;
all who ask for the same share one set of streams, which ends with the last of them. An update has
the candles that closed since and the one that is forming, each with all values of the set: what was
known of a candle of that time is replaced. A snapshot has the last closed one and the forming one.
"""

import asyncio
from collections.abc import Hashable, Sequence
from math import isfinite
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from plimsoll.insights.domain.catalogue import BadIndicatorList, parse
from plimsoll.insights.domain.definitions import Request
from plimsoll.insights.schemas import IndicatorFacts, describe
from plimsoll.insights.service.insights import Insights
from plimsoll.insights.service.sets import LiveSet, Told
from plimsoll.markets.domain.assets import Asset, Catalogue
from plimsoll.markets.domain.candles import Interval
from plimsoll.markets.domain.prices import Pair
from plimsoll.plumbing.streams.messages import BadMessage, Subscribe
from plimsoll.plumbing.streams.topics import Caller, Topic

NAME: Final = "indicators"
LONGEST_SET: Final = 300
"""Characters of a set in a subscription's name."""


class SubscribeIndicators(Subscribe):
    """`names` as in the route, `rsi(14),macd(12,26,9)`; `interval` is how long a candle is."""

    names: Annotated[str, Meta(max_length=2_000, examples=["rsi(14),macd(12,26,9)"])] = ""
    interval: Interval = Interval.HOUR


class IndicatorCandle(msgspec.Struct, frozen=True):
    """The values of one candle: `{"rsi(14)": {"rsi": 55.1}}`, null where undefined.

    `segment_bars` counts the candles since the last hole, this one included: a value is settled
    when there are more of them than its indicator's warm-up.
    """

    time_ms: int
    state: Literal["closed", "forming"]
    segment_bars: int
    values: dict[str, dict[str, float | None]]


class IndicatorFrame(msgspec.Struct, frozen=True):
    """Candles by time, the oldest first; `indicators` (in a snapshot only) says what is what."""

    candles: list[IndicatorCandle]
    indicators: list[IndicatorFacts] | UnsetType = UNSET


class IndicatorTopic(Topic):
    """What one set tells."""

    def __init__(
        self, base: Asset, quote: Asset, interval: Interval, requests: Sequence[Request]
    ) -> None:
        self.requests = sorted(requests, key=str)
        names = ",".join(map(str, self.requests))
        if len(names) > LONGEST_SET:
            raise BadIndicatorList(
                f"the set is too long for one subscription; split {names[:LONGEST_SET]}…",
                facts={"most": LONGEST_SET},
            )
        super().__init__(NAME, f"{_name(base)}/{_name(quote)}", interval.value, names)
        self.pair = Pair(base.id, quote.id)
        self.interval = interval
        self.live: LiveSet

    def snapshot(self) -> bytes:
        told = [self.live.find_last(), self.live.find_forming()]
        described = [describe(request) for request in self.requests]
        return msgspec.json.encode(IndicatorFrame(self._candles(told), described))

    def update(self, keys: Sequence[Hashable]) -> bytes | None:
        closed = sorted(key for key in keys if isinstance(key, int))
        told = [*map(self.live.find_closed, closed), self.live.find_forming()]
        candles = self._candles(told)
        return msgspec.json.encode(IndicatorFrame(candles)) if candles else None

    def _candles(self, told: Sequence[Told | None]) -> list[IndicatorCandle]:
        return [self._candle(each) for each in told if each]

    def _candle(self, told: Told) -> IndicatorCandle:
        return IndicatorCandle(
            told.time_ms,
            "forming" if told.forming else "closed",
            told.segment_bars,
            dict(map(_named, self.requests, told.values)),
        )


def _named(request: Request, value: Any) -> tuple[str, dict[str, float | None]]:
    row = value if isinstance(value, tuple) else (value,)
    defined = [each if isfinite(each) else None for each in row]
    return str(request), dict(zip(request.definition.columns, defined, strict=True))


class IndicatorChannel:
    """Opens sets for those who listen, and ends them with the last one."""

    name: Final = NAME
    request: Final = SubscribeIndicators
    body: Final = IndicatorFrame

    def __init__(self, insights: Insights, catalogue: Catalogue) -> None:
        self._insights = insights
        self._sets = insights.sets
        self._catalogue = catalogue
        self._topics: dict[str, IndicatorTopic] = {}

    async def open(self, request: SubscribeIndicators, caller: Caller | None) -> Sequence[Topic]:
        """One topic for each symbol. Raises what the route raises, and TooManySets."""
        _ = caller
        requests = parse(request.names)
        if not request.symbols:
            raise BadMessage("name at least one pair in `symbols`, such as btc/usd")
        asked = [
            self._topic(symbol, at, request.interval, requests)
            for at, symbol in enumerate(request.symbols)
        ]
        topics = list[IndicatorTopic]()
        try:
            for each in asked:
                topics.append(self._obtain(each))
            await asyncio.gather(*(self._sets.settle(topic.live) for topic in topics))
            # Meanwhile somebody else may have left, and the topic with them.
            return [self._obtain(topic) for topic in topics]
        except BaseException:
            for topic in topics:
                if not topic.lines:
                    self.release(topic)
            raise

    def collect(self) -> None:
        """Nothing to do: the sets tell."""

    def release(self, topic: Topic) -> None:
        assert isinstance(topic, IndicatorTopic)
        if self._topics.get(topic.sub) is topic:
            del self._topics[topic.sub]
            self._sets.close(topic.live)

    def _topic(
        self, symbol: str, at: int, interval: Interval, requests: Sequence[Request]
    ) -> IndicatorTopic:
        """Not listened to yet."""
        base, quote = (
            self._catalogue.resolve_field(name, pointer=f"#/symbols/{at}")
            for name in symbol.partition("/")[::2]
        )
        self._insights.check(Pair(base.id, quote.id))
        return IndicatorTopic(base, quote, interval, requests)

    def _obtain(self, topic: IndicatorTopic) -> IndicatorTopic:
        """The one that others listen to already, or this one, opened."""
        known = self._topics.get(topic.sub)
        if known is None:
            topic.live = self._sets.open(topic.pair, topic.interval, topic.requests, topic.touch)
            known = self._topics[topic.sub] = topic
        return known


def _name(asset: Asset) -> str:
    """The symbol; the id where the symbol means another asset."""
    return asset.symbol if asset.primary else asset.id
