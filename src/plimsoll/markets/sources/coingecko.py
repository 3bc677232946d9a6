"""CoinGecko: one batch of `/simple/price` a round, for the coins that matter here.

A round asks for the top of the catalogue and for everything that somebody wanted a price of, in all
configured currencies at once. Without a key the limit is shared by everyone behind the address, so
rounds are rare; an asset that is wanted for the first time brings the next round forward.

CoinGecko tells no trades: each price is said as an observed one, once. A price that is not
plausible, a coin that is missing: left out and said so, the rest is used.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

import structlog

from plimsoll.kernel.clock import Clock, from_ms, to_ms
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.assets import Asset, AssetKind, Catalogue
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.feeds import Interest, News, Trade
from plimsoll.markets.domain.prices import Pair, Price, Tick, to_price, to_volume
from plimsoll.markets.sources import coingecko_history as history
from plimsoll.markets.sources.coingecko_api import CoinGeckoApi, Row
from plimsoll.markets.sources.reading import ratio
from plimsoll.plumbing.outbound import Outbound
from plimsoll.plumbing.waiting import wait_at_most
from plimsoll.settings import Settings

log = structlog.get_logger(__name__)

SOURCE: Final = "coingecko"
LONGEST_IDS: Final = 3_000
"""Characters of ids in one request, so that no proxy on the way finds the URL too long."""
SHORTEST_PAUSE_S: Final = 10.0
"""Between two rounds, when wishes bring one forward or the first one failed; doubles with each
further failure.
"""
MISSED_ROUNDS: Final = 3
"""With so many rounds without an answer something is wrong."""
LATEST_STAMP_S: Final = 10**11

CRYPTO_CODES: Final = {
    AssetId(asset): code
    for asset, code in {
        "bitcoin": "btc",
        "ethereum": "eth",
        "binancecoin": "bnb",
        "bitcoin-cash": "bch",
        "chainlink": "link",
        "litecoin": "ltc",
        "polkadot": "dot",
        "ripple": "xrp",
        "stellar": "xlm",
    }.items()
}
"""The coins that CoinGecko can price others in, by its code; of fiat currencies the code is the id.
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What every round asks for, and how often; `interval_s` in seconds."""

    coins: tuple[AssetId, ...]
    currencies: tuple[AssetId, ...]
    interval_s: float


def open_coingecko(
    settings: Settings, outbound: Outbound, catalogue: Catalogue, clock: Clock, interest: Interest
) -> "CoinGeckoSource":
    """The source as the settings want it: keyless, or with a demo key, or with a pro key at its own
    host.
    """
    base_url, headers, per_minute = settings.coingecko_url, dict[str, str](), 5
    if settings.coingecko_pro_key:
        base_url, per_minute = settings.coingecko_pro_url, 250
        headers["x-cg-pro-api-key"] = settings.coingecko_pro_key.get_secret_value()
    elif settings.coingecko_demo_key:
        per_minute = 30
        headers["x-cg-demo-api-key"] = settings.coingecko_demo_key.get_secret_value()
    currencies = [
        catalogue.resolve_field(text, pointer="PLIMSOLL_COINGECKO_CURRENCIES").id
        for text in settings.coingecko_currencies
    ]
    top = catalogue.list_assets(AssetKind.CRYPTO)[: settings.coingecko_top]
    source = outbound.source(
        SOURCE,
        base_url=base_url,
        headers=headers,
        per_minute=settings.coingecko_requests_per_minute or per_minute,
    )
    return CoinGeckoSource(
        CoinGeckoApi(source, clock, pause_s=settings.poll_interval_s),
        catalogue,
        clock,
        interest,
        Plan(tuple(asset.id for asset in top), tuple(currencies), settings.poll_interval_s),
    )


class CoinGeckoSource:
    """Rounds of prices; paced by the plan, by wishes and by what CoinGecko asks for."""

    name: Final = SOURCE
    pushes: Final = False

    def __init__(
        self, api: CoinGeckoApi, catalogue: Catalogue, clock: Clock, interest: Interest, plan: Plan
    ) -> None:
        self.api = api
        self._catalogue = catalogue
        self._clock = clock
        self._interest = interest
        self._plan = plan
        self.silence_s = MISSED_ROUNDS * max(plan.interval_s, SHORTEST_PAUSE_S)
        self._last_s: float | None = None
        self._failures = 0
        self._missing = frozenset[str]()
        self._observed: dict[Pair, int] = {}
        self._wished = asyncio.Event()
        interest.on_new = self._wished.set

    def state(self) -> None:
        """Nothing: the prices themselves are kept by the feed."""
        return

    def now_ms(self) -> int:
        return to_ms(self._clock.now())

    async def aclose(self) -> None:
        """There is nothing to end; the connections are those of the process."""

    def offers(self, pair: Pair, interval: Interval) -> bool:
        return interval in history.REACHES and self._name(pair) is not None

    async def list_candles(
        self, pair: Pair, interval: Interval, *, from_ms: int, to_ms: int
    ) -> list[Candle]:
        """As CandleHistory; nothing from before CoinGecko's reach."""
        names = self._name(pair)
        assert names, "not offered"
        coin, code = names
        candles = await history.list_candles(
            self.api, coin, code, interval, from_ms=from_ms, now_ms=self.now_ms()
        )
        return [candle for candle in candles if candle.open_time_ms < to_ms]

    async def next_news(self) -> News:
        """The prices of one round. Raises Unavailable when CoinGecko is away or refuses."""
        await self._wait_for_turn()
        self._wished.clear()
        self._last_s = self._clock.monotonic()
        self._failures += 1  # until every part has come
        coins, currencies = self._wanted()
        rows = dict[str, Row]()
        for ids in _chunks(coins):
            rows |= await self.api.get_prices(ids, list(currencies))
        self._failures = 0
        self._report_missing(frozenset(coins) - rows.keys())
        ticks = [
            tick
            for coin in coins
            if coin in rows
            for tick in self._read(coin, rows[coin], currencies)
        ]
        return News(ticks=ticks, trades=list(self._observe(ticks)))

    def _observe(self, ticks: Iterable[Tick]) -> Iterator[Trade]:
        """Prices that were not said before, as trades of nothing."""
        for tick in ticks:
            at_ms = to_ms(tick.price.at)
            if at_ms > self._observed.get(tick.pair, 0):
                self._observed[tick.pair] = at_ms
                yield Trade(tick.pair, at_ms, at_ms, float(tick.price.value), 0.0)

    def _name(self, pair: Pair) -> tuple[str, str] | None:
        """What CoinGecko calls a coin and a currency; None when it has no such pair."""
        base, quote = (self._catalogue.find_by_id(asset_id) for asset_id in pair)
        code = _code(quote) if quote else None
        return (base.id, code) if base and base.kind is AssetKind.CRYPTO and code else None

    async def _wait_for_turn(self) -> None:
        if self._last_s is None:
            return
        pause_s = self._plan.interval_s
        if self._failures:
            pause_s = min(pause_s, SHORTEST_PAUSE_S * 2.0 ** min(self._failures - 1, 10))
        regular_s = self._last_s + pause_s
        await wait_at_most(self._wished, max(0.0, regular_s - self._clock.monotonic()))
        earliest_s = min(regular_s, self._last_s + SHORTEST_PAUSE_S)
        earliest_s = max(earliest_s, self.api.not_before_s)
        await asyncio.sleep(max(0.0, earliest_s - self._clock.monotonic()))

    def _wanted(self) -> tuple[list[AssetId], dict[str, AssetId]]:
        """Coins, and currencies by CoinGecko's code."""
        coins = dict.fromkeys(self._plan.coins)
        currencies = dict.fromkeys(self._plan.currencies)
        for asset_id in sorted(self._interest.assets):
            asset = self._catalogue.find_by_id(asset_id)
            if asset and asset.kind is AssetKind.CRYPTO:
                coins.setdefault(asset_id)
            elif asset:
                currencies.setdefault(asset_id)
        assets = (self._catalogue.find_by_id(asset_id) for asset_id in currencies)
        return list(coins), {code: asset.id for asset in assets if asset and (code := _code(asset))}

    def _read(self, coin: AssetId, row: Row, currencies: dict[str, AssetId]) -> Iterator[Tick]:
        at = self._moment(row.get("last_updated_at"))
        for code, currency in currencies.items():
            said = row.get(code)
            if said is None or currency == coin:
                continue
            value = to_price(said)
            if value is None:
                log.warning(
                    "price_dropped", source=SOURCE, coin=coin, currency=code, said=str(said)[:40]
                )
                continue
            change, volume = ratio(row.get(f"{code}_24h_change")), row.get(f"{code}_24h_vol")
            yield Tick(
                Pair(coin, currency),
                Price(
                    value,
                    SOURCE,
                    at,
                    change_24h=change,
                    volume_24h=None if volume is None else to_volume(volume),
                ),
            )

    def _moment(self, stamp: Decimal | None) -> datetime:
        """When the price held: never later than now, and now when CoinGecko does not say."""
        now = self._clock.now()
        if stamp is None or not stamp.is_finite() or not 0 < stamp < LATEST_STAMP_S:
            return now
        return min(now, from_ms(int(stamp) * 1000))

    def _report_missing(self, missing: frozenset[str]) -> None:
        if missing - self._missing:
            log.warning("coins_without_price", source=SOURCE, coins=sorted(missing))
        self._missing = missing


def _code(asset: Asset) -> str | None:
    return asset.id if asset.kind is AssetKind.FIAT else CRYPTO_CODES.get(asset.id)


def _chunks(ids: Sequence[AssetId]) -> Iterator[list[str]]:
    chunk, length = list[str](), 0
    for asset_id in ids:
        if chunk and length + len(asset_id) > LONGEST_IDS:
            yield chunk
            chunk, length = [], 0
        chunk.append(asset_id)
        length += len(asset_id) + len("%2C")
    if chunk:
        yield chunk
