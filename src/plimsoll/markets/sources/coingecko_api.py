"""What CoinGecko's API answers, and how it refuses.

Refusals come in two envelopes, and a limit may be reported with status 401: what the envelope says
counts, not the status. Numbers are read as Decimals, all digits of them.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeVar

import msgspec

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import Unavailable
from plimsoll.plumbing.budget import retry_after_s
from plimsoll.plumbing.outbound import Answer, Source

OK: Final = 200
LIMIT_REACHED: Final = 429
KEY_FAULTS: Final = frozenset({10002, 10010, 10011})
"""Missing key; a demo key at the pro host; a pro key at the public host."""
MOST_PER_PAGE: Final = 250

Answered = TypeVar("Answered")
Row = dict[str, Decimal | None]


class CoinGeckoRefused(Unavailable):
    """CoinGecko answered, but not with what was asked for."""

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


class MarketRow(msgspec.Struct, frozen=True):
    """A coin among all coins: money in units of the currency asked for, change in percent."""

    id: str
    symbol: str
    name: str
    current_price: Decimal | None = None
    market_cap: Decimal | None = None
    market_cap_rank: int | None = None
    total_volume: Decimal | None = None
    price_change_percentage_24h: Decimal | None = None


class Category(msgspec.Struct, frozen=True):
    """A group of coins: market cap and volume in usd, its change of 24 h in percent."""

    id: str
    name: str
    market_cap: Decimal | None = None
    market_cap_change_24h: Decimal | None = None
    volume_24h: Decimal | None = None
    top_3_coins_id: tuple[str, ...] = ()


class FoundCoin(msgspec.Struct, frozen=True):
    id: str
    symbol: str
    name: str
    market_cap_rank: int | None = None


class _Found(msgspec.Struct):
    coins: list[FoundCoin] = []


class _Chart(msgspec.Struct):
    prices: list[tuple[Decimal, Decimal | None]] = []


_envelope: Final = msgspec.json.Decoder(_Envelope)
_simple_prices: Final = msgspec.json.Decoder(dict[str, Row])
_markets: Final = msgspec.json.Decoder(list[MarketRow])
_categories: Final = msgspec.json.Decoder(list[Category])
_found: Final = msgspec.json.Decoder(_Found)
_chart: Final = msgspec.json.Decoder(_Chart)
_bodies: Final = msgspec.json.Decoder(list[tuple[Decimal, float, float, float, float]])


@dataclass(slots=True)
class CoinGeckoApi:
    """The calls that are of use here; each raises Unavailable when CoinGecko is away or refuses."""

    source: Source
    clock: Clock
    pause_s: float
    """After a limit that does not say for how long it holds."""
    not_before_s: float = 0.0
    """Until when CoinGecko asked not to be called, on the monotonic clock."""

    async def get_prices(self, ids: list[str], codes: list[str]) -> dict[str, Row]:
        """Price, change in percent and volume of 24 h by currency, and when the prices held."""
        params = {
            "ids": ",".join(ids),
            "vs_currencies": ",".join(codes),
            "include_24hr_vol": "true",
            "include_24hr_change": "true",
            "include_last_updated_at": "true",
            "precision": "full",
        }
        return await self._get("/simple/price", params, _simple_prices)

    async def list_markets(self, code: str, *, page: int = 1) -> list[MarketRow]:
        """Coins by market cap, MOST_PER_PAGE a page, the heaviest on page 1."""
        params = {
            "vs_currency": code,
            "order": "market_cap_desc",
            "per_page": str(MOST_PER_PAGE),
            "page": str(page),
            "precision": "full",
        }
        return await self._get("/coins/markets", params, _markets)

    async def list_categories(self) -> list[Category]:
        return await self._get("/coins/categories", {}, _categories)

    async def search(self, text: str) -> list[FoundCoin]:
        """Coins that `text` may mean, the likeliest first."""
        return (await self._get("/search", {"query": text}, _found)).coins

    async def list_observed(self, coin: str, code: str, *, days: int) -> list[tuple[int, float]]:
        """Moments in ms and prices: one in about 5 minutes for 1 day, hourly ones up to 90."""
        params = {"vs_currency": code, "days": str(days), "precision": "full"}
        chart = await self._get(f"/coins/{coin}/market_chart", params, _chart)
        return [(int(at_ms), float(price)) for at_ms, price in chart.prices if price is not None]

    async def list_bodies(
        self, coin: str, code: str, *, days: int
    ) -> list[tuple[int, float, float, float, float]]:
        """The moment in ms at which a candle closed, and its open, high, low and close."""
        params = {"vs_currency": code, "days": str(days), "precision": "full"}
        bodies = await self._get(f"/coins/{coin}/ohlc", params, _bodies)
        return [
            (int(closed_ms), opened, high, low, close)
            for closed_ms, opened, high, low, close in bodies
        ]

    async def _get(
        self, path: str, params: Mapping[str, str], decoder: "msgspec.json.Decoder[Answered]"
    ) -> Answered:
        answer = await self.source.get(path, params)
        if answer.status == OK:
            with suppress(msgspec.MsgspecError):
                return decoder.decode(answer.body)
        raise self._refusal(answer)

    def _refusal(self, answer: Answer) -> CoinGeckoRefused:
        """The error in an envelope of either form; whatever else came is described, not
        repeated.
        """
        try:
            status = _envelope.decode(answer.body).read()
        except (msgspec.MsgspecError, UnicodeDecodeError):
            status = _Status(error_message=f"{len(answer.body)} bytes that are not its JSON")
        detail = f"status {answer.status}, code {status.error_code}: {status.error_message[:200]}"
        if status.error_code in KEY_FAULTS:
            detail += (
                "; check PLIMSOLL_COINGECKO_DEMO_KEY (free) and PLIMSOLL_COINGECKO_PRO_KEY (paid)"
            )
        asked_s = retry_after_s(answer.headers.get("retry-after", ""), self.clock.now())
        if asked_s is None and LIMIT_REACHED in {answer.status, status.error_code}:
            asked_s = self.pause_s
        if asked_s is not None:
            self.not_before_s = self.clock.monotonic() + asked_s
        return CoinGeckoRefused(detail, retry_after_s=asked_s)
