import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.ledger.importers.cells import escape_cell, unescape_cell


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''+1"])
def test_no_spreadsheet_runs_what_leaves(text: str) -> None:
    assert escape_cell(text).startswith("'")
    assert unescape_cell(escape_cell(text)) == text


@pytest.mark.parametrize("text", ["", "bought", "it's", "'quoted'", "1-1"])
def test_what_is_no_formula_leaves_as_it_is(text: str) -> None:
    assert escape_cell(text) == text == unescape_cell(text)


@given(st.text(alphabet="'=+-@\t\rab1"))
def test_whatever_leaves_comes_back(text: str) -> None:
    assert unescape_cell(escape_cell(text)) == text
    assert not escape_cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))
