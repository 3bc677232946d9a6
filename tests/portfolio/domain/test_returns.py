"""Time-weighted, money-weighted and simple returns."""

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyxirr import xirr as pyxirr_xirr

from plimsoll.kernel.money import ZERO
from plimsoll.portfolio.domain.returns import (
    NoRate,
    Timing,
    annualised,
    course_of,
    daily_returns,
    money_weighted,
    on_average_investment,
    profit,
    simple,
    time_weighted,
    xirr,
)
from plimsoll.portfolio.domain.series import Day
from tests.portfolio.domain.courses import course, on

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "performance.json").read_text("utf-8")
)
NEARLY = Decimal("1e-6")
ROUNDING = Decimal("5e-13")
"""A rate is told with twelve places."""
ALL_TIMINGS = pytest.mark.parametrize("timing", Timing)


def rates(*values: tuple[int, str]) -> list[tuple[date, Decimal]]:
    return [(on(number), Decimal(value)) for number, value in values]


@ALL_TIMINGS
def test_without_flows_the_whole_is_the_end_over_the_beginning(timing: Timing) -> None:
    figure = time_weighted(course(("110", "0"), ("99", "0"), ("120", "0"), before="100"), timing)
    assert figure.value == Decimal("0.2")
    assert figure.inputs["timing"] == timing


@ALL_TIMINGS
def test_a_deposit_on_a_day_without_movement_is_no_return(timing: Timing) -> None:
    moved = course(("110", "0"), ("1110", "1000"), ("1221", "0"), ("221", "-1000"), before="100")
    assert time_weighted(moved, timing).value == Decimal("0.21")


@pytest.mark.parametrize(
    ("timing", "expected"),
    [(Timing.START, "0.1"), (Timing.END, "0.2"), (Timing.BOTH_ENDS, "0.1")],
)
def test_the_convention_decides_whether_the_days_deposit_was_at_work(
    timing: Timing, expected: str
) -> None:
    """100 and a deposit of 100; 220 in the evening."""
    assert time_weighted(course(("220", "100"), before="100"), timing).value == Decimal(expected)


@pytest.mark.parametrize(
    ("timing", "expected"),
    [(Timing.START, "0.2"), (Timing.END, "0.1"), (Timing.BOTH_ENDS, "0.1")],
)
def test_and_whether_what_was_taken_out_was(timing: Timing, expected: str) -> None:
    """100, of which 50 are taken out; 60 are left in the evening."""
    assert time_weighted(course(("60", "-50"), before="100"), timing).value == Decimal(expected)


@ALL_TIMINGS
def test_a_first_purchase_and_a_full_sale_at_a_profit_have_a_return(timing: Timing) -> None:
    """Bought for 100 at 110 in the evening, all sold the day after for 121."""
    figure = time_weighted(course(("110", "100"), ("0", "-121")), timing)
    assert figure.value == Decimal("0.21")
    strained = {Timing.START: (on(1),), Timing.END: (on(0),), Timing.BOTH_ENDS: ()}
    assert figure.inputs["taken_with_both_ends"] == strained[timing]


def test_a_small_holding_that_grows_by_a_purchase_does_not_lose_more_than_all() -> None:
    (only,) = daily_returns(course(("90", "100"), before="1"), Timing.END)
    assert (only.timing, only.ratio) == (Timing.BOTH_ENDS, Decimal(90) / Decimal(101) - 1)


def test_days_with_nothing_at_work_have_no_return() -> None:
    idle = course(("0", "0"), ("5", "0"), ("10", "0"))
    figure = time_weighted(idle)
    assert figure.value == Decimal(1)
    assert figure.inputs["without_capital"] == (on(0), on(1))
    assert time_weighted(course(("0", "0"))).value is None


def test_a_year_is_annualised_and_less_than_one_is_not() -> None:
    whole = time_weighted(course(("121", "0"), before="100"))
    assert annualised(whole, 730).value == Decimal("0.1")
    assert annualised(whole, 365).value == whole.value
    assert annualised(whole, 364).value is None
    assert annualised(time_weighted(course(("0", "0"))), 730).value is None
    assert annualised(time_weighted(course(("0", "0"), before="1")), 730).value is None


def test_the_simple_return_is_profit_over_what_was_put_in() -> None:
    moved = course(("150", "50"), ("130", "-40"), before="100")
    assert profit(moved).value == 20
    figure = simple(moved)
    assert figure.value == Decimal("0.133333333333")
    assert figure.inputs == {
        "value_at_end": 130,
        "value_before_first_day": 100,
        "net_flow": 10,
        "inflow": 50,
    }
    assert simple(course(("5", "0"))).value is None


def test_a_course_has_every_day_of_the_period() -> None:
    series = [Day(on(number), (), Decimal(number)) for number in range(2, 9)]
    found = course_of(series, {on(3): Decimal(7)}, first=on(1), last=on(4))
    assert found.before == 0
    assert [(each.value, each.flow) for each in found.days] == [(0, 0), (2, 0), (3, 7), (4, 0)]
    assert course_of(series, {}, first=on(4), last=on(4)).before == 3


@pytest.mark.parametrize("case", VECTORS["xirr"], ids=lambda case: case["id"])
def test_published_rates(case: dict[str, Any]) -> None:
    paid = [(date.fromisoformat(day), Decimal(amount)) for day, amount in case["payments"]]
    found = xirr(paid).value
    assert found is not None
    assert round(found, 8) == Decimal(case["rate"])


