"""All pairs at a glance: price, change, volume, volatility, source and age in one row each."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import HTTPConnection

from plimsoll.kernel.errors import NotFound
from plimsoll.markets.domain.assets import Asset
from plimsoll.markets.domain.board import Entry
from plimsoll.markets.domain.failover import SourceState
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.domain.volatility import Ranked, VolatilityBoard, Window
from plimsoll.markets.service.intake import DataFlag, Intake, SourceStatus
from plimsoll.markets.service.prices import Prices


class UnknownPair(NotFound):
    """Both assets are known, but no source has ever priced one in the other directly."""

    code = "unknown-pair"
    title = "No such pair"


class SortBy(StrEnum):
    """`rank`: the most volatile first; `volume` is compared in the quote asset of each pair."""

    PAIR = "pair"
    PRICE = "price"
    CHANGE = "change"
    VOLUME = "volume"
    RANK = "rank"
    AGE = "age"


@dataclass(frozen=True, slots=True)
class Market:
    """One pair. `volatility` is over 24 h; `source_state` None: its source is not followed now."""

    base: Asset
    quote: Asset
    price: Decimal
    change_24h: Decimal | None
    volume_24h: Decimal | None
    volatility: Ranked | None
    source: str
    source_state: SourceState | None
    at: datetime
    age_ms: int
    stale: bool
    simulated: bool
    sources: tuple[str, ...] = ()
    flags: tuple[DataFlag, ...] = ()
    """Only when one pair is asked for, like `sources`."""

    @property
    def name(self) -> str:
        """`btc/usd`."""
        return f"{self.base.symbol}/{self.quote.symbol}"

    @property
    def key(self) -> str:
        """What tells it from every other pair, for ordering."""
        return f"{self.base.id}/{self.quote.id}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pairs to list; None is any. `search` is part of a symbol, an id or a name."""

    search: str = ""
    base: Asset | None = None
    quote: Asset | None = None
    source: str | None = None
    stale: bool | None = None


class Markets:
    """Reads the board; keeps nothing of its own."""

    def __init__(self, prices: Prices, volatility: VolatilityBoard, intake: Intake) -> None:
        self._prices = prices
        self._volatility = volatility
        self._intake = intake

    def list_markets(self, wanted: Wanted, by: SortBy, *, descending: bool) -> list[Market]:
        """The wanted pairs in order; those without the value that is sorted by come last."""
        needle = wanted.search.strip().lower()
        now_s = self._prices.clock.monotonic()
        found = []
        for pair, entry in self._prices.board.list_entries():
            if wanted.base and pair.base != wanted.base.id:
                continue
            if wanted.quote and pair.quote != wanted.quote.id:
                continue
            if wanted.source is not None and entry.price.source != wanted.source:
                continue
            market = self._read(pair, entry, now_s)
            if wanted.stale is not None and market.stale is not wanted.stale:
                continue
            if needle and not _matches(market, needle):
                continue
            found.append(market)
        found.sort(key=lambda market: market.key)
        value = SORT_KEYS[by]
        known = [market for market in found if value(market) is not None]
        known.sort(key=value, reverse=descending)  # type: ignore[arg-type]  # none is None
        return known + [market for market in found if value(market) is None]

    def get_market(self, base: Asset, quote: Asset) -> Market:
        """One pair with the doubts about it; raises UnknownPair."""
        pair = Pair(base.id, quote.id)
        try:
            entry = self._prices.board.get_entry(pair)
        except KeyError:
            raise UnknownPair(
                f"no source prices {base.symbol} in {quote.symbol} directly; "
                f"/prices/{base.symbol}/{quote.symbol}/current may know it through others",
                facts={"base": base.id, "quote": quote.id},
            ) from None
        return replace(
            self._read(pair, entry, self._prices.clock.monotonic()),
            sources=tuple(self._intake.sources_of(pair)),
            flags=tuple(flag for flag in self._intake.list_flags() if flag.pair == pair),
        )

    def list_sources(self) -> list[SourceStatus]:
        """How every source is, as they are preferred."""
        return self._intake.list_sources()

    def list_flags(self) -> list[DataFlag]:
        """What is doubtful about the data now."""
        return self._intake.list_flags()

    def _read(self, pair: Pair, entry: Entry, now_s: float) -> Market:
        catalogue, price = self._prices.catalogue, entry.price
        base, quote = catalogue.find_by_id(pair.base), catalogue.find_by_id(pair.quote)
        assert base, pair
        assert quote, pair
        age_ms = max(0, int((now_s - entry.held_s()) * 1000))
        return Market(
            base=base,
            quote=quote,
            price=price.value,
            change_24h=price.change_24h,
            volume_24h=price.volume_24h,
            volatility=self._volatility.find(pair, Window.DAY),
            source=price.source,
            source_state=self._intake.find_state(price.source),
            at=price.at,
            age_ms=age_ms,
            stale=self._prices.board.is_stale(age_ms),
            simulated=price.simulated,
        )


async def markets_of(connection: HTTPConnection) -> Markets:
    markets = connection.app.state.markets
    assert isinstance(markets, Markets)
    return markets


MarketsDep = Annotated[Markets, Depends(markets_of)]
"""The pairs of this process, for a handler."""


def _matches(market: Market, needle: str) -> bool:
    return needle in market.name or any(
        needle in asset.id or needle in asset.name.lower() for asset in (market.base, market.quote)
    )


SORT_KEYS: Final[dict[SortBy, Callable[[Market], str | Decimal | int | None]]] = {
    SortBy.PAIR: lambda market: market.name,
    SortBy.PRICE: lambda market: market.price,
    SortBy.CHANGE: lambda market: market.change_24h,
    SortBy.VOLUME: lambda market: market.volume_24h,
    SortBy.RANK: lambda market: market.volatility.rank if market.volatility else None,
    SortBy.AGE: lambda market: market.age_ms,
}
