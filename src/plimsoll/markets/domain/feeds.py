"""Kinds of feed, and the rule that a data directory belongs to one of them for ever.

Real and invented prices must never meet in one ledger: profit computed from both would mean
nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol, runtime_checkable

from plimsoll.kernel.errors import Conflict, Invalid
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.prices import Pair, Tick


class FeedKind(StrEnum):
    LIVE = "live"
    REPLAY = "replay"
    SIMULATED = "simulated"


class FeedMismatch(Conflict):
    """The database holds what was done at prices of another kind."""

    code = "feed-mismatch"
    title = "This data belongs to another kind of feed"


def choose(*, asked: FeedKind | None, stored: FeedKind | None) -> FeedKind | None:
    """The kind to run, None when that is still to be found out; `asked` None means whatever
    fits.
    """
    if asked and stored and asked is not stored:
        raise FeedMismatch(
            f"the data here was made with {stored} prices, and {asked} ones would be mixed into it;"
            f" start with --feed {stored}, or give the {asked} feed its own --data-dir",
            facts={"stored": stored.value, "asked": asked.value},
        )
    return asked or stored


class ReplayDirMissing(Invalid):
    """A replay was asked for and no folder of recorded prices was given."""

    code = "replay-dir-missing"
    title = "A replay needs recorded prices"


class NothingToReplay(Invalid):
    """The folder has no file that could be read as klines of a known pair."""

    code = "nothing-to-replay"
    title = "No recorded prices were found"


class Trade(NamedTuple):
    """One trade of a venue, or an observed price (quantity 0) where a source tells no trades.

    A tuple of floats, because there are thousands a second and candles are made of floats. `id`
    orders trades of one millisecond; a source without trade ids numbers what it says.
    """

    pair: Pair
    time_ms: int
    id: int
    price: float
    quantity: float


@dataclass(frozen=True, slots=True)
class News:
    """What a source says at once, each part in the order in which it happened.

    Ticks are for the price board. Candles of a pair come from trades, or whole from the source,
    forming or closed; a whole one replaces what trades made of its bucket.
    """

    ticks: Sequence[Tick] = ()
    trades: Sequence[Trade] = ()
    candles: Sequence[tuple[Pair, Candle]] = ()


class MarketSource(Protocol):
    """Where prices, trades and candles come from, whatever the provider.

    Keeps its own pace and its own connection: `next_news` raises Unavailable when the provider is
    away or has been cut off, and the next call waits as long as is polite before it tries again.
    What was missed meanwhile it fetches by itself and says as candles.
    """

    @property
    def name(self) -> str: ...

    @property
    def pushes(self) -> bool:
        """Whether it tells every change by itself: then what it said last of a pair holds for as
        long as anything at all is heard from it.
        """
        ...

    @property
    def silence_s(self) -> float:
        """Hearing nothing for longer means that something is wrong."""
        ...

    async def next_news(self) -> News | None:
        """Wait until there is news and return it; None when there will never be any again."""
        ...

    def now_ms(self) -> int:
        """What time it is where the news comes from; a replay lives in the past."""
        ...

    def state(self) -> str | None:
        """What to hand back after a restart so that it goes on where it was, as JSON; None:
        nothing.
        """
        ...

    async def aclose(self) -> None:
        """End every connection; nothing is asked of it afterwards."""
        ...


@runtime_checkable
class CandleHistory(Protocol):
    """A source that can also be asked for candles of the past."""

    @property
    def name(self) -> str: ...

    def offers(self, pair: Pair, interval: Interval) -> bool:
        """Whether it has candles of this pair and interval at all."""
        ...

    async def list_candles(
        self, pair: Pair, interval: Interval, *, from_ms: int, to_ms: int
    ) -> list[Candle]:
        """Closed candles that open in from_ms … to_ms − 1, oldest first, as many as one request
        gives; an empty list says that there are none from from_ms on. Raises Unavailable.
        """
        ...


class Interest:
    """The assets that somebody asked a price of; a source that has to choose takes these too.

    `on_new` is called for each asset that was not there before, so that a source need not wait for
    its next round.
    """

    def __init__(self) -> None:
        self.assets: set[AssetId] = set()
        self.on_new: Callable[[], None] | None = None

    def add(self, asset: AssetId) -> None:
        if asset in self.assets:
            return
        self.assets.add(asset)
        if self.on_new:
            self.on_new()