def test_the_money_weighted_return_counts_the_money_by_its_days() -> None:
    """100 for a year at 10 %, and nothing else."""
    days = [("100", "0")] * 364 + [("110", "0")]
    figure = money_weighted(course(*days, before="100"))
    assert figure.value is not None
    assert round(figure.value, 9) == Decimal("0.1")
    assert figure.inputs["payments"] == ((on(-1), -100), (on(364), 110))


@pytest.mark.parametrize(
    ("payments", "why"),
    [
        ((), NoRate.ONE_SIGN),
        (((0, "-100"), (9, "-5")), NoRate.ONE_SIGN),
        (((0, "100"), (9, "5")), NoRate.ONE_SIGN),
        (((0, "-100"), (0, "150")), NoRate.NO_TIME),
        (((0, "-100"), (365, "230"), (730, "-133")), NoRate.NO_ROOT),
        (((0, "-100"), (365, "230"), (730, "-132")), NoRate.SEVERAL),
        (((0, "-100"), (1, "200")), NoRate.EXTREME),
        (((0, "-100"), (1, "1")), NoRate.EXTREME),
    ],
)
def test_flows_without_a_rate_say_why(payments: tuple[tuple[int, str], ...], why: NoRate) -> None:
    figure = xirr(rates(*payments))
    assert (figure.value, figure.why_not) == (None, why)


def test_several_rates_are_all_told() -> None:
    figure = xirr(rates((0, "-100"), (365, "230"), (730, "-132")))
    assert figure.inputs["rates"] == (Decimal("0.1"), Decimal("0.2"))


def test_a_heavy_loss_has_a_rate() -> None:
    """10,000 and a year later 100,000 more; six are left a year after that."""
    figure = xirr(rates((0, "-10000"), (365, "-100000"), (730, "6")))
    assert figure.value is not None
    assert round(figure.value, 8) == Decimal("-0.99994")


def test_a_loss_over_decades_overflows_nothing() -> None:
    figure = xirr(rates((0, "-100"), (365 * 40, "0.0001")))
    assert figure.value is not None
    assert round((1 + figure.value) ** 40, 8) == Decimal("0.000001")


def test_flows_that_turn_more_than_once_may_still_have_one_rate() -> None:
    figure = xirr(rates((0, "-100"), (100, "30"), (200, "-50"), (365, "140")))
    assert figure.value is not None
    assert 0 < figure.value < 1


def test_flows_of_one_day_are_one_payment() -> None:
    split = xirr(rates((0, "-60"), (0, "-40"), (365, "110")))
    assert split.value == xirr(rates((0, "-100"), (365, "110"))).value


amounts = st.decimals(1, 100_000, places=2)


@given(
    st.lists(st.tuples(st.integers(0, 3000), amounts), min_size=1, max_size=20),
    amounts,
    st.integers(1, 3000),
)
@example([(0, Decimal("5.85"))], Decimal("1.00"), 32)  # of 1 + rate four digits are told
def test_a_rate_makes_the_payments_worth_nothing(
    paid: list[tuple[int, Decimal]], out: Decimal, later: int
) -> None:
    payments = [(on(number), -value) for number, value in paid]
    payments.append((max(day for day, _ in payments) + timedelta(days=later), out))
    figure = xirr(payments)
    if figure.value is None:
        assert figure.why_not == NoRate.EXTREME
        return

    def worth_at(rate: Decimal) -> Decimal:
        years = [Decimal((payments[-1][0] - day).days) / 365 for day, _ in payments]
        parts = zip(payments, years, strict=True)
        return sum((paid * (1 + rate) ** length for (_, paid), length in parts), ZERO)

    # what is paid first grows with the rate, so the worth only falls: it is nearly nothing
    # somewhere within the rounding
    bound = NEARLY * sum(abs(paid) for _, paid in payments)
    assert worth_at(figure.value - ROUNDING) >= -bound
    assert worth_at(figure.value + ROUNDING) <= bound
    other = pyxirr_xirr(*zip(*payments, strict=True))
    # it finds no rate for some of the heaviest losses
    assert other is None or figure.value == pytest.approx(
        Decimal(str(other)), rel=NEARLY, abs=NEARLY
    )


@given(
    st.lists(
        st.tuples(st.decimals("0.5", 2, places=3), st.decimals(-50, 50, places=2)),
        min_size=1,
        max_size=30,
    )
)
def test_each_convention_recovers_the_movement_that_it_supposes(
    moves: list[tuple[Decimal, Decimal]],
) -> None:
    """A course grown by known factors, its flows put where the convention has them."""
    for timing in (Timing.START, Timing.END):
        value, product, days = Decimal(1000), Decimal(1), []
        for factor, flow in moves:
            paid = max(flow, -value / 4)
            value = (value + paid) * factor if timing is Timing.START else value * factor + paid
            product *= factor
            days.append((str(value), str(paid)))
        found = time_weighted(course(*days, before="1000"), timing).value
        assert found is not None
        assert abs(found - (product - 1)) <= Decimal("1e-11") * max(product, Decimal(1))


def test_profit_over_the_average_investment() -> None:
    figure = on_average_investment(
        Decimal(30), [(on(0), Decimal(100)), (on(10), Decimal(200))], on(20)
    )
    assert figure.value == Decimal("0.2")
    assert on_average_investment(ZERO, [(on(0), ZERO)], on(5)).value is None
