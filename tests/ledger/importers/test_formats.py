"""What every importer promises, whatever is in the cells."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.ledger.domain.imports import Draft, Side, Standing
from plimsoll.ledger.domain.transactions import SHAPES, Kind, Leg, Shape, Transaction, check
from plimsoll.ledger.importers import plimsoll
from plimsoll.ledger.importers.dates import DateOrder
from plimsoll.ledger.importers.format import Cash, Format, Options, column_names
from plimsoll.ledger.importers.numbers import NumberStyle
from plimsoll.ledger.importers.reading import FORMATS, read_verdicts, recognise
from tests.imports.corpus import CATALOGUE, FILES, options_of

DOCUMENT: Final = (Path(__file__).parents[3] / "docs" / "imports.md").read_text("utf-8")
HEADERS: Final = {
    path.stem: path.with_suffix(".verdicts").read_text("utf-8").splitlines()
    for path in FILES
    if path.stem
    in {
        "plimsoll-every-kind-of-row",
        "koinly",
        "cointracking-old",
        "binance-trades-suffixed",
        "binance-trades-market",
        "binance-statement",
        "coinbase",
        "kraken-ledgers",
        "kraken-trades",
        "bitstamp",
        "bitstamp-2025",
        "gemini",
        "cryptocom",
        "kucoin-fills",
        "kucoin-orders",
        "kucoin-conversions",
        "kucoin-deposits",
        "bittytax",
        "bybit-funding",
        "bybit-trades-fee-coins",
        "bybit-unified",
        "ledger-live",
        "okx-funding",
        "okx-trading",
        "rp2-in",
        "rp2-intra",
        "rp2-out",
        "trezor-suite",
    }
}


def transaction_of(draft: Draft) -> Transaction:
    """As the ledger would have it, nothing being worth anything."""
    wallets = {"": 1} | {leg.wallet: at for at, leg in enumerate(draft.legs, 2) if leg.wallet}
    return Transaction(
        id=TransactionId(UUID(int=1)),
        kind=draft.kind,
        occurred_at=draft.at,
        currency=AssetId("usd"),
        legs=tuple(
            Leg(
                None if leg.side is Side.OUTSIDE else WalletId(UUID(int=wallets[leg.wallet])),
                leg.asset_id or AssetId(leg.code),
                leg.quantity,
                leg.role,
                Decimal(0),
            )
            for leg in draft.legs
        ),
    )


def drafts_of(path: Path, cash: Cash) -> Iterator[Draft]:
    said = options_of(path.with_suffix(".verdicts").read_text("utf-8").splitlines()[0][8:])
    options = Options(catalogue=CATALOGUE, cash=cash, zone=said.zone, numbers=said.numbers)
    with path.open("rb") as file:
        try:
            recognised = recognise(file, options)
        except Invalid:
            return
        for verdict in read_verdicts(file, recognised, options, lambda _identity: False):
            if verdict.draft:
                yield verdict.draft


@pytest.mark.parametrize("cash", list(Cash))
def test_every_draft_of_the_corpus_keeps_the_laws_of_the_ledger(cash: Cash) -> None:
    drafts = [draft for path in FILES for draft in drafts_of(path, cash)]
    assert len(drafts) > 50
    for draft in drafts:
        check(transaction_of(draft))


CELLS: Final = st.one_of(
    st.sampled_from(
        (
            *("", "-", "0", "1", "-1", "0.5", "1,234.5", "1e-8", "9" * 30, "=1+1", "NaN", "$1"),
            *("BTC", "ETH", "EUR", "USD", "XXBT", "BTCUSDT", "XXBTZEUR", "0.5BTC", "5USDT"),
            *("2024-01-31 12:00:00", "2024-01-31T12:00:00Z", "31/01/2024", "1706702400"),
            *("buy", "SELL", "trade", "spend", "deposit", "withdrawal", "transfer", "staking"),
            *("Fee", "Buy", "Convert", "Send", "earn", "reward", "Transaction Related", "cost"),
            *("--", "TRADE", "SETTLEMENT", "IN", "OUT", "SENT", "RECV", "Swap", "OPEN", "Spend"),
            *("Converted 1 BTC to 2 ETH", "sold on BTC-USDC", "T1", "Spot"),
        )
    ),
    st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=12),
)


def rows_of(name: str) -> list[list[str]]:
    """The header of a file of the corpus, which some format knows, and the rows below it."""
    path = next(path for path in FILES if path.stem == name)
    rows = list(csv.reader(path.read_text("utf-8").splitlines()))
    while not any(each.sniff(column_names(rows[0])) for each in FORMATS):
        rows.pop(0)
    return rows


def header_of(name: str) -> list[str]:
    return rows_of(name)[0]


@st.composite
def spoilt(draw: st.DrawFn, rows: list[list[str]]) -> list[str]:
    """A row of the corpus in which up to three cells say something else."""
    row = list(draw(st.sampled_from(rows)))
    for _ in range(draw(st.integers(0, 3))):
        row[draw(st.integers(0, len(row) - 1))] = draw(CELLS)
    return row + draw(st.lists(CELLS, max_size=1))


@pytest.mark.parametrize("name", sorted(HEADERS))
@settings(max_examples=40)
@given(data=st.data())
def test_whatever_is_in_the_cells_every_row_has_one_verdict(name: str, data: st.DataObject) -> None:
    header, *known = rows_of(name)
    rows = data.draw(st.lists(spoilt(known), max_size=6))
    options = Options(catalogue=CATALOGUE, zone=UTC, numbers=NumberStyle.POINT, dates=DateOrder.DMY)
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    file = io.BytesIO(text.getvalue().encode())
    try:
        recognised = recognise(file, options)
    except Invalid:
        return  # no row that is not blank
    verdicts = list(read_verdicts(file, recognised, options, lambda _identity: False))
    lines = [line for verdict in verdicts for line in verdict.lines]
    filled = [at for at, row in enumerate(rows, 2) if any(cell.strip() for cell in row)]
    assert sorted(lines) == filled
    for verdict in verdicts:
        assert (verdict.standing is Standing.ERROR) == (
            verdict.draft is None and not verdict.reason
        )
        if verdict.draft:
            check(transaction_of(verdict.draft))


@pytest.mark.parametrize("each", FORMATS, ids=lambda each: each.name)
def test_no_header_is_known_by_two_formats_equally(each: Format) -> None:
    for name in HEADERS:
        header = column_names(header_of(name))
        scores = sorted((form.sniff(header) for form in FORMATS), reverse=True)
        assert scores[0] > scores[1]
        assert 0 <= each.sniff(header) <= 1


def test_two_columns_of_one_name_are_told_apart() -> None:
    assert column_names(["Cur.", " CUR. ", "", "", "\ufeffFee  Coin"]) == [
        "cur.",
        "cur. 2",
        "",
        "",
        "fee coin",
    ]


def test_the_document_names_every_format_column_and_kind() -> None:
    assert all(f"| `{each.name}` |" in DOCUMENT for each in FORMATS)
    assert all(f"`{column}`" in DOCUMENT for column in plimsoll.COLUMNS)
    shapes = {
        "both sides": Shape.EXCHANGE,
        "received only": Shape.INFLOW,
        "sent only": Shape.OUTFLOW,
        "sent, and `to_wallet`": Shape.MOVE,
        "either side": Shape.EITHER,
        "the fee only": Shape.FEES,
    }
    for filled, shape in shapes.items():
        (row,) = re.findall(rf"^\| {re.escape(filled)} \| (.*) \|$", DOCUMENT, re.MULTILINE)
        kinds = {kind.value for kind in Kind if SHAPES[kind] is shape}
        assert set(re.findall(r"`(\w+)`", row)) == kinds


def test_the_example_of_the_document_is_read_as_it_says() -> None:
    (example,) = re.findall(r"```csv\n(.*?)```", DOCUMENT, re.DOTALL)
    file, options = io.BytesIO(example.encode()), Options(catalogue=CATALOGUE)
    verdicts = list(read_verdicts(file, recognise(file, options), options, lambda _identity: False))
    assert [verdict.standing for verdict in verdicts] == [Standing.NEW] * 3
    assert [verdict.draft.kind for verdict in verdicts if verdict.draft] == [
        Kind.BUY,
        Kind.STAKING,
        Kind.SWAP,
    ]
