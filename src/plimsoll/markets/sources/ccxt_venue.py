"""Any venue that ccxt knows: its tickers are polled, its candles can be asked for.

ccxt is the extra `plimsoll[ccxt]` and is loaded only when a venue is named in the settings. It
tells no trades here, so each price is said as an observed one. What its codes mean is looked up in
a reviewed mapping, one file per venue, because ccxt itself goes by letters: one that is shipped, or
`assets_<venue>.csv` in the folder that the settings name.
"""

import asyncio
import importlib
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, DecimalException
from pathlib import Path
from typing import Final, Protocol, TypeVar

import structlog

from plimsoll.kernel.clock import Clock, from_ms, to_ms
from plimsoll.kernel.errors import Invalid, Unavailable
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.assets import Catalogue
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.feeds import News, Trade
from plimsoll.markets.domain.prices import Pair, Price, Tick, to_price, to_volume
from plimsoll.markets.sources.reading import fault, ratio, refused, to_candle
from plimsoll.markets.sources.venues import find_codes
from plimsoll.plumbing.outbound import SourceRateLimited, SourceTimeout, SourceUnreachable
from plimsoll.settings import Settings

LONGEST_ROUND_S: Final = 10.0
"""Between two rounds, whatever the settings say for CoinGecko: a venue's own tickers are cheap."""
ANSWER_S: Final = 30.0
MISSED_ROUNDS: Final = 3
LONGEST_PAUSE_S: Final = 300.0
LIMITED_S: Final = 60.0
MOST_ROWS: Final = 300
"""The least that a venue of ccxt gives at once, so that no row is left out in between."""
CLUMSY: Final = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What ccxt raises when a venue sends something unheard of."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class CcxtMissing(Invalid):
    """A venue of ccxt is named in the settings, and ccxt is not installed."""

    code = "ccxt-missing"
    title = "The extra ccxt is not installed"


class VenueUnknown(Invalid):
    """The settings name a venue that ccxt does not know, or that has no tickers there."""

    code = "venue-unknown"
    title = "There is no such venue"


class VenueNotReviewed(Invalid):
    """Nobody has reviewed what the codes of this venue mean."""

    code = "venue-not-reviewed"
    title = "The codes of this venue are not reviewed"


class Exchange(Protocol):
    """What is used of ccxt; numbers are text, which `number = str` sees to."""

    id: str
    has: Mapping[str, object]
    timeframes: Mapping[str, str] | None

    async def load_markets(self) -> Mapping[str, Mapping[str, object]]: ...

    async def fetch_tickers(self) -> Mapping[str, Mapping[str, object]]: ...

    async def fetch_ohlcv(
        self, symbol: str, timeframe: str, since: int, limit: int
    ) -> Sequence[Sequence[object]]: ...

    async def close(self) -> None: ...


def open_ccxt(venue: str, settings: Settings, catalogue: Catalogue, clock: Clock) -> "CcxtVenue":
    """Raises CcxtMissing, VenueUnknown, VenueNotReviewed."""
    try:
        library = importlib.import_module("ccxt.async_support")
    except ImportError as error:
        raise CcxtMissing(
            f"PLIMSOLL_CCXT_VENUES names {venue}, which needs: pip install 'plimsoll[ccxt]'"
        ) from error
    if venue not in library.exchanges:
        raise VenueUnknown(f"PLIMSOLL_CCXT_VENUES: ccxt has no venue {venue[:40]!r}")
    codes = load_reviewed(venue, settings.venue_assets_dir, catalogue)
    exchange: Exchange = getattr(library, venue)()
    if not exchange.has.get("fetchTickers"):
        raise VenueUnknown(f"PLIMSOLL_CCXT_VENUES: ccxt has no tickers of {venue}")
    return CcxtVenue(exchange, codes, clock, interval_s=settings.poll_interval_s)


def load_reviewed(venue: str, folder: Path | None, catalogue: Catalogue) -> dict[str, AssetId]:
    """The mapping of `venue`. Raises VenueNotReviewed when there is none or it names an asset that
    the catalogue does not have.
    """
    codes = find_codes(venue, folder)
    how = (
        f"review what its codes mean, write them into assets_{venue}.csv with the columns"
        " code,asset (BTC,bitcoin) and set PLIMSOLL_VENUE_ASSETS_DIR to the folder of that file"
    )
    if not codes:
        raise VenueNotReviewed(f"{venue} has no reviewed mapping; to add it, {how}")
    unknown = [asset for asset in codes.values() if catalogue.find_by_id(asset) is None]
    if unknown:
        raise VenueNotReviewed(f"the mapping of {venue} names {unknown[0][:40]!r}; {how}")
    return codes


