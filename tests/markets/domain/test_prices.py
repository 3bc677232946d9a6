from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.markets.domain.prices import HIGHEST, LOWEST, to_change, to_price


@pytest.mark.parametrize(
    "text",
    ["0", "-1", "NaN", "sNaN", "Infinity", "1e1000000", "1e-1000000", "1.1e15", "9e-16", "-0"],
)
def test_what_cannot_be_a_price_is_none(text: str) -> None:
    assert to_price(Decimal(text)) is None


def test_a_price_keeps_18_places_rounded_half_even() -> None:
    assert to_price(Decimal("1.0000000000000000005")) == Decimal(1)
    assert to_price(Decimal("1.0000000000000000015")) == Decimal("1.000000000000000002")
    assert to_price(Decimal("64250.12")) == Decimal("64250.12")


@given(st.decimals(min_value=LOWEST, max_value=HIGHEST))
def test_every_price_within_the_bounds_is_kept_and_is_never_0(value: Decimal) -> None:
    price = to_price(value)
    assert price is not None
    assert price > 0
    assert abs(price - value) <= Decimal("5e-19")


@pytest.mark.parametrize("text", ["-1", "-1.5", "NaN", "-Infinity", "1e30"])
def test_what_cannot_be_a_change_is_none(text: str) -> None:
    assert to_change(Decimal(text)) is None


def test_a_change_is_a_ratio_of_8_places() -> None:
    assert to_change(Decimal("-0.014092345678")) == Decimal("-0.01409235")
