"""CoinGecko: one batch of `/simple/price` a round, for the coins that matter here.

A round asks for the top of the catalogue and for everything that somebody wanted a price of, in all
configured currencies at once. Without a key the limit is shared by everyone behind the address, so
rounds are rare; an asset that is wanted for the first time brings the next round forward.

Refusals come in two envelopes, and a limit may be reported with status 401: what the envelope says
counts, not the status. A price that is not plausible, a coin that is missing: left out and said so,
the rest is used.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec
import structlog

from plimsoll.kernel.clock import Clock, from_ms
from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.assets import Asset, AssetKind, Catalogue
from plimsoll.markets.domain.feeds import Interest
from plimsoll.markets.domain.prices import Pair, Price, Tick, to_change, to_price
from plimsoll.plumbing.budget import retry_after_s
from plimsoll.plumbing.outbound import Answer, Outbound, Source
from plimsoll.settings import Settings

log = structlog.get_logger(__name__)

SOURCE: Final = "coingecko"
OK: Final = 200
LIMIT_REACHED: Final = 429
KEY_FAULTS: Final = frozenset({10002, 10010, 10011})
"""Missing key; a demo key at the pro host; a pro key at the public host."""
LONGEST_IDS: Final = 3_000
"""Characters of ids in one request, so that no proxy on the way finds the URL too long."""
SHORTEST_PAUSE_S: Final = 10.0
"""Between two rounds, when wishes bring one forward or the first one failed; doubles with each
further failure.
"""
LATEST_STAMP_S: Final = 10**11
LARGEST_PERCENT: Final = 10**12
HUNDRED: Final = 100

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


class CoinGeckoRefused(Unavailable):
    """CoinGecko answered, but not with prices."""

    code = "coingecko-refused"
    title = "CoinGecko gave no prices"


class _Status(msgspec.Struct):
    error_code: int = 0
    error_message: str = ""


class _Wrapped(msgspec.Struct):
    status: _Status | None = None


class _Envelope(msgspec.Struct):
    """`{"status": …}` and `{"error": {"status": …}}` and `{"error": "…"}`."""

    status: _Status | None = None
    error: _Wrapped | str | None = None

    def read(self) -> _Status:
        if isinstance(self.error, str):
            return _Status(error_message=self.error)
        wrapped = self.error.status if self.error else None
        return wrapped or self.status or _Status()


_prices_decoder: Final = msgspec.json.Decoder(dict[str, dict[str, Decimal | None]])
_envelope_decoder: Final = msgspec.json.Decoder(_Envelope)


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
    return CoinGeckoSource(
        outbound.source(
            SOURCE,
            base_url=base_url,
            headers=headers,
            per_minute=settings.coingecko_requests_per_minute or per_minute,
        ),
        catalogue,
        clock,
        interest,
        Plan(tuple(asset.id for asset in top), tuple(currencies), settings.poll_interval_s),
    )


class CoinGeckoSource:
    """Rounds of prices; paced by the plan, by wishes and by what CoinGecko asks for."""

    def __init__(
        self, source: Source, catalogue: Catalogue, clock: Clock, interest: Interest, plan: Plan
    ) -> None:
        self._source = source
        self._catalogue = catalogue
        self._clock = clock
        self._interest = interest
        self._plan = plan
        self._last_s: float | None = None
        self._failures = 0
        self._not_before_s = 0.0
        self._missing = frozenset[str]()
        self._wished = asyncio.Event()
        interest.on_new = self._wished.set

    def state(self) -> None:
        """Nothing: the prices themselves are kept by the feed."""
        return

    async def next_ticks(self) -> Sequence[Tick]:
        """The prices of one round. Raises Unavailable when CoinGecko is away or refuses."""
        await self._wait_for_turn()
        self._wished.clear()
        self._last_s = self._clock.monotonic()
        self._failures += 1  # until every part has come
        coins, currencies = self._wanted()
        rows = dict[str, dict[str, Decimal | None]]()
        for ids in _chunks(coins):
            rows |= await self._fetch(ids, list(currencies))
        self._failures = 0
        self._report_missing(frozenset(coins) - rows.keys())
        return [
            tick
            for coin in coins
            if coin in rows
            for tick in self._read(coin, rows[coin], currencies)
        ]

    async def _wait_for_turn(self) -> None:
        if self._last_s is None:
            return
        pause_s = self._plan.interval_s
        if self._failures:
            pause_s = min(pause_s, SHORTEST_PAUSE_S * 2.0 ** min(self._failures - 1, 10))
        regular_s = self._last_s + pause_s
        with suppress(TimeoutError):
            await asyncio.wait_for(
                self._wished.wait(), max(0.0, regular_s - self._clock.monotonic())
            )
        earliest_s = min(regular_s, self._last_s + SHORTEST_PAUSE_S)
        earliest_s = max(earliest_s, self._not_before_s)
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

    async def _fetch(
        self, ids: Sequence[AssetId], codes: Sequence[str]
    ) -> dict[str, dict[str, Decimal | None]]:
        answer = await self._source.get(
            "/simple/price",
            {
                "ids": ",".join(ids),
                "vs_currencies": ",".join(codes),
                "include_24hr_change": "true",
                "include_last_updated_at": "true",
                "precision": "full",
            },
        )
        if answer.status == OK:
            with suppress(msgspec.MsgspecError):
                return _prices_decoder.decode(answer.body)
        raise self._refusal(answer)

    def _refusal(self, answer: Answer) -> CoinGeckoRefused:
        """The error in an envelope of either form; whatever else came is described, not
        repeated.
        """
        try:
            status = _envelope_decoder.decode(answer.body).read()
        except (msgspec.MsgspecError, UnicodeDecodeError):
            status = _Status(error_message=f"{len(answer.body)} bytes that are not its JSON")
        detail = f"status {answer.status}, code {status.error_code}: {status.error_message[:200]}"
        if status.error_code in KEY_FAULTS:
            detail += (
                "; check PLIMSOLL_COINGECKO_DEMO_KEY (free) and PLIMSOLL_COINGECKO_PRO_KEY (paid)"
            )
        pause_s = retry_after_s(answer.headers.get("retry-after", ""), self._clock.now())
        if pause_s is None and LIMIT_REACHED in {answer.status, status.error_code}:
            pause_s = self._plan.interval_s
        if pause_s is not None:
            self._not_before_s = self._clock.monotonic() + pause_s
        return CoinGeckoRefused(detail, retry_after_s=pause_s)

    def _read(
        self, coin: AssetId, row: dict[str, Decimal | None], currencies: dict[str, AssetId]
    ) -> Iterator[Tick]:
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
            change = _ratio(row.get(f"{code}_24h_change"))
            yield Tick(Pair(coin, currency), Price(value, SOURCE, at, change_24h=change))

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


def _ratio(percent: Decimal | None) -> Decimal | None:
    """A change in percent as a ratio; compared before any arithmetic."""
    if percent is None or not percent.is_finite() or not -HUNDRED < percent < LARGEST_PERCENT:
        return None
    return to_change(percent / HUNDRED)


def _code(asset: Asset) -> str | None:
    return asset.id if asset.kind is AssetKind.FIAT else CRYPTO_CODES.get(asset.id)


def _chunks(ids: Sequence[AssetId]) -> Iterator[list[AssetId]]:
    chunk, length = list[AssetId](), 0
    for asset_id in ids:
        if chunk and length + len(asset_id) > LONGEST_IDS:
            yield chunk
            chunk, length = [], 0
        chunk.append(asset_id)
        length += len(asset_id) + len("%2C")
    if chunk:
        yield chunk
