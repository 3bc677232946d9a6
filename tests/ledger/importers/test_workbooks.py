"""A workbook says what its CSV says; archives that are none, or want to be more, are refused."""

import csv
import io
import subprocess
import sys
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.kernel.errors import Invalid
from plimsoll.ledger.domain.imports import Standing
from plimsoll.ledger.importers.files import BinaryFile, CompressedFile, FileTooLarge, Limits
from plimsoll.ledger.importers.format import Options
from plimsoll.ledger.importers.reading import UnknownFormat, read_verdicts, recognise
from plimsoll.ledger.importers.sheets import BrokenWorkbook
from plimsoll.ledger.importers.workbooks import PackedTooTight, open_workbook
from tests.imports.corpus import CATALOGUE, FOLDER, draft_text, options_of, told
from tests.ledger.importers.sheets import PARTS, WORKBOOK, packed, sheet, workbook

OPTIONS = Options(catalogue=CATALOGUE)
SAID = ["bitstamp-2025", "gemini", "cryptocom", "kucoin-fills", "kraken-ledgers", "coinbase"]


def book_of(*sheets: list[list[str]], macros: bool = False) -> io.BytesIO:
    """Every cell as text, as the exchanges write them."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"strings_to_formulas": False}) as book:
        for rows in sheets:
            page = book.add_worksheet()
            for line, row in enumerate(rows):
                for column, cell in enumerate(row):
                    page.write_string(line, column, cell)
    if macros:
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 never read")
    return file


def rows_of(stem: str) -> list[list[str]]:
    return list(csv.reader((FOLDER / f"{stem}.csv").read_text("utf-8").splitlines()))


@pytest.mark.parametrize("stem", SAID)
def test_a_workbook_says_what_its_csv_says(stem: str) -> None:
    first, *expected = (FOLDER / f"{stem}.verdicts").read_text("utf-8").splitlines()
    options = options_of(first.removeprefix("options"))
    assert told(book_of(rows_of(stem), macros=True), options) == expected


def test_the_first_sheet_with_a_known_header_is_read() -> None:
    notes = [["Statement of", "Ada"], ["", "2024"]]
    file = book_of(notes, [["Legal notice"], [], *rows_of("kucoin-orders")], rows_of("coinbase"))
    recognised = recognise(file, OPTIONS)
    assert recognised.table.sheet == "Sheet2"
    assert recognised.table.header_line == 3
    verdicts = list(read_verdicts(file, recognised, OPTIONS, lambda _identity: False))
    assert [verdict.lines for verdict in verdicts] == [(line,) for line in range(4, 9)]
    assert recognised.rows == 5


def test_numbers_and_moments_of_a_workbook_need_no_question() -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        page = book.add_worksheet()
        day = book.add_format({"num_format": "m/d/yy"})
        clock = book.add_format({"num_format": "hh:mm:ss.000"})
        header = (
            "Date,Time (UTC),Type,Symbol,Specification,BTC Amount BTC,ETH Amount ETH,Fee (ETH) ETH"
        )
        page.write_row(0, 0, header.split(","))
        at = datetime(2021, 3, 4, 3, 47, 23, 14_000)  # noqa: DTZ001 - as sheets have them
        page.write_datetime(1, 0, at, day)
        page.write_datetime(1, 1, at, clock)
        page.write_row(1, 2, ["Sell", "ETHBTC", "Limit", 0.1, "(1.234 ETH)", 0.001])
    (verdict,) = read_verdicts(file, recognise(file, OPTIONS), OPTIONS, lambda _identity: False)
    assert verdict.standing is Standing.NEW
    assert verdict.draft
    assert draft_text(verdict.draft) == (
        "swap 2021-03-04T03:47:23.014000Z: +0.1 bitcoin; -1.234 ethereum; fee -0.001 ethereum"
    )


def test_a_workbook_without_a_known_header_tells_what_was_seen() -> None:
    with pytest.raises(UnknownFormat) as caught:
        recognise(book_of([["colour", "taste"]]), OPTIONS)
    assert caught.value.facts["columns"] == "colour, taste"


def test_days_may_be_counted_from_1904() -> None:
    parts = PARTS | {
        "xl/workbook.xml": WORKBOOK.replace("<sheets>", '<workbookPr date1904="1"/><sheets>'),
        "xl/worksheets/sheet1.xml": sheet('<row><c s="0"><v>43076</v></c></row>'),
        "xl/styles.xml": '<styleSheet><cellXfs><xf numFmtId="14"/></cellXfs></styleSheet>',
    }
    (row,) = open_workbook(packed(parts)).read_rows("All")
    assert row.cells == ("2021-12-08",)


def whole() -> bytes:
    return workbook("<row><c><v>1</v></c></row>").getvalue()


@pytest.mark.parametrize(
    ("file", "refusal"),
    [
        (packed({"history.csv": "a,b\n"}), CompressedFile),
        (packed({"inner.xlsx": whole()}), CompressedFile),
        (packed({"content.xml": "", "mimetype": "application/vnd.oasis"}), CompressedFile),
        (packed({"xl/workbook.bin": ""}), CompressedFile),
        (io.BytesIO(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 100), BinaryFile),
        (io.BytesIO(whole()[:-40]), BrokenWorkbook),
        (io.BytesIO(whole()[:200] + b"\x00" * 300 + whole()[500:]), BrokenWorkbook),
        (packed({"xl/workbook.xml": WORKBOOK}), BrokenWorkbook),
        (packed({"xl/workbook.xml": "no xml"}), BrokenWorkbook),
        (
            packed({"xl/workbook.xml": WORKBOOK, "xl/a.xml": "x"}, zipfile.ZIP_LZMA),
            BrokenWorkbook,
        ),
        (packed({"xl/workbook.xml": WORKBOOK, "xl/bomb": b"\0" * 20_000_000}), PackedTooTight),
        (packed({f"xl/{at}": "" for at in range(1_001)}), PackedTooTight),
    ],
    ids=[
        *("zip", "nested", "ods", "xlsb", "xls", "cut-off", "damaged", "no-sheet", "no-xml"),
        *("lzma", "bomb", "entries"),
    ],
)
def test_other_archives_and_bombs_are_refused(file: io.BytesIO, refusal: type[Invalid]) -> None:
    with pytest.raises(refusal) as caught:
        recognise(file, OPTIONS)
    assert caught.value.detail


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 255)), max_size=5))
def test_however_a_workbook_is_damaged_it_is_read_or_refused(
    damages: list[tuple[int, int]],
) -> None:
    data = bytearray(whole())
    for at, byte in damages:
        data[at % len(data)] = byte
    try:
        for row in open_workbook(io.BytesIO(bytes(data))).read_rows("All"):
            assert row.cells
    except Invalid as refusal:
        assert refusal.detail  # noqa: PT017 - most damages are refused, some do no harm


def test_an_archive_that_claims_to_be_small_gives_no_more_than_it_claims() -> None:
    rows = "<row><c><v>1</v></c></row>" * 1_000
    file = workbook(rows)
    size = len(sheet(rows)).to_bytes(4, "little")
    lied = file.getvalue().replace(size, (100).to_bytes(4, "little"))
    assert lied != file.getvalue()
    with pytest.raises(BrokenWorkbook):
        list(open_workbook(io.BytesIO(lied)).read_rows("All"))


def test_a_password_is_told() -> None:
    data = bytearray(whole())
    for at in range(len(data) - 4):
        if data[at : at + 4] == b"PK\x01\x02":
            data[at + 8] |= 1
    with pytest.raises(BrokenWorkbook, match="password"):
        recognise(io.BytesIO(bytes(data)), OPTIONS)


def test_limits_hold_before_anything_is_unpacked() -> None:
    file = workbook("<row><c><v>1</v></c></row>")
    with pytest.raises(FileTooLarge):
        recognise(file, OPTIONS, limits=Limits(file_bytes=100))
    with pytest.raises(FileTooLarge):
        recognise(file, OPTIONS, limits=Limits(unpacked_bytes=100))
    with pytest.raises(PackedTooTight):
        recognise(io.BytesIO(many_entries()), OPTIONS)


def many_entries() -> bytes:
    """A directory of a megabyte, which would be read as a whole."""
    data = bytearray(whole())
    at = data.rfind(b"PK\x05\x06")
    data[at + 12 : at + 16] = (1_000_000).to_bytes(4, "little")
    return bytes(data)


def test_rows_of_a_workbook_are_not_held(tmp_path: Path) -> None:
    names = ("Date(UTC)", "Pair", "Side", "Price", "Executed", "Amount", "Fee")
    texts = "".join(f"<si><t>{name}</t></si>" for name in (*names, "BTCUSDT", "BUY", "0.1BNB"))
    rows = ["<row>" + "".join(f'<c t="s"><v>{at}</v></c>' for at in range(7)) + "</row>"]
    for at in range(20_000):
        moment = f"2021-{at % 12 + 1:02}-{at % 28 + 1:02} {at % 24:02}:00:00"
        rows.append(
            f'<row><c t="inlineStr"><is><t>{moment}</t></is></c><c t="s"><v>7</v></c>'
            f'<c t="s"><v>8</v></c><c><v>5</v></c>'
            f'<c t="inlineStr"><is><t>0.{at + 1:06}BTC</t></is></c>'
            f'<c t="inlineStr"><is><t>5.5USDT</t></is></c><c t="s"><v>9</v></c></row>'
        )
    path = tmp_path / "long.xlsx"
    path.write_bytes(workbook("".join(rows), texts=texts).getvalue())
    script = Path(__file__).with_name("measure.py")
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(script), str(path)], check=True, capture_output=True, text=True
    )
    read, megabytes, _seconds = done.stdout.split()
    assert int(read) == 20_000
    assert int(megabytes) < 100
