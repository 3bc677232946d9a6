"""What alerts are about, as they are given it."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from plimsoll.insights.service.insights import Insights
from plimsoll.kernel.clock import Clock
from plimsoll.markets.domain.prices import Tick
from plimsoll.markets.service.candles import Candles
from plimsoll.markets.service.overview import Markets
from plimsoll.markets.service.prices import Prices
from plimsoll.plumbing.database import Database
from plimsoll.trading.service.broadcasting import Broadcasting

ReadKpis = Callable[[], Awaitable[Mapping[str, Decimal | None]]]
"""All KPIs by name; None: not known."""


@dataclass(frozen=True, slots=True)
class World:
    """`on_prices` is where prices that were taken are told; `candles` tells
    `insights` before what is appended to its listeners here.
    """

    database: Database
    clock: Clock
    prices: Prices
    candles: Candles
    markets: Markets
    insights: Insights
    broadcasting: Broadcasting
    on_prices: list[Callable[[Sequence[Tick]], None]]
    list_jobs: Callable[[], Collection[str]]
    read_kpis: ReadKpis
