"""A figure carries what it was made of."""

from decimal import Decimal

from plimsoll.portfolio.domain.explained import amount, missing, ratio


def test_a_ratio_is_told_in_twelve_places_and_an_amount_as_it_is() -> None:
    third = Decimal(1) / Decimal(3)
    assert ratio(third, "a / b", {"a": 1, "b": 3}).value == Decimal("0.333333333333")
    assert amount(third, "a / b", {"a": 1, "b": 3}).value == third


def test_a_figure_that_does_not_exist_says_why_and_is_not_zero() -> None:
    figure = missing("nothing was put in", "profit / capital", {"capital": 0})
    assert (figure.value, figure.why_not) == (None, "nothing was put in")
    assert figure.inputs == {"capital": 0}
