import io
import re
import zipfile
from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from plimsoll.tax.domain.report import Report
from plimsoll.tax.reports import workbook
from plimsoll.tax.reports.document import TooLongForWorkbook
from tests.tax.reports.samples import META, NAMES, american, british, german, line, long, report


def sheets_of(told: Report) -> dict[str, list[list[Any]]]:
    """As a viewer that computes nothing shows them."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(workbook.render(told, NAMES, META)))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def formulas_of(told: Report, sheet: int) -> list[tuple[str, str]]:
    """Formula and the value it carries, of each cell that has one."""
    with zipfile.ZipFile(io.BytesIO(workbook.render(told, NAMES, META))) as archive:
        text = archive.read(f"xl/worksheets/sheet{sheet}.xml").decode()
    return re.findall(r"<f>([^<]*)</f><v>([^<]*)</v>", text)


def test_there_is_a_sheet_for_each_thing_one_looks_for() -> None:
    assert list(sheets_of(german())) == ["Summary", "Disposals", "Incomes", "Lots", "Gaps"]


def test_a_gain_is_computed_in_its_row_and_carries_its_value() -> None:
    assert formulas_of(american(), 2)[0] == ("H2-J2", "6650.003")

    head, *rows = sheets_of(american())["Disposals"]
    gain, proceeds, cost = map(head.index, ("Gain", "Proceeds", "Cost"))
    for row, slice_ in zip(rows, american().lines, strict=True):
        assert row[gain] == pytest.approx(row[proceeds] - row[cost])
        assert Decimal(str(row[gain])) == slice_.gain


def test_the_summary_adds_up_the_rows() -> None:
    told = long(300)
    sheets = sheets_of(told)
    head, *rows = sheets["Disposals"]
    sums = defaultdict[str, float](float)
    for row in rows:
        sums[row[head.index("Box")]] += row[head.index("Gain")]

    start = [row[0] for row in sheets["Summary"]].index("Taxed disposals by box") + 2
    shown = {row[0]: row[4] for row in sheets["Summary"][start : start + 6]}

    assert shown == {box: pytest.approx(total) for box, total in sums.items()}
    formulas = [formula for formula, _ in formulas_of(told, 1)]
    at = start + 1
    assert (
        f"SUMIFS(Disposals!$H$2:$H$301,Disposals!$N$2:$N$301,$A{at},"
        f"Disposals!$O$2:$O$301,&quot;yes&quot;)"
    ) in [formula.replace('"', "&quot;") for formula in formulas]


def test_untaxed_lines_are_in_no_sum() -> None:
    summary = sheets_of(american())["Summary"]
    at = [row[0] for row in summary].index("Taxed disposals by term")

    assert summary[at + 2][:3] == ["long", 2, 10185.19]
    assert summary[at + 3][:3] == ["short", 2, 48650.129]


def test_text_is_never_a_formula() -> None:
    sheets = sheets_of(american())

    assert sheets["Disposals"][4][4] == "=1+1"
    assert sheets["Disposals"][4][6].startswith("=HYPERLINK")
    assert all(
        re.match(r"[HCED]\d|IF\(D|SUMIFS\(|COUNTIFS\(", formula)
        for sheet in range(1, 6)
        for formula, _ in formulas_of(american(), sheet)
    )


def test_what_a_cell_cannot_hold_stands_beside_as_text() -> None:
    _, first, second, *_ = sheets_of(american())["Disposals"]

    assert first[-1] == ""
    assert second[-1] == "quantity 0.123456789012345678"


def test_dates_are_dates_and_numbers_of_things_are_whole() -> None:
    assert sheets_of(american())["Disposals"][1][1:3] == [date(2025, 3, 14), date(2024, 11, 2)]
    summary = sheets_of(british())["Summary"]
    assert next(row[1] for row in summary if row[0] == "Number of disposals") == 2


def test_lots_pools_and_gaps_are_listed() -> None:
    assert [row[:5] for row in sheets_of(british())["Lots"][1:]] == [
        ["=1+1", "all wallets", "", 10500, 150000],
        ["BTC", "all wallets", "", 0.9, 22500],
    ]
    gaps = sheets_of(german())["Gaps"][1:]
    assert [(row[0], row[2], row[3], row[5]) for row in gaps] == [
        ("acquisition", "BTC", 0.25, "zero-basis"),
        ("value", "ETH", 0.02, "counted as 0"),
        ("warning", "", "", "1 disposal goes beyond the known units: its cost is taken as 0"),
    ]


def test_an_empty_year_and_one_without_figures_are_workbooks_too() -> None:
    nothing = report("us", "usd", first=date(2025, 1, 1), last=date(2025, 12, 31), lines=[])

    assert len(sheets_of(nothing)["Disposals"]) == 1
    figures = [row[0] for row in sheets_of(replace(german(), blocked=True))["Summary"]]
    assert "Figures" not in figures


def test_more_lines_than_a_sheet_has_are_refused_and_not_lost() -> None:
    one = line(1, sold=date(2025, 1, 1), quantity="1", proceeds="1", cost="1")
    told = replace(american(), lines=(one,) * (workbook.MOST_ROWS + 1))

    with pytest.raises(TooLongForWorkbook):
        workbook.render(told, NAMES, META)
