"""Prices of days from stored candles and from files, on a real database."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from plimsoll.kernel.clock import to_ms
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.service.dailies import BadPriceFile, Dailies, take_price_file
from plimsoll.markets.storage.candles import save_candles
from plimsoll.plumbing.database import Database

BTC, USDT, USD, EUR, GBP = (AssetId(name) for name in ("bitcoin", "tether", "usd", "eur", "gbp"))
FRIDAY = date(2024, 3, 1)
CATALOGUE = load_catalogue()
ECB = "Date,USD,JPY,CYP,GBP,\n2024-03-04,1.2,N/A,N/A,0.9,\n2024-03-01,1.25,160,N/A,0.8,\n"


def candle(day: int, close: float, *, forming: bool = False) -> Candle:
    at = datetime(2024, 3, day, tzinfo=UTC)
    return Candle(Interval.DAY, to_ms(at), close, close, close, close, 1.0, forming=forming)


async def keep(database: Database, pair: Pair, *candles: Candle) -> None:
    async with database.write() as unit:
        await save_candles(unit, [(pair, each) for each in candles], candles[0].open_time_ms)


async def load(
    database: Database, *assets: AssetId, currency: AssetId = USD
) -> dict[AssetId, dict[int, Decimal]]:
    """By day of March 2024."""
    async with database.read() as unit:
        found = await Dailies().load(unit, assets, currency, first=FRIDAY, last=date(2024, 3, 31))
    return {asset: {day.day: each for day, each in days.items()} for asset, days in found.items()}


def write(file: Path, text: str) -> None:
    file.write_text(text)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "prices.csv"


async def test_closes_of_days_that_are_over(database: Database) -> None:
    await keep(
        database, Pair(BTC, USDT), candle(1, 60000.5), candle(2, 0.1), candle(3, 7, forming=True)
    )
    assert await load(database, BTC) == {BTC: {1: Decimal("60000.5"), 2: Decimal("0.1")}}


async def test_the_euro_reference_rates(database: Database, file: Path) -> None:
    write(file, ECB)
    taken = await take_price_file(database, CATALOGUE, file)
    assert (taken.read, taken.new, taken.changed, taken.unknown) == (5, 5, 0, ("CYP",))
    again = await take_price_file(database, CATALOGUE, file)
    assert (again.read, again.new, again.changed, again.same) == (5, 0, 0, 5)

    await keep(database, Pair(BTC, USDT), candle(2, 50000))  # a Saturday
    assert await load(database, BTC, currency=EUR) == {BTC: {2: Decimal(40000)}}
    found = (await load(database, GBP))[GBP]
    assert (found[1], found[3]) == (Decimal("1.5625"), Decimal("1.5625"))
    assert max(found) == 9


async def test_a_list_of_prices_comes_before_candles(database: Database, file: Path) -> None:
    await keep(database, Pair(BTC, USD), candle(1, 60000), candle(2, 61000))
    write(file, "date,asset,currency,price\n2024-03-01,BTC,usd,59000\n")
    await take_price_file(database, CATALOGUE, file)
    assert await load(database, BTC) == {BTC: {1: Decimal(59000), 2: Decimal(61000)}}
    write(file, "price,currency,asset,date\n58000,usd,bitcoin,2024-03-01\n")
    changed = await take_price_file(database, CATALOGUE, file)
    assert (changed.new, changed.changed) == (0, 1)
    assert (await load(database, BTC))[BTC][1] == 58000


async def test_every_fault_is_told_and_nothing_is_taken_in(database: Database, file: Path) -> None:
    write(
        file,
        "date,asset,currency,price\n"
        "2024-03-01,bitcoin,usd,59000\n"
        "2024-02-30,nonsense,usd,-1\n"
        "2024-03-02,usd,usd,1\n"
        "2024-03-02,bitcoin\n"
        "2024-03-01,bitcoin,usd,59001\n",
    )
    with pytest.raises(BadPriceFile) as refused:
        await take_price_file(database, CATALOGUE, file)
    assert [(each.pointer, each.code) for each in refused.value.faults] == [
        ("line 3, asset", "unknown-asset"),
        ("line 3, date", "not-a-day"),
        ("line 3, price", "not-a-price"),
        ("line 4, currency", "same-asset"),
        ("line 5", "too-few-cells"),
        ("", "two-prices"),
    ]
    assert await load(database, BTC) == {}


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "\0", 'date,"', "Date,USD\nyesterday,1\n"])
async def test_what_is_no_file_with_prices(database: Database, file: Path, text: str) -> None:
    write(file, text)
    with pytest.raises(BadPriceFile):
        await take_price_file(database, CATALOGUE, file)


async def test_a_file_that_is_not_there(database: Database, file: Path) -> None:
    with pytest.raises(BadPriceFile):
        await take_price_file(database, CATALOGUE, file)
