"""What becomes of the news of all sources: prices to the board, trades and candles to the candles.

Of a pair only the source that it has its price from counts, for its candles too. What a source says
after it was away repairs what another one said meanwhile, because whole candles replace what was
there.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog
from prometheus_client import Counter, Gauge

from plimsoll.kernel.clock import Clock, from_ms
from plimsoll.kernel.errors import Unavailable
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.candles import Candle
from plimsoll.markets.domain.failover import (
    Failover,
    FlagKind,
    SourceHealth,
    SourceState,
    Word,
)
from plimsoll.markets.domain.feeds import MarketSource, News, Trade
from plimsoll.markets.domain.prices import Pair, Tick
from plimsoll.markets.service.opening import refuse_source
from plimsoll.markets.service.quality import LAST_MS, QualityFlag, Reason

log = structlog.get_logger(__name__)

NEWS = Counter("market_news", "Prices, trades and candles that sources said.", ["source", "kind"])
SOURCE_UP = Gauge("market_source_live", "1 while the source is heard from.", ["source"])
FLAGS = Counter("market_data_flags", "Doubts about what sources say.", ["kind"])

MOST_REFUSED: Final = 100
"""Flags of candles that are told, the latest ones."""

Keep = Callable[[int, str, News], None]
"""The moment in ms, the source, and what of its news counted."""


class CandleTaker(Protocol):
    """Where trades and candles go."""

    def take(self, news: News, now_ms: int) -> None: ...

    def list_quality_flags(self) -> list[QualityFlag]: ...


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How a source is, for people. `heard_at` is None while it was never heard from."""

    name: str
    state: SourceState
    since: datetime
    heard_at: datetime | None
    pairs: int
    """How many pairs have their price from it now."""
    failures: int
    error: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class DataFlag:
    """A doubt about the data of a pair, with the moment since when. Of what was refused of its
    candles that is the data's own time, and nobody knows the source or a ratio any more.
    """

    kind: FlagKind | Reason
    pair: Pair
    sources: tuple[str, ...]
    ratio: float | None
    since: datetime


