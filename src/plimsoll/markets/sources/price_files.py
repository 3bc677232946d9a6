"""Files with prices of days: the euro reference rates, and a plain list.

The European Central Bank's history (`eurofxref-hist.csv`): `Date,USD,JPY,…`, a line for each
business day, how much of each currency one euro was worth, `N/A` where there was no rate.
The plain list: a header with `date`, `asset`, `currency` and `price` in any order; assets by id or
reviewed symbol, days as 2024-01-31, prices as plain decimals.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from plimsoll.kernel.errors import FieldFault, Invalid
from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import NotAnAmount, parse_amount
from plimsoll.markets.domain.assets import AssetKind, Catalogue
from plimsoll.markets.domain.prices import to_price

EURO: Final = AssetId("eur")
PLAIN_COLUMNS: Final = ("date", "asset", "currency", "price")
MOST_BYTES: Final = 64_000_000


class BadPriceFile(Invalid):
    """A file with prices that cannot be read; `faults` has every line that is wrong."""

    code = "bad-price-file"
    title = "The file with prices cannot be read"


class Layout(StrEnum):
    ECB = "euro reference rates"
    PLAIN = "date,asset,currency,price"


class FilePrice(NamedTuple):
    asset_id: AssetId
    currency: AssetId
    day: date
    price: Decimal


@dataclass(frozen=True, slots=True)
class PriceFile:
    """`unknown`: columns of currencies that the catalogue does not have."""

    layout: Layout
    prices: list[FilePrice]
    unknown: tuple[str, ...] = ()


def read(path: Path, catalogue: Catalogue) -> PriceFile:
    """Every price of the file. Raises BadPriceFile."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadPriceFile(f"{path} has more than {MOST_BYTES} bytes")
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadPriceFile(f"{path} cannot be read: {error}") from error
    rows = csv.reader(text.splitlines())
    try:
        header = [cell.strip() for cell in next(rows, [])]
        names = [cell.lower() for cell in header]
        if set(PLAIN_COLUMNS) <= set(names):
            return _finish(Layout.PLAIN, _Plain(names, catalogue).read(rows))
        if names[:1] == ["date"] and "usd" in names:
            return _read_ecb(header, rows, catalogue)
    except csv.Error as error:
        raise BadPriceFile(f"line {rows.line_num}: {error}") from error
    raise BadPriceFile(
        "the first line is neither that of the euro reference rates (Date,USD,JPY,…) nor "
        + ",".join(PLAIN_COLUMNS)
    )


Read = Iterator[FilePrice | FieldFault]


def _finish(layout: Layout, read: Read, unknown: Sequence[str] = ()) -> PriceFile:
    """All prices, or a refusal with all faults. Of two prices of one day the second is a fault
    unless it is the same.
    """
    faults = []
    prices = dict[tuple[AssetId, AssetId, date], FilePrice]()
    for each in read:
        if isinstance(each, FieldFault):
            faults.append(each)
            continue
        first = prices.setdefault(each[:3], each)
        if first.price != each.price:
            detail = f"{each.asset_id} in {each.currency} on {each.day} has two prices"
            faults.append(FieldFault("", "two-prices", detail))
    if faults:
        raise BadPriceFile(
            f"{len(faults)} faults; nothing was taken in",
            faults=tuple(faults),
            facts={"faults": len(faults)},
        )
    return PriceFile(layout, list(prices.values()), tuple(unknown))


def _read_ecb(header: list[str], rows: Iterator[list[str]], catalogue: Catalogue) -> PriceFile:
    currencies: dict[int, AssetId] = {}
    unknown = []
    for at, name in enumerate(header[1:], 1):
        asset = catalogue.find(name) if name else None
        if asset is not None and asset.kind is AssetKind.FIAT:
            currencies[at] = asset.id
        elif name:
            unknown.append(name)

    def cells() -> Read:
        for number, row in enumerate(rows, 2):
            if any(row):
                yield from _ecb_line(row, number, header, currencies)

    return _finish(Layout.ECB, cells(), unknown)


def _ecb_line(
    row: list[str], number: int, header: list[str], currencies: dict[int, AssetId]
) -> Read:
    day = _day(row[0], number)
    if isinstance(day, FieldFault):
        yield day
        return
    for at, currency in currencies.items():
        cell = row[at].strip() if at < len(row) else ""
        if cell in ("", "N/A"):
            continue
        price = _price(cell, number, header[at])
        yield price if isinstance(price, FieldFault) else FilePrice(EURO, currency, day, price)


class _Plain:
    """Reads lines of the plain list."""

    def __init__(self, names: list[str], catalogue: Catalogue) -> None:
        self._at = {name: names.index(name) for name in PLAIN_COLUMNS}
        self._catalogue = catalogue

    def read(self, rows: Iterator[list[str]]) -> Read:
        for number, row in enumerate(rows, 2):
            if any(row):
                yield from self._line(row, number)

    def _line(self, row: list[str], number: int) -> Read:
        if len(row) <= max(self._at.values()):
            yield _fault(number, "", "too-few-cells", f"the line has {len(row)} cells")
            return
        cells = {name: row[at].strip() for name, at in self._at.items()}
        read = (
            self._asset(cells["asset"], number, "asset"),
            self._asset(cells["currency"], number, "currency"),
            _day(cells["date"], number),
            _price(cells["price"], number, "price"),
        )
        faults = [each for each in read if isinstance(each, FieldFault)]
        asset, currency, day, price = read
        if faults:
            yield from faults
        elif asset == currency:
            yield _fault(number, "currency", "same-asset", "an asset is worth 1 in itself")
        else:
            yield FilePrice(asset, currency, day, price)  # type: ignore[arg-type]  # no faults

    def _asset(self, cell: str, number: int, column: str) -> AssetId | FieldFault:
        asset = self._catalogue.find(cell)
        if asset is None:
            return _fault(number, column, "unknown-asset", f"there is no asset {cell[:100]!r}")
        return asset.id


def _day(cell: str, number: int) -> date | FieldFault:
    try:
        return date.fromisoformat(cell.strip())
    except ValueError:
        return _fault(number, "date", "not-a-day", f"{cell[:40]!r} is no day as 2024-01-31")


def _price(cell: str, number: int, column: str) -> Decimal | FieldFault:
    try:
        price = to_price(parse_amount(cell))
    except NotAnAmount:
        price = None
    if price is None:
        return _fault(number, column, "not-a-price", f"{cell[:60]!r} is no price")
    return price


def _fault(number: int, column: str, code: str, message: str) -> FieldFault:
    return FieldFault(f"line {number}" + (f", {column}" if column else ""), code, message)
