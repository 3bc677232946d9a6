"""Prices for everyone else, and the feed that keeps them coming.

`Prices` answers from memory: nothing here waits, so a price can be read in any handler. `Feed`
decides once which kind of prices this database belongs to, follows one source for as long as the
process lives, and puts the latest prices aside every few seconds, so that after a restart the last
good value is there with its true age.
"""

import asyncio
import csv
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from typing import Annotated, Final

import msgspec
import structlog
from fastapi import Depends
from starlette.requests import HTTPConnection

from plimsoll.kernel.clock import Clock, rfc3339
from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import format_amount
from plimsoll.markets.domain.assets import Asset, AssetKind, Catalogue
from plimsoll.markets.domain.board import Path, PriceBoard
from plimsoll.markets.domain.feeds import (
    FeedKind,
    Interest,
    PriceSource,
    ReplayDirMissing,
    choose,
)
from plimsoll.markets.domain.prices import Pair, Quote, Tick
from plimsoll.markets.sources.coingecko import open_coingecko
from plimsoll.markets.sources.replay import ReplaySource
from plimsoll.markets.sources.simulated import SimulatedSource
from plimsoll.markets.storage import prices as storage
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.outbound import Outbound
from plimsoll.settings import FeedChoice, Settings

log = structlog.get_logger(__name__)

FIRST_ANSWER_S: Final = 3.0
"""How long the very first start waits for a live price before it simulates."""
SAVE_EVERY_S: Final = 5.0
PAUSE_AFTER_FAILURE_S: Final = 1.0
MOST_PREPARED: Final = 10_000
RETRY_AFTER_S: Final = 10.0
"""A missing price brings the next round of the feed forward; it may be there then."""


class PriceUnavailable(Unavailable):
    """There has never been a price from which this one follows."""

    code = "price-unavailable"
    title = "No price is known"


def load_catalogue() -> Catalogue:
    """The catalogue that is shipped with the program."""
    text = resources.files("plimsoll.markets").joinpath("catalogue.csv").read_text("utf-8")
    return Catalogue(
        Asset(
            id=AssetId(row["id"]),
            symbol=row["symbol"],
            name=row["name"],
            kind=AssetKind(row["kind"]),
            primary=row["primary"] == "yes",
        )
        for row in csv.DictReader(text.splitlines())
    )


@dataclass(slots=True)
class Prepared:
    """An answer written up to its age, and the prices it was written from."""

    version: int
    path: Path
    head: bytes


