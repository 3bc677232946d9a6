"""Volatility, drawdown, Sharpe ratio and the benchmark."""

import json
import math
import statistics
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.portfolio.domain.returns import Timing, daily_returns, time_weighted
from plimsoll.portfolio.domain.risk import (
    Unit,
    downside,
    drawdown,
    known,
    same_flows,
    sharpe,
    units_of,
    volatility,
)
from tests.ledger.entries import BTC
from tests.portfolio.domain.courses import course, on, prices

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "performance.json").read_text("utf-8")
)

ratios = st.lists(st.decimals("-0.5", 1, places=4), min_size=2, max_size=40)


def units(*worths: str | Decimal) -> list[Unit]:
    return [Unit(on(number), Decimal(each)) for number, each in enumerate(worths)]


@pytest.mark.parametrize("case", VECTORS["volatility"], ids=lambda case: case["id"])
def test_published_deviations(case: dict[str, Any]) -> None:
    returns = [Decimal(part) / Decimal(whole) for part, whole in case["returns"]]
    whole, below = volatility(returns).value, downside(returns).value
    assert whole is not None
    assert below is not None
    assert round(whole, 12) == Decimal(case["deviation"])
    assert round(below, 12) == Decimal(case["semi_deviation"])


@pytest.mark.parametrize("case", VECTORS["drawdown"], ids=lambda case: case["id"])
def test_published_drawdowns(case: dict[str, Any]) -> None:
    found = drawdown(units(*(1 + Decimal(each) for each in case["cumulative"])))
    part, whole = case["depth"]
    assert found.depth.value == round(Decimal(part) / Decimal(whole), 12)
    if "longest_days" in case:
        assert found.longest_days.value == case["longest_days"]


@given(ratios)
def test_volatility_is_the_sample_deviation_of_log_returns(returns: list[Decimal]) -> None:
    found = volatility(returns, 365).value
    logs = [math.log1p(each) for each in returns]
    assert found is not None
    assert float(found) == pytest.approx(statistics.stdev(logs) * math.sqrt(365), abs=1e-9)


@given(ratios)
def test_what_is_below_and_what_is_above_the_mean_make_the_whole(returns: list[Decimal]) -> None:
    whole, below = volatility(returns, 1).value, downside(returns, 1).value
    mirrored = [1 / (1 + each) - 1 for each in returns]
    above = downside(mirrored, 1).value
    assert whole is not None
    assert below is not None
    assert above is not None
    assert abs(whole**2 - below**2 - above**2) < Decimal("1e-10")


@pytest.mark.parametrize("returns", [[], [Decimal("0.1")], [Decimal(-1), Decimal("0.1")]])
def test_there_is_no_deviation_of_too_few_or_of_a_total_loss(returns: list[Decimal]) -> None:
    for figure in (volatility(returns), downside(returns)):
        assert figure.value is None
        assert figure.why_not


@given(ratios, st.decimals(0, "0.2", places=3))
def test_the_sharpe_ratio(returns: list[Decimal], risk_free: Decimal) -> None:
    figure = sharpe(returns, risk_free)
    if len(set(returns)) == 1:
        assert figure.value is None
        return
    spread = statistics.stdev(returns)
    expected = (statistics.mean(returns) - risk_free / 365) / spread * Decimal(365).sqrt()
    assert figure.value is not None
    assert abs(figure.value - expected) < Decimal("1e-11")


def test_a_drawdown_names_its_peak_its_trough_and_its_recovery() -> None:
    found = drawdown(units("1", "1.5", "1.2", "0.9", "1.5", "1.6", "1.4"))
    assert found.depth.value == Decimal("0.4")
    assert (found.peak, found.trough, found.recovered) == (on(1), on(3), on(5))
    assert found.longest_days.value == 4
    assert found.longest_days.inputs == {"from": on(1), "to": on(5)}


def test_a_drawdown_may_go_on_and_be_the_longest() -> None:
    found = drawdown(units("1", "2", "3", "2.5", "1.5", "2.9"))
    assert (found.peak, found.trough, found.recovered) == (on(2), on(4), None)
    assert found.longest_days.value == 3


def test_a_later_and_smaller_fall_leaves_the_deepest_recovered() -> None:
    found = drawdown(units("2", "1", "3", "2.5"))
    assert (found.depth.value, found.recovered) == (Decimal("0.5"), on(2))


def test_without_a_fall_the_depth_is_zero() -> None:
    assert drawdown(units("1", "1.1")).depth.value == 0


@given(st.lists(st.decimals("0.01", 100, places=2), min_size=1, max_size=30))
def test_the_depth_is_the_largest_fall_of_any_two_moments(worths: list[Decimal]) -> None:
    found = drawdown(units(*worths))
    falls = [
        1 - later / earlier for index, earlier in enumerate(worths) for later in worths[index:]
    ]
    assert found.depth.value == round(max(falls), 12)


def test_units_begin_with_one_and_stand_still_without_capital() -> None:
    returns = daily_returns(course(("0", "0"), ("110", "100"), ("0", "-121"), ("0", "0")))
    assert units_of(returns) == (
        (on(-1), 1),
        (on(0), 1),
        (on(1), Decimal("1.1")),
        (on(2), Decimal("1.21")),
        (on(3), Decimal("1.21")),
    )
    assert known(returns) == (Decimal("0.1"), Decimal("0.1"))


def test_the_benchmark_takes_the_same_money_on_the_same_days() -> None:
    moved = course(("400", "0"), ("500", "100"), ("480", "-50"), before="300")
    found = same_flows(moved, BTC, prices(bitcoin={-1: "10", 0: "20", 1: "25", 2: "50"}))
    assert found.course
    assert found.course.before == 300
    assert [(each.value, each.flow) for each in found.course.days] == [
        (600, 0),
        (850, 100),
        (1650, -50),
    ]
    assert time_weighted(found.course, Timing.END).value == 4


@given(st.lists(st.tuples(st.decimals(1, 99, places=1), st.decimals(0, 99, places=1)), min_size=2))
def test_the_benchmarks_return_is_that_of_its_price(days: list[tuple[Decimal, Decimal]]) -> None:
    observed = {number: str(price) for number, (price, _) in enumerate(days)}
    moved = course(*[("1", str(flow)) for _, flow in days[1:]], before="7")
    shifted = {number - 1: price for number, price in observed.items()}
    found = same_flows(moved, BTC, prices(bitcoin=shifted)).course
    assert found
    whole = time_weighted(found, Timing.END).value
    assert whole is not None
    assert abs(whole - (days[-1][0] / days[0][0] - 1)) < Decimal("1e-11")


def test_a_benchmark_that_would_have_run_out_or_has_no_price_does_not_exist() -> None:
    known_prices = prices(bitcoin={0: "10", 1: "5"})
    emptied = same_flows(course(("100", "100"), ("100", "-60")), BTC, known_prices)
    assert emptied.course is None
    assert str(on(1)) in emptied.why_not
    early = same_flows(course(("100", "0"), before="100"), BTC, known_prices)
    assert early.course is None
    assert str(date(2023, 12, 31)) in early.why_not
    late = same_flows(course(("0", "0"), ("9", "9")), BTC, prices(bitcoin={1: "5"}))
    assert late.course
    assert [each.value for each in late.course.days] == [0, 9]
