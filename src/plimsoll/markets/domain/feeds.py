"""Kinds of feed, and the rule that a data directory belongs to one of them for ever.

Real and invented prices must never meet in one ledger: profit computed from both would mean
nothing.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

from plimsoll.kernel.errors import Conflict, Invalid
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.prices import Tick


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


class PriceSource(Protocol):
    """Where prices come from, whatever the provider."""

    async def next_ticks(self) -> Sequence[Tick] | None:
        """Wait until there is news and return it; None when there will never be any again.

        Keeps its own pace: raises Unavailable when the provider is away, and the next call waits
        before it asks.
        """
        ...

    def state(self) -> str | None:
        """What to hand back after a restart so that it goes on where it was, as JSON; None:
        nothing.
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
