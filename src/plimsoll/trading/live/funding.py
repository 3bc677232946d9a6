"""Funding stamps as they are settled."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from plimsoll.plumbing.streams.messages import Subscribe
from plimsoll.plumbing.streams.topics import Caller, Topic
from plimsoll.trading.domain.events import Event, FundingSettled
from plimsoll.trading.domain.instruments import Instrument, InstrumentKind
from plimsoll.trading.domain.refusals import NotForSpot
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.live.amounts import DecimalText, money_text, price_text
from plimsoll.trading.live.markets import Markets
from plimsoll.trading.service.broadcasting import Broadcasting
from plimsoll.trading.storage import trades_tape
from plimsoll.trading.storage.trades_tape import StampRow

SHOWN: Final = 100


class FundingRow(Struct):
    at_ms: int
    rate: Annotated[DecimalText, Meta(description="A ratio; above zero long positions paid")]
    mark: DecimalText


class FundingBody(Struct):
    """The oldest first: a snapshot has the last stamps, an update those settled since."""

    stamps: list[FundingRow]


class FundingTopic(Topic):
    """The stamps of one market."""

    def __init__(self, broadcasting: Broadcasting, instrument: Instrument) -> None:
        super().__init__("funding", instrument.symbol)
        self._instrument = instrument
        self._broadcasting = broadcasting
        self._stamps: dict[int, StampRow] = {}

    async def load(self) -> None:
        await self._broadcasting.begin(self._begin)
        async with self._broadcasting.exchange.database.read() as unit:
            found = await trades_tape.list_stamps(unit, self.symbol, limit=SHOWN)
        told, self._stamps = self._stamps, {each.stamp_ms: each for each in found}
        self._stamps |= told
        self._cut()

    def close(self) -> None:
        self._broadcasting.follow_market(self.symbol).hearers.pop(self, None)
        self._broadcasting.leave_market(self.symbol)

    def hear(self, applied: Applied, events: Sequence[Event]) -> None:
        _ = applied
        for event in events:
            if isinstance(event, FundingSettled):
                self._stamps[event.stamp_ms] = StampRow(event.stamp_ms, event.rate, event.mark)
                self._cut()
                self.touch(event.stamp_ms)

    def snapshot(self) -> bytes:
        return self._body(self._stamps)

    def update(self, keys: Sequence[Hashable]) -> bytes | None:
        return self._body(self._stamps.keys() & set(keys))

    def _begin(self, venue: Venue) -> None:
        _ = venue
        self._broadcasting.follow_market(self.symbol).hearers[self] = None

    def _cut(self) -> None:
        while len(self._stamps) > SHOWN:
            del self._stamps[min(self._stamps)]

    def _body(self, stamps: Iterable[int]) -> bytes:
        rows = [
            FundingRow(
                stamp_ms,
                money_text(self._stamps[stamp_ms].rate),
                price_text(self._instrument, self._stamps[stamp_ms].mark),
            )
            for stamp_ms in sorted(stamps)
        ]
        return msgspec.json.encode(FundingBody(rows))


class FundingChannel:
    """Every funding stamp of each perpetual that is named in `symbols`, such as BTC-PERP."""

    name = "funding"
    request = Subscribe
    body = FundingBody

    def __init__(self, broadcasting: Broadcasting) -> None:
        self._broadcasting = broadcasting
        self._markets: Markets[FundingTopic] = Markets(broadcasting.exchange)

    async def open(self, request: Subscribe, caller: Caller | None) -> Sequence[Topic]:
        """Raises BadMessage, UnknownSymbol, NotForSpot, EngineAway."""
        _ = caller
        for symbol in request.symbols:
            if self._broadcasting.exchange.get_instrument(symbol).kind is InstrumentKind.SPOT:
                raise NotForSpot(f"{symbol} has no funding", facts={"symbol": symbol})
        return await self._markets.open(
            lambda symbol: f"funding:{symbol}",
            request.symbols,
            lambda instrument: FundingTopic(self._broadcasting, instrument),
        )

    def collect(self) -> None:
        self._markets.collect()

    def release(self, topic: Topic) -> None:
        self._markets.release(topic)
