"""The feed that keeps prices and candles coming for as long as the process lives.

It decides once which kind of prices this database belongs to, follows all sources of that kind at
once, each in a task of its own, and puts the latest prices aside every few seconds, so that after a
restart the last good value is there with its true age.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import Unavailable
from plimsoll.markets.domain.assets import Catalogue
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.feeds import FeedKind, Interest, MarketSource, choose
from plimsoll.markets.domain.prices import Pair, Tick
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.service.intake import CandleTaker, Intake, list_orders
from plimsoll.markets.service.opening import Opening
from plimsoll.markets.service.prices import Prices
from plimsoll.markets.sources.recording import Recorder
from plimsoll.markets.storage import prices as storage
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.outbound import Outbound
from plimsoll.plumbing.waiting import wait_at_most
from plimsoll.settings import FeedChoice, Settings

log = structlog.get_logger(__name__)

FIRST_ANSWER_S: Final = 3.0
"""How long the very first start waits for a live price before it simulates."""
SAVE_EVERY_S: Final = 5.0
LOOK_EVERY_S: Final = 1.0
PAUSE_AFTER_FAILURE_S: Final = 1.0


class CandleKeeper(CandleTaker, Protocol):
    """What the feed needs of the candles."""

    async def open(self, now_ms: int) -> None: ...

    def advance(self, now_ms: int) -> None: ...


class Feed:
    """All sources of one kind, followed until `close`."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        outbound: Outbound,
        clock: Clock,
        candles: CandleKeeper,
    ) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._candles = candles
        self._catalogue = load_catalogue()
        self._interest = Interest()
        self._board = PriceBoard(stale_after_s=settings.price_stale_after_s)
        self._opening = Opening(settings, outbound, self._catalogue, clock, self._interest)
        self.sources: Sequence[MarketSource] = ()
        """Those that are followed, as they are preferred."""
        folder = settings.record_dir
        self._recorder = Recorder(folder) if folder else None
        self._candles_open = False
        self._followers: list[asyncio.Task[None]] = []
        self._keepers: list[asyncio.Task[None]] = []

    async def open(self) -> Prices:
        """Choose the kind of feed, put the stored prices on the board and begin to follow.

        Raises FeedMismatch when the database belongs to another kind than the settings ask for.
        """
        async with self._database.read() as unit:
            stored = await storage.find_feed(unit)
        asked = (
            None if self._settings.feed is FeedChoice.AUTO else FeedKind(self._settings.feed.value)
        )
        kind = choose(asked=asked, stored=stored.kind if stored else None)
        if kind is None:
            kind = await self._find_out()
            await self._claim(kind)
        else:
            self._choose_sources(kind, stored.state if stored else None)
            await self._claim(kind)
            if kind is not FeedKind.REPLAY:  # a replay starts over: what it said lies in its future
                await self._load()
            await self._follow()
            if kind is not FeedKind.LIVE:  # these answer at once: nobody need see an empty board
                await self._hear_first()
        self._keepers = [
            asyncio.create_task(self._keep_looking(), name="feed-watch"),
            asyncio.create_task(self._keep_saving(), name="price-saver"),
        ]
        log.info("feed_opened", kind=kind.value, prices=len(self._board))
        return Prices(
            catalogue=self._catalogue,
            board=self._board,
            clock=self._clock,
            feed_kind=kind,
            interest=self._interest,
            list_well=self.intake.list_well,
        )

    async def close(self) -> None:
        """Stop following and keep what was not kept yet."""
        await self._leave()
        await _end(self._keepers)
        if self._recorder:
            await self._recorder.aclose()
        if self._keepers:
            self._keepers = []
            with suppress(Unavailable):
                await self._save()

    def now_ms(self) -> int:
        """What time it is in the world that is followed; a replay lives in the past."""
        return self.sources[0].now_ms()

    async def _hear_first(self) -> None:
        await wait_at_most(self._first_word, FIRST_ANSWER_S)

    async def _find_out(self) -> FeedKind:
        """Live when a source answers soon, else simulated, said loudly."""
        self._choose_sources(FeedKind.LIVE, None)
        await self._follow()
        await self._hear_first()
        if len(self._board):
            return FeedKind.LIVE
        reasons = {one.name: one.detail for one in self.intake.list_sources() if one.detail}
        log.warning(
            "prices_are_simulated",
            reason=reasons or f"no live price within {FIRST_ANSWER_S:.0f} s",
            to_get_live_prices="once there is a network: --feed live with a new --data-dir",
        )
        await self._leave()
        self._choose_sources(FeedKind.SIMULATED, None)
        await self._follow()
        await self._hear_first()
        return FeedKind.SIMULATED

    def _choose_sources(self, kind: FeedKind, state: str | None) -> None:
        self._first_word = asyncio.Event()
        self.sources = self._opening.open_sources(kind, state)
        self.intake = Intake(
            self.sources,
            board=self._board,
            candles=self._candles,
            clock=self._clock,
            orders=self._list_orders(kind),
            disagreement=self._settings.source_disagreement_percent / 100,
            dated=kind is FeedKind.LIVE,
            keep=self._recorder.keep if self._recorder else None,
        )

    async def _follow(self) -> None:
        if not self._candles_open:
            await self._candles.open(self.now_ms())
            self._candles_open = True
        self._followers = [
            asyncio.create_task(self._listen(source), name=f"source-{source.name}")
            for source in self.sources
        ]

    async def _leave(self) -> None:
        await _end(self._followers)
        self._followers = []
        for source in self.sources:
            await source.aclose()

    async def _listen(self, source: MarketSource) -> None:
        """The schedule loop of a source: whatever goes wrong in one round, the next one comes."""
        while True:
            try:
                news = await source.next_news()
                if news is None:
                    log.info("source_ended", source=source.name)
                    return
                self.intake.take(source, news)
            except Unavailable as error:
                self.intake.failed(source, error)
            except Exception:
                log.exception("source_broke", source=source.name)
                await asyncio.sleep(PAUSE_AFTER_FAILURE_S)
            if not self._first_word.is_set() and self._answered():
                self._first_word.set()

    def _answered(self) -> bool:
        """Somebody said a price, or everybody failed."""
        return bool(len(self._board)) or all(one.error for one in self.intake.list_sources())

    async def _claim(self, kind: FeedKind) -> None:
        async with self._database.write() as unit:
            owner = await storage.claim_feed(unit, kind)
        if owner is not kind:
            choose(asked=kind, stored=owner)

    async def _load(self) -> None:
        """The last good price of every pair, with its age."""
        async with self._database.read() as unit:
            stored = await storage.list_prices(unit)
        now_s, now = self._clock.monotonic(), self._clock.now()
        for row in stored:
            age_s = max(0.0, (now - row.received_at).total_seconds())
            self._board.put(row.tick.pair, row.tick.price, now_s - age_s)
            self._interest.add(row.tick.pair.base)
            self._interest.add(row.tick.pair.quote)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                self.intake.look()
                self._candles.advance(self.now_ms())
            except Exception:
                log.exception("look_failed")

    async def _keep_saving(self) -> None:
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            try:
                await self._save()
            except Exception:
                log.exception("prices_not_saved")

    async def _save(self) -> None:
        """Keep the prices that changed since the last time and where the source stands, or
        nothing.
        """
        unsaved = self.intake.unsaved
        if not unsaved:
            return
        now_s, now = self._clock.monotonic(), self._clock.now()
        pairs = frozenset(unsaved)
        state = next((state for source in self.sources if (state := source.state())), None)
        rows = [self._stored(pair, now_s, now) for pair in pairs]
        unsaved.clear()
        try:
            async with self._database.write() as unit:
                await storage.save_prices(unit, rows)
                if state is not None:
                    await storage.save_state(unit, state)
        except BaseException:
            unsaved |= pairs
            raise

    def _stored(self, pair: Pair, now_s: float, now: datetime) -> storage.StoredPrice:
        entry = self._board.get_entry(pair)
        age = timedelta(seconds=now_s - entry.held_s())
        return storage.StoredPrice(Tick(pair, entry.price), now - age)

    def _list_orders(self, kind: FeedKind) -> dict[Pair, tuple[str, ...]]:
        """Of live sources only: a replay and a simulation have one source."""
        if kind is not FeedKind.LIVE:
            return {}
        known = [source.name for source in self.sources]
        return list_orders(self._settings.pair_sources, self._find_pair, known)

    def _find_pair(self, text: str) -> Pair:
        return find_pair(self._catalogue, text, pointer="PLIMSOLL_PAIR_SOURCES")


def find_pair(catalogue: Catalogue, text: str, *, pointer: str) -> Pair:
    """The pair that `btc/usd` means; raises UnknownAssetField that points at where it stands."""
    base, _, quote = text.strip().partition("/")
    return Pair(
        catalogue.resolve_field(base, pointer=pointer).id,
        catalogue.resolve_field(quote, pointer=pointer).id,
    )


async def _end(tasks: Sequence["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
