from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.ledger.importers.numbers import (
    NotANumber,
    NumberEvidence,
    NumberStyle,
    read_number,
)

POINT, COMMA = NumberStyle.POINT, NumberStyle.COMMA


@pytest.mark.parametrize(
    ("text", "style", "number", "code"),
    [
        ("1,234.56", POINT, "1234.56", ""),
        ("1.234,56", COMMA, "1234.56", ""),
        ("1'234.56", POINT, "1234.56", ""),
        ("1 234,56", COMMA, "1234.56", ""),
        ("1\u202f234,56", COMMA, "1234.56", ""),
        ("1e-8", POINT, "0.00000001", ""),
        ("1,5E+2", COMMA, "150", ""),
        ("+0.5", POINT, "0.5", ""),
        ("−0.5", POINT, "-0.5", ""),
        ("-$1,000", POINT, "-1000", ""),
        ("$-5.00", POINT, "-5", ""),
        ("€0.20", POINT, "0.2", ""),
        ("0.5 BTC", POINT, "0.5", "BTC"),
        ("0.5BTC", POINT, "0.5", "BTC"),
        ("EUR 12,50", COMMA, "12.5", "EUR"),
        (".5", POINT, "0.5", ""),
        ("1.234", COMMA, "1234", ""),
        ("1.234", POINT, "1.234", ""),
    ],
)
def test_a_number_is_read_in_the_style_of_its_file(
    text: str, style: NumberStyle, number: str, code: str
) -> None:
    assert read_number(text, style) == (Decimal(number), code)


@pytest.mark.parametrize(
    ("text", "style", "code"),
    [
        ("1,5", POINT, "number-style"),
        ("1.5", COMMA, "number-style"),
        ("1,23,456.0", POINT, "number-style"),
        ("0,123", POINT, "number-style"),
        ("1..5", POINT, "number-style"),
        ("abc", POINT, "not-a-number"),
        ("--1", POINT, "not-a-number"),
        ("-$-1", POINT, "not-a-number"),
        ("=1+1", POINT, "not-a-number"),
        ("1e999999999", POINT, "not-a-number"),
        ("NaN", POINT, "not-a-number"),
        ("Infinity", POINT, "not-a-number"),
        ("١", POINT, "not-a-number"),
        ("9" * 5_000, POINT, "not-a-number"),
        ("1e20", POINT, "number-too-large"),
        ("1e-19", POINT, "number-too-fine"),
    ],
)
def test_what_is_no_number_of_the_style_is_named(text: str, style: NumberStyle, code: str) -> None:
    with pytest.raises(NotANumber) as caught:
        read_number(text, style)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("cells", "by_machine", "by_person"),
    [
        ((), POINT, POINT),
        (("1", "20"), POINT, POINT),
        (("1.5",), POINT, POINT),
        (("0.123",), POINT, POINT),
        (("1,5", "1.234"), COMMA, COMMA),
        (("1.234.567",), COMMA, COMMA),
        (("1,234", "1.5"), POINT, POINT),
        (("1.234",), POINT, None),
        (("1,234",), None, None),
        (("1.5", "1,5"), None, None),
        (("0.5", "1.234.567"), None, None),
        (("words, and 1.5.2024",), POINT, POINT),
    ],
)
def test_the_style_is_what_all_cells_prove(
    cells: tuple[str, ...], by_machine: NumberStyle | None, by_person: NumberStyle | None
) -> None:
    evidence = NumberEvidence()
    for line, cell in enumerate(cells, start=2):
        evidence.look(cell, line)
    assert evidence.decide(machine_written=True) is by_machine
    assert evidence.decide(machine_written=False) is by_person


@given(
    st.decimals(-(10**19), 10**19, places=18),
    st.sampled_from(NumberStyle),
    st.sampled_from(["{}", " {} ", "{} BTC", "$ {}"]),
)
def test_any_amount_comes_back_however_it_is_dressed(
    number: Decimal, style: NumberStyle, dress: str
) -> None:
    text = f"{number:,f}"
    if style is COMMA:
        text = text.translate(str.maketrans(",.", ".,"))
    assert read_number(dress.format(text), style)[0] == number
