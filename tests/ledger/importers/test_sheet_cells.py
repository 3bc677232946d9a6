"""Numbers as they were saved, and what is a date."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.ledger.importers.sheet_cells import Shown, number_text, shown_by


@pytest.mark.parametrize(
    ("saved", "written"),
    [
        ("0.1", "0.1"),
        ("0.10000000000000001", "0.1"),
        ("57.734800000000003", "57.7348"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("0.123456789012345678", "0.123456789012345678"),
        ("1E-08", "0.00000001"),
        ("1.5E+3", "1500.0"),
        ("-12", "-12"),
        ("1.234", "1.2340"),
        ("12345.678", "12345.678"),
        ("1E+999999999", "1E+999999999"),
        ("#N/A", "#N/A"),
        ("", ""),
    ],
)
def test_a_number_is_written_as_it_was_saved(saved: str, written: str) -> None:
    assert number_text(saved) == written


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6))
def test_what_a_spreadsheet_saves_of_a_number_is_that_number(number: object) -> None:
    saved = f"{float(str(number)):.17g}"
    assert float(number_text(saved)) == float(str(number))


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("General", Shown.NUMBER),
        ("0.00", Shown.NUMBER),
        ('#,##0.00 "days"', Shown.NUMBER),
        ("[$USD] #,##0.00", Shown.NUMBER),
        ("[Red]0.00", Shown.NUMBER),
        ("[h]:mm:ss", Shown.NUMBER),
        ("yyyy-mm-dd", Shown.DAY),
        ("[$-409]d/m/yyyy;@", Shown.DAY),
        ("yyyy-mm-dd hh:mm:ss", Shown.MOMENT),
        ("mm:ss.0", Shown.MOMENT),
    ],
)
def test_the_code_of_a_style_tells_whether_a_number_is_a_date(code: str, shown: Shown) -> None:
    assert shown_by(code) is shown
