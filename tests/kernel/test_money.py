"""Amounts: what is read, how it is written, and where a fraction is lost."""

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plimsoll.kernel.money import (
    LIMIT,
    QUANTUM,
    AmountOutOfRange,
    NotAnAmount,
    divide,
    format_amount,
    multiply,
    parse_amount,
    rounded,
    share,
    to_stored,
)

LARGEST = LIMIT - QUANTUM
UNITS = 10**18
AMOUNTS = st.one_of(
    st.integers(0, 10**38 - 1),
    st.integers(0, 10**20),
    st.sampled_from([1, 3, 10**18, 10**18 // 3, 10**37, 10**38 - 1]),
).map(lambda units: Decimal(units).scaleb(-18))


def half_even(exact: Fraction) -> Decimal:
    """`exact` rounded to 18 places by integer arithmetic, which shares nothing with the code."""
    return Decimal(round(exact * UNITS)).scaleb(-18)


@pytest.mark.parametrize(
    "text",
    ["0", "-0", "0.5", "-12.25", "007", "99999999999999999999.999999999999999999", "1.10"],
)
def test_plain_decimals_are_read_exactly(text: str) -> None:
    assert parse_amount(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "1\n",
        "+1",
        "1.",
        ".5",
        "1e3",
        "1E-3",
        "NaN",
        "Infinity",
        "-Infinity",
        "1,000",
        "1_000",
        "0x10",
        "--1",
        "\u0661\u0662",  # digits, but not ASCII ones
        "\uff11",
        "1" * 21,
        "1000000000000000000000000000000",
        "0.1234567890123456789",
        "1e1000000",
        "9" * 100_000,
    ],
)
def test_anything_else_is_not_an_amount(text: str) -> None:
    with pytest.raises(NotAnAmount):
        parse_amount(text)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1.500", "1.5"),
        ("100", "100"),
        ("1E+3", "1000"),
        ("0E-18", "0"),
        ("-0", "0"),
        ("-0.000", "0"),
        ("1E-18", "0.000000000000000001"),
        ("-2.50", "-2.5"),
    ],
)
def test_amounts_are_written_short_and_without_an_exponent(amount: str, text: str) -> None:
    assert format_amount(Decimal(amount)) == text


@given(AMOUNTS, st.booleans())
def test_what_is_written_is_read_back_the_same(amount: Decimal, negative: bool) -> None:  # noqa: FBT001 - drawn
    amount = -amount if negative else amount
    assert parse_amount(format_amount(amount)) == amount


def test_a_half_goes_to_the_even_neighbour() -> None:
    assert to_stored(Decimal("0.0000000000000000005")) == 0
    assert to_stored(Decimal("0.0000000000000000015")) == Decimal("2e-18")


@pytest.mark.parametrize(
    "amount",
    [LIMIT, -LIMIT, Decimal("99999999999999999999.9999999999999999999"), Decimal("1e50")],
)
def test_what_does_not_fit_after_rounding_is_refused(amount: Decimal) -> None:
    with pytest.raises(AmountOutOfRange):
        to_stored(amount)


def test_a_product_that_rounds_up_to_the_limit_is_refused() -> None:
    with pytest.raises(AmountOutOfRange):
        multiply(Decimal("10000000000.00000000000001"), Decimal("9999999999.99999999999999"))


def test_the_largest_amount_fits() -> None:
    assert to_stored(LARGEST) == LARGEST
    assert to_stored(-LARGEST) == -LARGEST


def test_what_is_only_shown_has_no_limit() -> None:
    assert rounded(LIMIT * LIMIT) == LIMIT * LIMIT
    assert rounded(Decimal(1) / 3) == Decimal("0.333333333333333333")


@given(AMOUNTS, AMOUNTS)
def test_a_product_is_the_exact_product_rounded_once(left: Decimal, right: Decimal) -> None:
    exact = Fraction(left) * Fraction(right)
    assume(exact < 10**20 - 1)
    assert multiply(left, right) == half_even(exact)


def test_a_product_with_56_digits_is_not_rounded_twice() -> None:
    """Cut to fifty digits first it lies on a half, and would go down to the even neighbour."""
    product = multiply(Decimal("4000000000000000001.357142857142857143"), Decimal(3) + 7 * QUANTUM)
    assert product == Decimal("12000000000000000032.071428571428571439")


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_a_share_is_the_exact_share_rounded_once(whole: Decimal, a: Decimal, b: Decimal) -> None:
    part, total = sorted((a, b))
    assume(part < total)
    got = share(whole, part, total)
    assert got == half_even(Fraction(whole) * Fraction(part) / Fraction(total))
    assert 0 <= got <= whole


@given(AMOUNTS, AMOUNTS.filter(bool))
def test_the_last_share_is_exactly_what_is_left(whole: Decimal, total: Decimal) -> None:
    assert share(whole, total, total) == whole


def test_three_thirds_are_the_whole() -> None:
    whole = left = Decimal("0.1")
    parts = []
    for held in (3, 2, 1):
        parts.append(share(left, Decimal(1), Decimal(held)))
        left -= parts[-1]
    assert left == 0
    assert sum(parts) == whole


def test_a_quotient_has_fifty_digits() -> None:
    assert divide(Decimal(1), Decimal(3)) == Decimal("0." + "3" * 50)


def test_a_narrow_context_of_the_caller_changes_nothing() -> None:
    with localcontext() as narrow:
        narrow.prec = 6
        assert multiply(LARGEST, Decimal(1)) == LARGEST
        assert share(LARGEST, Decimal(1), Decimal(1)) == LARGEST