class CcxtVenue:
    """A MarketSource and a CandleHistory."""

    pushes: Final = False

    def __init__(
        self,
        exchange: Exchange,
        codes: Mapping[str, AssetId],
        clock: Clock,
        *,
        interval_s: float,
    ) -> None:
        self.name = exchange.id
        self._exchange = exchange
        exchange.number = str  # type: ignore[attr-defined]  # every digit, instead of a float
        self._codes = codes
        self._clock = clock
        self._interval_s = min(interval_s, LONGEST_ROUND_S)
        self.silence_s = MISSED_ROUNDS * self._interval_s + ANSWER_S
        self._pairs: dict[str, Pair] = {}
        self._symbols: dict[Pair, str] = {}
        self._observed: dict[Pair, int] = {}
        self._next_s = float("-inf")
        self._failures = 0
        self._errors = importlib.import_module("ccxt.base.errors")

    def state(self) -> None:
        """Nothing: the prices themselves are kept by the feed."""
        return

    def now_ms(self) -> int:
        return to_ms(self._clock.now())

    async def aclose(self) -> None:
        await self._exchange.close()

    async def next_news(self) -> News:
        """The prices of one round. Raises Unavailable."""
        await asyncio.sleep(self._next_s - self._clock.monotonic())
        self._next_s = self._clock.monotonic() + self._interval_s
        try:
            if not self._pairs:
                self._follow(await self._ask(self._exchange.load_markets()))
            tickers = await self._ask(self._exchange.fetch_tickers())
            if not tickers.keys() & self._pairs.keys():
                raise refused(self.name, "no ticker of a pair that is followed")
        except Unavailable as error:
            self._failures += 1
            pause_s = min(self._interval_s * 2.0 ** min(self._failures, 20), LONGEST_PAUSE_S)
            pause_s = max(pause_s, error.retry_after_s or 0.0)
            self._next_s = self._clock.monotonic() + pause_s
            raise
        self._failures = 0
        ticks = list(self._read(tickers))
        return News(ticks=ticks, trades=list(self._observe(ticks)))

    def offers(self, pair: Pair, interval: Interval) -> bool:
        """False as long as the venue has not been asked what it lists."""
        has = self._exchange.has.get("fetchOHLCV") is True  # "emulated" ones are made of trades
        return has and pair in self._symbols and interval in (self._exchange.timeframes or {})

    async def list_candles(
        self, pair: Pair, interval: Interval, *, from_ms: int, to_ms: int
    ) -> list[Candle]:
        """As CandleHistory; of what is offered."""
        to_ms = min(to_ms, interval.bucket_start(self.now_ms()))
        if from_ms >= to_ms:
            return []
        rows = await self._ask(
            self._exchange.fetch_ohlcv(self._symbols[pair], interval.value, from_ms, MOST_ROWS)
        )
        found = dict[int, Candle]()
        for row in rows:
            candle = self._candle(row, interval)
            if candle and from_ms <= candle.open_time_ms < to_ms and candle.volume:
                found[candle.open_time_ms] = candle
        return [found[at_ms] for at_ms in sorted(found)]

    def _candle(self, row: Sequence[object], interval: Interval) -> Candle | None:
        try:
            at_ms, *values = row
            return to_candle(self.name, interval, int(str(at_ms)), map(str, values[:5]))
        except CLUMSY:
            fault(self.name, "wrong-type")
            return None

    def _follow(self, markets: Mapping[str, Mapping[str, object]]) -> None:
        for symbol, market in markets.items():
            base = self._codes.get(str(market.get("base")))
            quote = self._codes.get(str(market.get("quote")))
            traded = market.get("spot") and market.get("active") is not False
            if traded and base and quote and base != quote:
                self._pairs[symbol] = Pair(base, quote)
        if not self._pairs:
            raise refused(self.name, "none of the listed pairs is known")
        self._symbols = {pair: symbol for symbol, pair in self._pairs.items()}
        log.info("pairs_followed", source=self.name, pairs=len(self._pairs))

    def _read(self, tickers: Mapping[str, Mapping[str, object]]) -> Iterator[Tick]:
        for symbol, pair in self._pairs.items():
            ticker = tickers.get(symbol)
            if not ticker:
                continue
            said = _decimal(ticker.get("last"))
            value = None if said is None else to_price(said)
            if value is None:
                fault(self.name, "not-a-price")
                continue
            volume = _decimal(ticker.get("quoteVolume"))
            yield Tick(
                pair,
                Price(
                    value,
                    self.name,
                    from_ms(self._moment(ticker.get("timestamp"))),
                    change_24h=ratio(_decimal(ticker.get("percentage"))),
                    volume_24h=None if volume is None else to_volume(volume),
                ),
            )

    def _moment(self, stamp: object) -> int:
        """When a price held: never later than now, and now when the venue does not say."""
        now_ms = self.now_ms()
        return min(stamp, now_ms) if isinstance(stamp, int) and stamp > 0 else now_ms

    def _observe(self, ticks: Iterable[Tick]) -> Iterator[Trade]:
        """Prices that were not said before, as trades of nothing."""
        for tick in ticks:
            at_ms = to_ms(tick.price.at)
            if at_ms > self._observed.get(tick.pair, 0):
                self._observed[tick.pair] = at_ms
                yield Trade(tick.pair, at_ms, at_ms, float(tick.price.value), 0.0)

    async def _ask(self, question: Awaitable[T]) -> T:
        """The answer, or a refusal under one of our names."""
        errors, facts = self._errors, {"source": self.name}
        try:
            async with asyncio.timeout(ANSWER_S):
                return await question
        except TimeoutError as error:
            raise SourceTimeout(f"{self.name} did not answer", facts=facts) from error
        except (errors.RateLimitExceeded, errors.DDoSProtection) as error:
            raise SourceRateLimited(
                f"{self.name} limits our requests", facts=facts, retry_after_s=LIMITED_S
            ) from error
        except errors.NetworkError as error:
            kind = type(error).__name__
            raise SourceUnreachable(f"{self.name} did not answer ({kind})", facts=facts) from error
        except (errors.BaseError, *CLUMSY) as error:
            raise refused(self.name, type(error).__name__) from error


def _decimal(said: object) -> Decimal | None:
    try:
        return None if said is None else Decimal(str(said))
    except DecimalException:
        return None