class Prices:
    """What other slices ask for prices. `feed_kind` says what sort of prices these are."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        board: PriceBoard,
        clock: Clock,
        feed_kind: FeedKind,
        interest: Interest | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.board = board
        self.clock = clock
        self.feed_kind = feed_kind
        self.interest = interest or Interest()
        self._prepared: dict[tuple[AssetId, AssetId, bool], Prepared] = {}

    @property
    def version(self) -> int:
        """Grows with every price taken; equal versions mean equal prices (ages go on)."""
        return self.board.version

    @property
    def simulated(self) -> bool:
        """Whether these prices are invented; every answer built on them has to say so."""
        return self.feed_kind is FeedKind.SIMULATED

    def find_quote(self, base: AssetId, quote: AssetId) -> Quote | None:
        """The price of `base` in `quote` with its age, directly or through a common quote; None
        when there is none.

        A miss tells the feed that somebody wants the two.
        """
        found = self.board.find(base, quote, self.clock.monotonic(), self.clock.now())
        if found is None:
            self.interest.add(base)
            self.interest.add(quote)
        return found

    def get_quote(self, base: AssetId, quote: AssetId) -> Quote:
        """As `find_quote`; raises PriceUnavailable."""
        found = self.find_quote(base, quote)
        if found is None:
            raise self.no_price(base, quote)
        return found

    def no_price(self, base: AssetId, quote: AssetId) -> PriceUnavailable:
        """The refusal to raise when there is no price."""
        return PriceUnavailable(
            f"no price of {base} in {quote} has been seen yet",
            facts={"base": base, "quote": quote, "feed": self.feed_kind.value},
            retry_after_s=RETRY_AFTER_S,
        )

    def prepare(self, base: Asset, quote: Asset, *, as_pair: bool) -> bytes | None:
        """The JSON answer for this price; only the age is written anew while the prices behind it
        stay the same.

        As a pair it is named by symbols (`btc/usd`), otherwise by ids. None when there is no price.
        """
        key = (base.id, quote.id, as_pair)
        ready = self._prepared.get(key)
        if ready is None or ready.version != self.board.version:
            ready = self._write_head(base, quote, ready, as_pair=as_pair)
            if ready is None:
                return self._write_whole(base, quote, as_pair=as_pair)
            if len(self._prepared) >= MOST_PREPARED:
                self._prepared.clear()
            self._prepared[key] = ready
        age_ms = ready.path.age_ms(self.clock.monotonic())
        stale = b"true}" if self.board.is_stale(age_ms) else b"false}"
        return b'%b,"age_ms":%d,"stale":%b' % (ready.head, age_ms, stale)

    def _write_head(
        self, base: Asset, quote: Asset, before: Prepared | None, *, as_pair: bool
    ) -> Prepared | None:
        version, path = self.board.version, self.board.find_path(base.id, quote.id)
        if path is None:
            return None
        if before and path.same_prices(before.path):
            before.version = version
            return before
        found = self.board.quote(path, self.clock.monotonic())
        if found is None:
            return None
        return Prepared(version, path, _encode(base, quote, found, as_pair=as_pair)[:-1])

    def _write_whole(self, base: Asset, quote: Asset, *, as_pair: bool) -> bytes | None:
        """An asset in itself has no path: it is 1 at every moment, so nothing is kept of it."""
        found = self.find_quote(base.id, quote.id)
        if found is None:
            return None
        head = _encode(base, quote, found, as_pair=as_pair)[:-1]
        return b'%b,"age_ms":0,"stale":false}' % head


def _encode(base: Asset, quote: Asset, found: Quote, *, as_pair: bool) -> bytes:
    names = (
        {"pair": f"{base.symbol}/{quote.symbol}", "base": base.id, "quote": quote.id}
        if as_pair
        else {"coin_id": base.id, "vs": quote.id}
    )
    return msgspec.json.encode(
        {
            **names,
            "price": format_amount(found.value),
            "change_24h": None if found.change_24h is None else format_amount(found.change_24h),
            "source": found.source,
            "via": found.via,
            "at": rfc3339(found.at),
            "simulated": found.simulated,
        }
    )


def prepared_price(prices: Prices, coin: str, vs: str) -> bytes | None:
    """The JSON answer of `GET /prices/{coin}?vs=`; None when an asset is unknown or has no
    price.
    """
    base, quote = prices.catalogue.find(coin), prices.catalogue.find(vs)
    return prices.prepare(base, quote, as_pair=False) if base and quote else None


async def prices_of(connection: HTTPConnection) -> Prices:
    prices = connection.app.state.prices
    assert isinstance(prices, Prices)
    return prices


PricesDep = Annotated[Prices, Depends(prices_of)]
"""The prices of this process, for a handler."""


class Feed:
    """One source of prices, followed until `close`."""

    def __init__(
        self, *, settings: Settings, database: Database, outbound: Outbound, clock: Clock
    ) -> None:
        self._settings = settings
        self._database = database
        self._outbound = outbound
        self._clock = clock
        self._catalogue = load_catalogue()
        self._interest = Interest()
        self._board = PriceBoard(stale_after_s=settings.price_stale_after_s)
        self._unsaved: set[Pair] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> Prices:
        """Choose the kind of feed, put the stored prices on the board and begin to follow the
        source.

        Raises FeedMismatch when the database belongs to another kind than the settings ask for.
        """
        async with self._database.read() as unit:
            stored = await storage.find_feed(unit)
        asked = (
            None if self._settings.feed is FeedChoice.AUTO else FeedKind(self._settings.feed.value)
        )
        kind = choose(asked=asked, stored=stored.kind if stored else None)
        first: Sequence[Tick] = ()
        if kind is None:
            self._source, kind, first = await self._find_out()
        else:
            self._source = self._open_source(kind, stored.state if stored else None)
        await self._claim(kind)
        self._kind = kind
        await self._load()
        self._publish(first)
        self._tasks = [
            asyncio.create_task(self._follow(), name="price-feed"),
            asyncio.create_task(self._keep_saving(), name="price-saver"),
        ]
        log.info("feed_opened", kind=kind.value, prices=len(self._board))
        return Prices(
            catalogue=self._catalogue,
            board=self._board,
            clock=self._clock,
            feed_kind=kind,
            interest=self._interest,
        )

    async def close(self) -> None:
        """Stop following and keep what was not kept yet."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        if self._tasks:
            self._tasks = []
            with suppress(Unavailable):
                await self._save()

    async def _find_out(self) -> tuple[PriceSource, FeedKind, Sequence[Tick]]:
        """Live when a source answers soon, else simulated, said loudly; with what the source
        said.
        """
        source = self._open_source(FeedKind.LIVE)
        try:
            ticks = await asyncio.wait_for(source.next_ticks(), FIRST_ANSWER_S)
        except (Unavailable, TimeoutError) as error:
            log.warning(
                "prices_are_simulated",
                reason=str(error) or f"no live price within {FIRST_ANSWER_S:.0f} s",
                to_get_live_prices="once there is a network: --feed live with a new --data-dir",
            )
            return self._open_source(FeedKind.SIMULATED), FeedKind.SIMULATED, ()
        return source, FeedKind.LIVE, ticks or ()

    def _open_source(self, kind: FeedKind, state: str | None = None) -> PriceSource:
        match kind:
            case FeedKind.LIVE:
                return open_coingecko(
                    self._settings, self._outbound, self._catalogue, self._clock, self._interest
                )
            case FeedKind.SIMULATED:
                seed = self._settings.simulation_seed
                return SimulatedSource(self._clock, seed=seed, state=state)
            case FeedKind.REPLAY:
                if self._settings.replay_dir is None:
                    raise ReplayDirMissing("say where the recorded prices are: --replay-dir FOLDER")
                return ReplaySource(
                    self._settings.replay_dir, self._clock, speed=self._settings.replay_speed
                )

    async def _claim(self, kind: FeedKind) -> None:
        async with self._database.write() as unit:
            owner = await storage.claim_feed(unit, kind)
        if owner is not kind:
            choose(asked=kind, stored=owner)

    async def _load(self) -> None:
        """A replay starts over each time, so what it said last lies in its own future and is left
        out.
        """
        if self._kind is FeedKind.REPLAY:
            return
        async with self._database.read() as unit:
            stored = await storage.list_prices(unit)
        now_s, now = self._clock.monotonic(), self._clock.now()
        for row in stored:
            age_s = max(0.0, (now - row.received_at).total_seconds())
            self._board.put(row.tick.pair, row.tick.price, now_s - age_s)
            self._interest.add(row.tick.pair.base)
            self._interest.add(row.tick.pair.quote)

    def _publish(self, ticks: Sequence[Tick]) -> None:
        """Put `ticks` on the board. Live prices age from the moment they held, others from being
        received.
        """
        now_s, now = self._clock.monotonic(), self._clock.now()
        for tick in ticks:
            age_s = 0.0
            if self._kind is FeedKind.LIVE:
                age_s = max(0.0, (now - tick.price.at).total_seconds())
            if self._board.put(tick.pair, tick.price, now_s - age_s):
                self._unsaved.add(tick.pair)

    async def _follow(self) -> None:
        """The schedule loop of the source: whatever goes wrong in one round, the next one comes."""
        while True:
            try:
                ticks = await self._source.next_ticks()
            except Unavailable as error:
                log.warning("price_source_unavailable", code=error.code, detail=error.detail)
                await asyncio.sleep(PAUSE_AFTER_FAILURE_S)
                continue
            except Exception:
                log.exception("price_source_failed")
                await asyncio.sleep(PAUSE_AFTER_FAILURE_S)
                continue
            if ticks is None:
                log.info("price_source_ended")
                return
            self._publish(ticks)

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
        if not self._unsaved:
            return
        now_s, now = self._clock.monotonic(), self._clock.now()
        pairs, state = frozenset(self._unsaved), self._source.state()
        rows = [self._stored(pair, now_s, now) for pair in pairs]
        self._unsaved.clear()
        try:
            async with self._database.write() as unit:
                await storage.save_prices(unit, rows)
                if state is not None:
                    await storage.save_state(unit, state)
        except BaseException:
            self._unsaved |= pairs
            raise

    def _stored(self, pair: Pair, now_s: float, now: datetime) -> storage.StoredPrice:
        entry = self._board.get_entry(pair)
        age = timedelta(seconds=now_s - entry.received_s)
        return storage.StoredPrice(Tick(pair, entry.price), now - age)
