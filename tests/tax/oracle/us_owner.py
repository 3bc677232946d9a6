"""Beside rp2: FIFO among everything that the owner has.

It is told in its own spreadsheet, a sheet per coin, and its full report is read.

It differs where the law that we follow says something else:
- `365-days`: long is from 365 days on, counted in 24 hours; the law counts calendar days, and the
  anniversary itself is not past it (IRC 1222).
"""

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from plimsoll.kernel.money import ZERO
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain.matching import ALWAYS, Scope
from plimsoll.tax.domain.rules import us
from tests.tax.ledgers import matched
from tests.tax.oracle.agreement import (
    Agreement,
    Foretold,
    Key,
    Part,
    add,
    by_acquisition,
    compare,
)
from tests.tax.oracle.deeds import GIFTS, INCOMES, Deed, Teller, World, facts_of

NAME: Final = "rp2 1.7.2, FIFO by owner"
TOLERANCE: Final = Decimal("1e-6")
"""It writes floats."""
YEAR: Final = timedelta(days=365)
NEAR: Final = timedelta(days=2)
"""How far an anniversary can be from 365 days of 24 hours, in another zone than UTC."""
WORLD: Final = World(
    {
        Kind.BUY: 30,
        Kind.SELL: 30,
        Kind.STAKING: 5,
        Kind.MINING: 3,
        Kind.INTEREST: 3,
        Kind.TRANSFER: 12,
        Kind.GIFT_OUT: 3,
        Kind.DONATION: 2,
    },
    assets=4,
    wallets=3,
    hours=16,
)
HEADERS: Final = {
    "in": (
        *("timestamp", "asset", "exchange", "holder", "transaction_type", "spot_price"),
        *("crypto_in", "fiat_in_no_fee", "fiat_in_with_fee", "fiat_fee", "unique_id"),
    ),
    "out": (
        *("timestamp", "asset", "exchange", "holder", "transaction_type", "spot_price"),
        *("crypto_out_no_fee", "crypto_fee", "crypto_out_with_fee", "fiat_out_no_fee"),
        *("fiat_fee", "unique_id"),
    ),
    "intra": (
        *("timestamp", "asset", "from_exchange", "from_holder", "to_exchange", "to_holder"),
        *("spot_price", "crypto_sent", "crypto_received", "unique_id"),
    ),
}
WORDS: Final = {Kind.GIFT_OUT: "GIFT", Kind.DONATION: "DONATE"}
WIDTH: Final = max(map(len, HEADERS.values()))
SHEET: Final = "urn:oasis:names:tc:opendocument:xmlns"
TABLE: Final = f"{{{SHEET}:table:1.0}}"
OFFICE: Final = f"{{{SHEET}:office:1.0}}"
LINK: Final = re.compile(r'=HYPERLINK\("[^"]*"; (.*)\)$')
MEDIA_TYPE: Final = "application/vnd.oasis.opendocument.spreadsheet"
Cell = str | Decimal


def check(run: Callable[..., str], place: Path, count: int, seed: int) -> Agreement:
    deeds = Teller(WORLD, seed).tell(count)
    coins = sorted({deed.asset for deed in deeds})
    (place / "settings.ini").write_text(_settings(coins, sorted({deed.wallet for deed in deeds})))
    _write(place / "ledger.ods", {coin: _rows(deeds, coin) for coin in coins})
    run("rp2_us", "-m", "fifo", "-n", "-o", str(place / "out"), "settings.ini", "ledger.ods")
    theirs: dict[Key, Part] = {}
    for key, part in _read(place / "out" / "fifo_rp2_full_report.ods", coins):
        untaxed = deeds[key[0]].kind in GIFTS
        add(theirs, key, part._replace(proceeds=ZERO) if untaxed else part)
    return compare(_foretold(deeds), theirs, TOLERANCE)


def _foretold(deeds: list[Deed]) -> dict[Key, Foretold]:
    """Ours, as rp2 must see it. What leaves untaxed has no proceeds."""
    election = replace(us.ELECTION, scopes=((ALWAYS, Scope.OWNER),))
    result = matched(facts_of(deeds, us.COUNTRY.currency), us.COUNTRY, election)
    assert not result.shortfalls
    found = {}
    for key, part in by_acquisition(result.slices).items():
        disposed, acquired = (deeds[int(str(number))] for number in key)
        long = disposed.at - acquired.at >= YEAR
        proceeds, rules = part.proceeds, list[str]()
        if disposed.kind in GIFTS:
            proceeds = ZERO
        elif long != part.long and abs(disposed.at - acquired.at - YEAR) <= NEAR:
            rules.append("365-days")
        else:
            long = part.long is True
        theirs = part._replace(proceeds=proceeds, long=long)
        found[key] = Foretold(theirs, tuple(rules))
    return found


