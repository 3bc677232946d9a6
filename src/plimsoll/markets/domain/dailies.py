"""One price for each asset and day, out of whatever pairs were quoted on it. Pure.

A price in the currency itself is taken first, else one through the dollar: the asset's own dollar
price, else its price in a dollar coin, in euro or in bitcoin times what that was worth in dollars.
A pair counts in both directions. A dollar coin is a dollar only on days on which no pair says what
it was worth. What a file says comes before what a candle says.

Official exchange rates are not published on every day; one stands for up to `STANDS` after its own.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import CONTEXT
from plimsoll.markets.domain.assets import USD
from plimsoll.markets.domain.prices import to_price

STANDS: Final = 5
"""Days: from Maundy Thursday to the day after Easter Monday."""

DOLLAR_COINS: Final = (AssetId("tether"), AssetId("usd-coin"))
OTHERS: Final = (AssetId("eur"), AssetId("bitcoin"))
BRIDGES: Final = frozenset({USD, *DOLLAR_COINS, *OTHERS})
ONE: Final = Decimal(1)

Edge = tuple[AssetId, AssetId]


class Rates:
    """Prices of one asset in another, by day."""

    def __init__(self) -> None:
        self._days: defaultdict[date, dict[Edge, Decimal]] = defaultdict(dict)
        self._in_usd: dict[tuple[AssetId, date], Decimal | None] = {}

    def put(self, asset: AssetId, currency: AssetId, day: date, price: Decimal) -> None:
        """A price that comes before all that were put earlier."""
        self._days[day][asset, currency] = price

    def put_official(
        self, rates: Iterable[tuple[AssetId, AssetId, date, Decimal]], *, last: date
    ) -> None:
        """Rates that stand until the next one, though not for long and not after `last`."""
        by_edge: defaultdict[Edge, dict[date, Decimal]] = defaultdict(dict)
        for asset, currency, day, price in rates:
            by_edge[asset, currency][day] = price
        for edge, known in by_edge.items():
            for day, price in known.items():
                self._days[day][edge] = price
                for after in range(1, STANDS + 1):
                    later = day + timedelta(days=after)
                    if later in known or later > last:
                        break
                    self._days[later][edge] = price

    def list_prices(
        self, assets: Collection[AssetId], currency: AssetId, *, first: date, last: date
    ) -> dict[AssetId, dict[date, Decimal]]:
        """The prices in `currency` of the days from `first` to `last` that have one."""
        found: dict[AssetId, dict[date, Decimal]] = {}
        days = sorted(day for day in self._days if first <= day <= last)
        for asset in set(assets) - {currency}:
            prices = {}
            for day in days:
                price = self._find(asset, currency, day)
                kept = None if price is None else to_price(price)
                if kept is not None:
                    prices[day] = kept
            if prices:
                found[asset] = prices
        return found

    def _find(self, asset: AssetId, currency: AssetId, day: date) -> Decimal | None:
        direct = self._edge(asset, currency, day)
        if direct is not None:
            return direct
        worth, unit = self._dollars(asset, day), self._dollars(currency, day)
        if worth is None or unit is None:
            return None
        return worth if unit == ONE else CONTEXT.divide(worth, unit)

    def _edge(self, asset: AssetId, currency: AssetId, day: date) -> Decimal | None:
        known = self._days[day]
        price = known.get((asset, currency))
        if price is None:
            inverse = known.get((currency, asset))
            return None if inverse is None else CONTEXT.divide(ONE, inverse)
        return price

    def _dollars(self, asset: AssetId, day: date) -> Decimal | None:
        if asset == USD:
            return ONE
        key = (asset, day)
        if key not in self._in_usd:
            self._in_usd[key] = self._work_out_dollars(asset, day)
        return self._in_usd[key]

    def _work_out_dollars(self, asset: AssetId, day: date) -> Decimal | None:
        direct = self._edge(asset, USD, day)
        if direct is not None:
            return direct
        for bridge in (*DOLLAR_COINS, *OTHERS):
            price = None if bridge == asset else self._edge(asset, bridge, day)
            unit = self._edge(bridge, USD, day)
            if unit is None and bridge in DOLLAR_COINS:
                unit = ONE
            if price is not None and unit is not None:
                return CONTEXT.multiply(price, unit)
        return ONE if asset in DOLLAR_COINS else None
