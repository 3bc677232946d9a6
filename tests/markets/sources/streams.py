"""A venue's stream as the desk hears it: every News taken down, and candles made of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal

from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.cascade import Cascade
from plimsoll.markets.domain.feeds import Trade
from plimsoll.markets.domain.prices import Pair, Tick
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.sources import trade_stream
from plimsoll.markets.sources.coinbase import open_coinbase
from plimsoll.markets.sources.faults import FAULTS
from plimsoll.markets.sources.kraken import open_kraken
from plimsoll.markets.sources.trade_stream import TradeStream
from plimsoll.plumbing.outbound import Outbound
from plimsoll.plumbing.sockets import SocketTerms
from plimsoll.settings import Settings
from tests.fakes.coinbase import FakeCoinbase
from tests.fakes.kraken import FakeKraken
from tests.fakes.venue import FakeVenue, Minute

BTC = Pair(AssetId("bitcoin"), AssetId("usd"))
ETH = Pair(AssetId("ethereum"), AssetId("usd"))
SOON_S = 10.0


class Desk:
    """What was heard so far."""

    def __init__(self, stream: TradeStream) -> None:
        self.stream = stream
        self.ticks: list[Tick] = []
        self.trades: list[Trade] = []
        self.fetched: list[tuple[Pair, Candle]] = []
        self.errors: list[Unavailable] = []
        self.closed: dict[Pair, dict[int, Candle]] = {BTC: {}, ETH: {}}
        self._cascades = {BTC: Cascade(), ETH: Cascade()}

    async def listen(self) -> None:
        while True:
            try:
                news = await self.stream.next_news()
            except Unavailable as error:
                self.errors.append(error)
                continue
            self.ticks += news.ticks
            self.trades += news.trades
            self.fetched += news.candles
            self.look()
            for trade in news.trades:
                self._cascades[trade.pair].add(*trade[1:])
            for pair, candle in news.candles:
                if not self._cascades[pair].put(candle):
                    self.closed[pair][candle.open_time_ms] = candle  # late: kept as it was fetched

    def look(self) -> None:
        """Close what is over."""
        for pair, cascade in self._cascades.items():
            for candle in cascade.advance(self.stream.now_ms()):
                if candle.interval is Interval.MINUTE:
                    self.closed[pair][candle.open_time_ms] = candle

    def price(self, pair: Pair = BTC) -> Decimal | None:
        prices = [tick.price.value for tick in self.ticks if tick.pair == pair]
        return prices[-1] if prices else None

    def minutes(self, pair: Pair) -> dict[int, Minute]:
        """Closed minutes; how many trades is not told by every venue, so it is left out."""
        return {
            at: Minute(at, one.open, one.high, one.low, one.close, round(one.volume, 3), 0)
            for at, one in self.closed[pair].items()
        }


def uncounted(minutes: dict[int, Minute]) -> dict[int, Minute]:
    return {
        at: Minute(at, one.open, one.high, one.low, one.close, round(one.volume, 3), 0)
        for at, one in minutes.items()
    }


@asynccontextmanager
async def following(
    fake: FakeVenue, *, idle_s: float = 2.0, url: str | None = None
) -> AsyncIterator[Desk]:
    """Whoever `fake` is, followed with short patience until the end of the block."""
    outbound = Outbound(fake.clock)
    settings = Settings.read(
        kraken_url=url or fake.url,
        kraken_stream_url=fake.stream_url,
        coinbase_url=url or fake.url,
        coinbase_stream_url=fake.stream_url,
    )
    terms = SocketTerms(idle_s=idle_s, first_pause_s=0.01, longest_pause_s=0.05)
    open_source = open_kraken if isinstance(fake, FakeKraken) else open_coinbase
    assert isinstance(fake, FakeKraken | FakeCoinbase)
    stream = open_source(settings, outbound, load_catalogue(), fake.clock, terms=terms)
    desk = Desk(stream)
    listening = asyncio.create_task(desk.listen())
    try:
        yield desk
        assert not listening.done(), "nothing ends a source"
    finally:
        listening.cancel()
        await asyncio.wait((listening,))
        await stream.aclose()
        await outbound.aclose()


async def until(condition: Callable[[], object], within_s: float = SOON_S) -> None:
    ends = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < ends, "it did not happen"
        await asyncio.sleep(0.01)


def count_faults(source: str) -> dict[str, float]:
    """By reason, since the process began."""
    return {
        sample.labels["reason"]: sample.value
        for metric in FAULTS.collect()
        for sample in metric.samples
        if sample.name.endswith("_total") and sample.labels["source"] == source
    }


IMPATIENT = {"LOOK_EVERY_S": 0.02, "FIRST_PAUSE_S": 0.02, "LONGEST_PAUSE_S": 0.1}
"""How long the stream of a test pauses, for `monkeypatch`."""

assert all(hasattr(trade_stream, name) for name in IMPATIENT)
