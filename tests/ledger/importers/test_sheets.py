"""Cells of a sheet: texts that cells share, dates, and XML that no spreadsheet writes."""

import io
from collections.abc import Sequence
from datetime import date, datetime, time

import pytest
import python_calamine
import xlsxwriter

from plimsoll.ledger.domain.imports import RawRow
from plimsoll.ledger.importers.files import LineTooLong
from plimsoll.ledger.importers.sheets import (
    BrokenWorkbook,
    WideSheet,
    column_of,
)
from plimsoll.ledger.importers.workbooks import open_workbook
from tests.ledger.importers.sheets import PARTS, packed, sheet, workbook

DATES = '<cellXfs><xf numFmtId="0"/><xf numFmtId="22"/><xf numFmtId="14"/></cellXfs>'


def rows_of(file: io.BytesIO, name: str = "All") -> list[RawRow]:
    return list(open_workbook(file).read_rows(name))


def cells_of(row: str, *, texts: str = "", styles: str = "") -> tuple[str, ...]:
    (found,) = rows_of(workbook(f'<row r="1">{row}</row>', texts=texts, styles=styles))
    return found.cells


def test_dates_are_iso_without_a_zone() -> None:
    assert cells_of(
        '<c r="A1" s="1"><v>44538.15790525463</v></c><c r="B1" s="2"><v>44538</v></c>'
        '<c r="C1" s="1"><v>0.157897789351852</v></c><c r="D1" s="1"><v>-1</v></c>'
        '<c r="E1" t="d"><v>2021-12-08T03:47:23Z</v></c><c r="F1" s="2"><v>44538.5</v></c>',
        styles=DATES,
    ) == (
        "2021-12-08 03:47:23.014",
        "2021-12-08",
        "03:47:22.369",
        "-1",
        "2021-12-08T03:47:23Z",
        "2021-12-08 12:00:00",
    )


def test_texts_are_shared_written_in_place_or_the_result_of_a_formula() -> None:
    assert cells_of(
        '<c r="A1" t="s"><v>1</v></c><c r="C1" t="inlineStr"><is><t>in &amp; place</t></is></c>'
        '<c r="D1" t="str"><f>A1</f><v>=1+1</v></c><c t="b"><v>1</v></c>',
        texts="<si><t>zero</t></si><si><r><t>on</t></r><r><t>e</t></r><rPh><t>wan</t></rPh></si>",
    ) == ("one", "", "in & place", "=1+1", "TRUE")


def test_prefixed_names_and_rows_without_numbers_are_read() -> None:
    rows = "<row><c><v>1</v></c></row><row/><row><c/><c><v>2</v></c></row>"
    prefixed = sheet(rows).replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns", "xmlns:x")
    for page in (sheet(rows), prefixed):
        assert rows_of(packed(PARTS | {"xl/worksheets/sheet1.xml": page})) == [
            RawRow(1, ("1",)),
            RawRow(3, ("", "2")),
        ]


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1"><c r="A1" t="s"><v>7</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>-1</v></c></row>',
        '<row r="2"/><row r="1"/>',
        '<row r="many"/>',
        '<row r="1"><c r="!1"><v>1</v></c></row>',
        '<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>',
        "<row>",
        "<a>" * 100_000 + "</a>" * 100_000,
        "".join(f'<a{at} b{at}=""/>' for at in range(1_500)),
        f'<row name="{"x" * 2_000_000}"/>',
    ],
    ids=[
        *("no-such-text", "negative-text", "rows-back", "no-row", "no-column", "cells-back"),
        *("cut-off", "deep", "names", "endless-tag"),
    ],
)
def test_what_no_spreadsheet_writes_is_refused(rows: str) -> None:
    with pytest.raises(BrokenWorkbook):
        rows_of(workbook(rows))


def test_a_document_type_is_refused_before_anything_is_made_of_it() -> None:
    bomb = '<!DOCTYPE sst [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><sst>&b;</sst>'
    with pytest.raises(BrokenWorkbook):
        open_workbook(packed(PARTS | {"xl/sharedStrings.xml": bomb}))


def test_a_row_is_no_wider_and_no_longer_than_a_line_of_text() -> None:
    with pytest.raises(WideSheet):
        rows_of(workbook('<row r="3"><c r="XFD3"><v>1</v></c></row>'))
    assert rows_of(workbook('<row r="3"><c r="XFD3"/></row>')) == []
    long = f'<c t="inlineStr"><is><t>{"x" * 40_000}</t></is></c>'
    assert rows_of(workbook(f"<row>{long}</row>"))
    with pytest.raises(LineTooLong) as caught:
        rows_of(workbook(f"<row>{long}{long}</row>"))
    assert caught.value.facts["line"] == 1


def test_columns_count_in_letters() -> None:
    assert [column_of(each) for each in ("A", "Z", "AA", "XFD")] == [0, 25, 26, 16_383]


def written(table: Sequence[Sequence[object]]) -> io.BytesIO:
    """A workbook as a library of others writes it."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        page = book.add_worksheet("All")
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for line, row in enumerate(table):
            for column, cell in enumerate(row):
                style = moment if isinstance(cell, date | time) else None
                page.write(line, column, cell, style)
    return file


def test_another_reader_sees_the_same_cells() -> None:
    table: list[list[object]] = [
        ["name", "quantity", "at"],
        ["BTC", 0.1, datetime(2021, 12, 8, 3, 47, 23)],  # noqa: DTZ001 - as sheets have them
        ["ETH", 1234567.25, datetime(2024, 2, 29, 23, 59, 59)],  # noqa: DTZ001
        ["=1+1", 1e-8, datetime(2009, 1, 3, 18, 15, 5)],  # noqa: DTZ001
    ]
    file = written(table)
    file.seek(0)
    theirs = python_calamine.CalamineWorkbook.from_filelike(file).get_sheet_by_name("All")
    ours = rows_of(file)
    assert len(ours) == len(table)
    for line, (row, cells) in enumerate(zip(ours, theirs.iter_rows(), strict=True)):
        for cell, text in zip(cells, row.cells, strict=True):
            same = f"{cell:.8f}".rstrip("0").rstrip(".") if isinstance(cell, float) else str(cell)
            assert text == same, line
