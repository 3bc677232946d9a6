"""Which sources a kind of feed has, opened as the settings want them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import FieldFault, Invalid
from plimsoll.markets.domain.assets import Catalogue
from plimsoll.markets.domain.feeds import FeedKind, Interest, MarketSource, ReplayDirMissing
from plimsoll.markets.sources.binance import open_binance
from plimsoll.markets.sources.ccxt_venue import open_ccxt
from plimsoll.markets.sources.coinbase import open_coinbase
from plimsoll.markets.sources.coingecko import open_coingecko
from plimsoll.markets.sources.kraken import open_kraken
from plimsoll.markets.sources.recording import RecordingReplay, has_recordings
from plimsoll.markets.sources.replay import ReplaySource
from plimsoll.markets.sources.simulated import SimulatedSource
from plimsoll.plumbing.outbound import Outbound
from plimsoll.settings import Settings


class UnknownSource(Invalid):
    """The settings name a source of live prices that there is not."""

    code = "unknown-source"
    title = "There is no such source"


def refuse_source(name: str, known: Collection[str], *, setting: str) -> UnknownSource:
    """The refusal to raise when `setting` names a source that is not `known`."""
    detail = f"{setting}: {name!r} is no source; there are {', '.join(sorted(known))}"
    return UnknownSource(detail, faults=(FieldFault(setting, UnknownSource.code, detail),))


Venue = Callable[[Settings, Outbound, Catalogue, Clock], MarketSource]

VENUES: Final[dict[str, Venue]] = {
    "binance": open_binance,
    "coinbase": open_coinbase,
    "kraken": open_kraken,
}


@dataclass(frozen=True, slots=True)
class Opening:
    """What sources are made of."""

    settings: Settings
    outbound: Outbound
    catalogue: Catalogue
    clock: Clock
    interest: Interest

    def open_sources(self, kind: FeedKind, state: str | None) -> Sequence[MarketSource]:
        """The sources of `kind`, as they are preferred; at least one.

        `state` is what `MarketSource.state` gave before. Raises UnknownSource, ReplayDirMissing,
        NothingToReplay.
        """
        match kind:
            case FeedKind.LIVE:
                return [self._open_live(name) for name in self._names()]
            case FeedKind.SIMULATED:
                seed = self.settings.simulation_seed
                return [SimulatedSource(self.clock, seed=seed, state=state)]
            case FeedKind.REPLAY:
                return [self._open_replay()]

    def _names(self) -> list[str]:
        names = list(dict.fromkeys((*self.settings.live_sources, *self.settings.ccxt_venues)))
        known = {*VENUES, "coingecko", *self.settings.ccxt_venues}
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            wrong = unknown[0] if unknown else ""
            raise refuse_source(wrong, known, setting="PLIMSOLL_LIVE_SOURCES")
        return names

    def _open_live(self, name: str) -> MarketSource:
        settings, outbound = self.settings, self.outbound
        if name in VENUES:
            return VENUES[name](settings, outbound, self.catalogue, self.clock)
        if name == "coingecko":
            return open_coingecko(settings, outbound, self.catalogue, self.clock, self.interest)
        return open_ccxt(name, settings, self.catalogue, self.clock)

    def _open_replay(self) -> MarketSource:
        folder, speed = self.settings.replay_dir, self.settings.replay_speed
        if folder is None:
            raise ReplayDirMissing("say where the recorded prices are: --replay-dir FOLDER")
        if has_recordings(folder):
            return RecordingReplay(folder, self.clock, speed=speed)
        return ReplaySource(folder, self.clock, speed=speed)
