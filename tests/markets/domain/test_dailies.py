"""One price for each asset and day."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.dailies import STANDS, Rates

DAY = date(2024, 3, 1)
Quoted = dict[tuple[str, str], str]


def price(quoted: Quoted, asset: str, currency: str = "usd") -> Decimal | None:
    rates = Rates()
    for (base, quote), said in quoted.items():
        rates.put(AssetId(base), AssetId(quote), DAY, Decimal(said))
    found = rates.list_prices([AssetId(asset)], AssetId(currency), first=DAY, last=DAY)
    return found.get(AssetId(asset), {}).get(DAY)


@pytest.mark.parametrize(
    ("quoted", "asset", "currency", "expected"),
    [
        ({("bitcoin", "usd"): "60000", ("bitcoin", "tether"): "1"}, "bitcoin", "usd", "60000"),
        ({("bitcoin", "eur"): "50000", ("bitcoin", "usd"): "1"}, "bitcoin", "eur", "50000"),
        ({("bitcoin", "tether"): "60000"}, "bitcoin", "usd", "60000"),
        ({("bitcoin", "tether"): "60000", ("tether", "usd"): "0.99"}, "bitcoin", "usd", "59400"),
        ({("bitcoin", "usd-coin"): "60000", ("usd-coin", "usd"): "0.5"}, "bitcoin", "usd", "30000"),
        ({("ethereum", "bitcoin"): "0.05", ("bitcoin", "usd"): "60000"}, "ethereum", "usd", "3000"),
        ({("eur", "usd"): "1.25"}, "usd", "eur", "0.8"),
        ({("eur", "usd"): "1.25", ("eur", "gbp"): "0.8"}, "gbp", "usd", "1.5625"),
        ({("eur", "usd"): "1.25", ("bitcoin", "tether"): "100"}, "bitcoin", "eur", "80"),
        ({("bitcoin", "tether"): "100"}, "tether", "usd", "1"),
    ],
)
def test_the_way_to_a_price(quoted: Quoted, asset: str, currency: str, expected: str) -> None:
    assert price(quoted, asset, currency) == Decimal(expected)


def test_what_no_way_leads_to_has_no_price() -> None:
    assert price({("solana", "ripple"): "5"}, "solana") is None
    assert price({("bitcoin", "usd"): "5"}, "bitcoin", "eur") is None


def test_an_official_rate_stands_until_the_next_one_though_not_for_long() -> None:
    rates = Rates()
    eur, usd = AssetId("eur"), AssetId("usd")
    friday, last = DAY, DAY + timedelta(days=30)
    monday = friday + timedelta(days=3)
    rates.put_official(
        [(eur, usd, friday, Decimal("1.1")), (eur, usd, monday, Decimal("1.2"))], last=last
    )
    found = rates.list_prices([eur], usd, first=friday, last=last)[eur]
    assert [found[friday + timedelta(days=days)] for days in range(4)] == [
        Decimal("1.1"),
        Decimal("1.1"),
        Decimal("1.1"),
        Decimal("1.2"),
    ]
    assert max(found) == monday + timedelta(days=STANDS)