def _settings(coins: list[str], wallets: list[str]) -> str:
    general = f"assets = {', '.join(coins)}\nexchanges = {', '.join(wallets)}\nholders = Me"
    tables = (
        f"[{table}_header]\n" + "\n".join(f"{name} = {n}" for n, name in enumerate(names))
        for table, names in HEADERS.items()
    )
    return "\n\n".join([f"[general]\n{general}", *tables]) + "\n"


def _rows(deeds: list[Deed], coin: str) -> Iterator[list[Cell]]:
    tables: dict[str, list[list[Cell]]] = {name: [] for name in HEADERS}
    for deed in deeds:
        if deed.asset == coin:
            table, row = _row(deed)
            tables[table].append(row)
    for name, rows in tables.items():
        yield [name.upper()]
        yield list(HEADERS[name])
        yield from rows
        yield ["TABLE END"]
        yield []


def _row(deed: Deed) -> tuple[str, list[Cell]]:
    began: list[Cell] = [deed.at.isoformat(), deed.asset, deed.wallet, "Me"]
    price, name = deed.value / deed.quantity, str(deed.number)
    if deed.kind is Kind.TRANSFER:
        price = deed.fee / deed.received
        sent = deed.quantity + deed.received
        return "intra", [*began, deed.target, "Me", price, sent, deed.quantity, name]
    if deed.kind is Kind.BUY or deed.kind in INCOMES:
        with_fee = deed.value + deed.fee
        row: list[Cell] = [
            deed.kind.value.upper(),
            price,
            deed.quantity,
            deed.value,
            with_fee,
            deed.fee,
        ]
        return "in", [*began, *row, name]
    net = deed.value - deed.fee
    row = [WORDS.get(deed.kind, "SELL"), net / deed.quantity, deed.quantity, ZERO, deed.quantity]
    return "out", [*began, *row, net, ZERO, name]


def _write(path: Path, sheets: dict[str, Iterator[list[Cell]]]) -> None:
    spaces = " ".join(f'xmlns:{name}="{SHEET}:{name}:1.0"' for name in ("office", "table", "text"))
    tables = "".join(
        f'<table:table table:name="{name}">{"".join(map(_table_row, rows))}</table:table>'
        for name, rows in sheets.items()
    )
    listed = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{kind}"/>'
        for name, kind in (("/", MEDIA_TYPE), ("content.xml", "text/xml"))
    )
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", MEDIA_TYPE)
        book.writestr(
            "content.xml",
            f'<office:document-content {spaces} office:version="1.2"><office:body>'
            f"<office:spreadsheet>{tables}</office:spreadsheet></office:body>"
            "</office:document-content>",
        )
        book.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{SHEET}:manifest:1.0">{listed}'
            "</manifest:manifest>",
        )


def _table_row(row: list[Cell]) -> str:
    cells = (
        f'<table:table-cell office:value-type="float" office:value="{cell:f}"/>'
        if isinstance(cell, Decimal)
        else f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p>'
        "</table:table-cell>"
        for cell in row
    )
    empty = "<table:table-cell/>" * (WIDTH - len(row))
    return f"<table:table-row>{''.join(cells)}{empty}</table:table-row>"


def _read(path: Path, coins: list[str]) -> Iterator[tuple[tuple[int, int], Part]]:
    """Rows of the report that have a disposal and an acquisition; incomes have none."""
    with zipfile.ZipFile(path) as book:
        tree = ET.fromstring(book.read("content.xml"))  # noqa: S314 -- just made here
    for sheet in tree.iter(f"{TABLE}table"):
        if sheet.get(f"{TABLE}name") in {f"{coin} Tax" for coin in coins}:
            for row in sheet.iter(f"{TABLE}table-row"):
                cells = [_cell(cell) for cell in row.iter(f"{TABLE}table-cell")]
                if len(cells) > 18 and cells[10].isdigit() and cells[18].isdigit():
                    quantity, proceeds, cost = (Decimal(cells[n]) for n in (0, 8, 16))
                    part = Part(quantity, proceeds, cost, cells[4] == "LONG")
                    yield (int(cells[10]), int(cells[18])), part


def _cell(cell: ET.Element) -> str:
    link = LINK.match(cell.get(f"{TABLE}formula", ""))
    return link[1].strip('"') if link else cell.get(f"{OFFICE}value") or "".join(cell.itertext())