class Intake:
    """One per process; its methods never wait."""

    def __init__(  # noqa: PLR0913 - its collaborators, each by name
        self,
        sources: Sequence[MarketSource],
        *,
        board: PriceBoard,
        candles: CandleTaker,
        clock: Clock,
        orders: Mapping[Pair, Sequence[str]],
        disagreement: float,
        dated: bool,
        keep: Keep | None = None,
    ) -> None:
        """`sources` as they are preferred. `dated`: a price that is not confirmed by a pulse ages
        from the moment it is of, not from the moment it was received. `disagreement` as a ratio.
        `keep` is told everything that counted.
        """
        self._board = board
        self._candles = candles
        self._clock = clock
        self._dated = dated
        self._keep = keep
        self._now_ms = {source.name: source.now_ms for source in sources}
        now_s = clock.monotonic()
        self._health = {
            source.name: SourceHealth(
                source.name, pushes=source.pushes, silence_s=source.silence_s, now_s=now_s
            )
            for source in sources
        }
        self._failover = Failover(self._health.values(), orders=orders, apart=disagreement)
        self.unsaved: set[Pair] = set()
        """Pairs whose price changed and is not stored yet."""
        self._shown: Sequence[object] = ()
        self.on_sources: list[Callable[[], None]] = []
        """Called when a source changes its state or a flag comes up."""
        self.on_prices: list[Callable[[Sequence[Tick]], None]] = []
        """Called with prices that the board has just taken."""

    def take(self, source: MarketSource, news: News) -> None:
        """What `source` has just said."""
        health = self._health[source.name]
        now_s = self._clock.monotonic()
        if health.heard(now_s):
            self._tell(health)
        counted = News(
            ticks=self._take_ticks(health, news.ticks, now_s) if news.ticks else (),
            trades=self._sift_trades(source.name, news.trades),
            candles=self._sift_candles(source.name, news.candles),
        )
        if counted.trades or counted.candles:
            self._candles.take(counted, source.now_ms())
        for kind, given in (("trade", news.trades), ("candle", news.candles)):
            if given:
                NEWS.labels(source.name, kind).inc(len(given))
        self._record(source.name, counted)
        if counted.ticks:
            for hear in self.on_prices:
                hear(counted.ticks)

    def failed(self, source: MarketSource, error: Unavailable) -> None:
        """`source` could not be reached, was cut off, or refused."""
        health = self._health[source.name]
        log.warning("source_failed", source=source.name, code=error.code, detail=error.detail)
        if health.failed(error.code, error.detail, self._clock.monotonic()):
            self._tell(health)
            self._step_in(health.name)

    def look(self) -> None:
        """Once a second: who has fallen silent, and who disagrees."""
        now_s = self._clock.monotonic()
        for silent in [health for health in self._health.values() if health.look(now_s)]:
            self._tell(silent)
            self._step_in(silent.name)
        for flag in self._failover.compare(now_s):
            FLAGS.labels(flag.kind.value).inc()
            log.warning(
                "sources_disagree",
                pair="/".join(flag.pair),
                sources=flag.sources,
                ratio=round(flag.ratio, 4),
            )
        shown = [(flag.kind, flag.pair, flag.sources) for flag in self.list_flags()]
        if shown != self._shown:
            self._shown = shown
            self._notify()

    def list_sources(self) -> list[SourceStatus]:
        """Every source as it is now, in the order in which they are preferred."""
        now, now_s = self._clock.now(), self._clock.monotonic()
        pairs = self._failover.count_pairs()
        return [
            SourceStatus(
                name=health.name,
                state=health.state,
                since=now - timedelta(seconds=now_s - health.since_s),
                heard_at=(
                    now - timedelta(seconds=now_s - health.heard_s) if health.heard_s > 0 else None
                ),
                pairs=pairs[health.name],
                failures=health.failures,
                error=health.error,
                detail=health.detail,
            )
            for health in self._health.values()
        ]

    def list_flags(self) -> list[DataFlag]:
        """The doubts there are now, and what was refused of candles lately."""
        now, now_s = self._clock.now(), self._clock.monotonic()
        doubts = [
            DataFlag(
                flag.kind,
                flag.pair,
                flag.sources,
                flag.ratio,
                now - timedelta(seconds=now_s - flag.since_s),
            )
            for flag in self._failover.list_flags()
        ]
        refused = self._candles.list_quality_flags()[-MOST_REFUSED:]
        return doubts + [
            DataFlag(flag.reason, flag.pair, (), None, from_ms(max(0, min(flag.at_ms, LAST_MS))))
            for flag in refused
        ]

    def sources_of(self, pair: Pair) -> list[str]:
        """Who prices the pair, the preferred one first."""
        return self._failover.sources_of(pair)

    def list_well(self, pair: Pair) -> list[Word]:
        """What the sources said last of the pair that tell every change and are well."""
        return self._failover.list_well(pair)

    def find_state(self, source: str) -> SourceState | None:
        """How one source is; None for one that is not followed (any more)."""
        health = self._health.get(source)
        return health.state if health else None

    def _take_ticks(
        self, health: SourceHealth, ticks: Sequence[Tick], now_s: float
    ) -> Sequence[Tick]:
        """Put on the board what is a price now; those that are."""
        NEWS.labels(health.name, "tick").inc(len(ticks))
        offer, put = self._failover.offer, self._board.put
        pulse = health if health.pushes else None
        now, received_s = self._clock.now(), now_s
        taken = []
        for tick in ticks:
            if self._dated and pulse is None:
                received_s = now_s - max(0.0, (now - tick.price.at).total_seconds())
            if offer(health.name, tick, received_s) and put(
                tick.pair, tick.price, received_s, pulse
            ):
                taken.append(tick)
        self.unsaved.update(tick.pair for tick in taken)
        return taken

    def _sift_trades(self, source: str, given: Sequence[Trade]) -> Sequence[Trade]:
        """Those of the pairs that have their price from `source`, or from nobody."""
        ours = (None, source)
        chosen = self._failover.chosen
        return [trade for trade in given if chosen(trade.pair) in ours]

    def _sift_candles(
        self, source: str, given: Sequence[tuple[Pair, Candle]]
    ) -> Sequence[tuple[Pair, Candle]]:
        """As trades; and those of pairs that another source has stepped in for: who is back says
        what was missed before the next price.
        """
        outranked = self._failover.outranked
        return [one for one in given if not outranked(one[0], source)]

    def _record(self, source: str, counted: News) -> None:
        if self._keep and (counted.ticks or counted.trades or counted.candles):
            self._keep(self._now_ms[source](), source, counted)

    def _step_in(self, silent: str) -> None:
        taken = 0
        for word in self._failover.step_in(silent):
            self._put(word)
            taken += 1
        if taken:
            log.warning("source_replaced", source=silent, pairs=taken)

    def _put(self, word: Word) -> None:
        tick, health = word.tick, self._health[word.source]
        pulse = health if health.pushes else None
        if self._board.put(tick.pair, tick.price, word.received_s, pulse):
            self.unsaved.add(tick.pair)
            self._record(word.source, News(ticks=[tick]))
            for hear in self.on_prices:
                hear([tick])

    def _tell(self, health: SourceHealth) -> None:
        SOURCE_UP.labels(health.name).set(health.well)
        log.info("source_state", source=health.name, state=health.state.value, error=health.error)
        self._notify()

    def _notify(self) -> None:
        for tell in self.on_sources:
            tell()


def list_orders(
    texts: Iterable[str], find_pair: Callable[[str], Pair], known: Collection[str]
) -> dict[Pair, tuple[str, ...]]:
    """`btc/usd=kraken>coinbase` as an order of sources for the pair. Raises UnknownSource for a
    source that is not `known`: a slip of the pen must not pass for an order.
    """
    orders = dict[Pair, tuple[str, ...]]()
    for text in texts:
        pair, _, names = text.partition("=")
        order = tuple(name.strip() for name in names.split(">"))
        for name in order:
            if name not in known:
                raise refuse_source(name, known, setting="PLIMSOLL_PAIR_SOURCES")
        orders[find_pair(pair)] = order
    return orders
