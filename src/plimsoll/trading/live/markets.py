"""How markets of the exchange are named on live connections, and what keeps them awake."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Generic, Protocol, TypeVar

from plimsoll.plumbing.streams.messages import BadMessage
from plimsoll.plumbing.streams.topics import Topic
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.live.openings import Loaded, Openings
from plimsoll.trading.service.broadcasting import Broadcasting, Looker
from plimsoll.trading.service.exchange import Exchange

WAKE_EVERY_S: Final = 5.0


class MarketLooker(Topic):
    """What is looked at in one market: the last value wins."""

    def __init__(
        self, channel: str, broadcasting: Broadcasting, instrument: Instrument, *params: str
    ) -> None:
        super().__init__(channel, instrument.symbol, *params)
        self.instrument = instrument
        self._broadcasting = broadcasting

    async def load(self) -> None:
        await self._broadcasting.begin(self._begin)

    def close(self) -> None:
        self._broadcasting.follow_market(self.symbol).lookers.pop(self, None)
        self._broadcasting.leave_market(self.symbol)

    def look(self, venue: Venue) -> None:
        """Take what is true now and touch what has changed."""
        raise NotImplementedError

    def _begin(self, venue: Venue) -> None:
        self.look(venue)
        looker: Looker = self
        self._broadcasting.follow_market(self.symbol).lookers[looker] = None


class MarketTopic(Loaded, Protocol):
    """What the channels of markets have in common."""

    symbol: str


T = TypeVar("T", bound=MarketTopic)


class Markets(Generic[T]):
    """The markets that somebody listens to in one channel. They are awake as long as that."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._openings: Openings[T] = Openings()
        self._wake_at_s = float("-inf")

    async def open(
        self, names: Callable[[str], str], symbols: Sequence[str], make: Callable[[Instrument], T]
    ) -> list[T]:
        """The topics of these markets, known by `names`; those nobody listens to yet are made.
        Raises BadMessage, UnknownSymbol and EngineAway.
        """
        if not symbols:
            raise BadMessage("name at least one market in `symbols`, such as BTC-PERP")
        instruments = [self._exchange.get_instrument(symbol) for symbol in symbols]
        feeding = self._exchange.feeding
        if feeding is not None:
            for symbol in symbols:
                await feeding.ready(symbol)
        return await self._openings.obtain(
            [(names(each.symbol), partial(make, each)) for each in instruments]
        )

    def collect(self) -> None:
        """Before every flush."""
        feeding, now_s = self._exchange.feeding, self._exchange.clock.monotonic()
        if feeding is None or now_s < self._wake_at_s:
            return
        self._wake_at_s = now_s + WAKE_EVERY_S
        for topic in self._openings.all():
            feeding.wake(topic.symbol)

    def release(self, topic: Topic) -> None:
        self._openings.release(topic)
