"""The prices by which margin is counted, and what funding would be now."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct

from plimsoll.plumbing.streams.messages import Subscribe
from plimsoll.plumbing.streams.topics import Caller, Topic
from plimsoll.trading.domain.funding import rate_now
from plimsoll.trading.domain.instruments import Instrument, InstrumentKind
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.live.amounts import DecimalText, money_text, price_or_none
from plimsoll.trading.live.markets import MarketLooker, Markets
from plimsoll.trading.service.broadcasting import Broadcasting


class MarkBody(Struct):
    """Null where there is none yet; spot markets have no funding."""

    mark: DecimalText | None
    index: DecimalText | None
    last: DecimalText | None
    funding_rate: Annotated[
        DecimalText | None, Meta(description="If the interval ended now, as a ratio")
    ]
    next_funding_ms: int | None
    at_ms: Annotated[int, Meta(description="Of the last command before it was looked at")]
    simulated: Annotated[bool, Meta(description="The price of the world is invented")]


class Facts(NamedTuple):
    """Prices in ticks, the rate in hundred-millionths."""

    mark: int = 0
    index_price: int = 0
    last: int = 0
    rate: int = 0
    stamp_ms: int = 0


class MarkTopic(MarketLooker):
    """The mark of one market."""

    def __init__(self, broadcasting: Broadcasting, instrument: Instrument) -> None:
        super().__init__("mark", broadcasting, instrument)
        self._facts = Facts()
        self._at_ms = 0

    def look(self, venue: Venue) -> None:
        market = venue.markets[self.symbol]
        perpetual = self.instrument.kind is InstrumentKind.PERPETUAL
        facts = Facts(
            market.mark,
            market.index,
            market.last,
            rate_now(market) if perpetual and market.index else 0,
            market.marking.stamp_ms if perpetual else 0,
        )
        if facts != self._facts:
            self._facts, self._at_ms = facts, venue.at_ms
            self.touch()

    def snapshot(self) -> bytes:
        facts, instrument = self._facts, self.instrument
        return msgspec.json.encode(
            MarkBody(
                mark=price_or_none(instrument, facts.mark),
                index=price_or_none(instrument, facts.index_price),
                last=price_or_none(instrument, facts.last),
                funding_rate=money_text(facts.rate) if facts.stamp_ms else None,
                next_funding_ms=facts.stamp_ms or None,
                at_ms=self._at_ms,
                simulated=self._broadcasting.simulated,
            )
        )


class MarkChannel:
    """Mark, index and last price of each market that is named in `symbols`, such as BTC-PERP, and
    its funding.
    """

    name = "mark"
    request = Subscribe
    body = MarkBody

    def __init__(self, broadcasting: Broadcasting) -> None:
        self._broadcasting = broadcasting
        self._markets: Markets[MarkTopic] = Markets(broadcasting.exchange)

    async def open(self, request: Subscribe, caller: Caller | None) -> Sequence[Topic]:
        """Raises BadMessage, UnknownSymbol, EngineAway."""
        _ = caller
        return await self._markets.open(
            lambda symbol: f"mark:{symbol}",
            request.symbols,
            lambda instrument: MarkTopic(self._broadcasting, instrument),
        )

    def collect(self) -> None:
        self._markets.collect()

    def release(self, topic: Topic) -> None:
        self._markets.release(topic)
