import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.operations.domain.uptime import (
    ALL_SLOTS,
    HIGHEST_MS,
    LATENCIES,
    LOWEST_MS,
    RELATIVE_ERROR,
    UPTIME,
    Better,
    Definition,
    Histogram,
    Rollup,
    Trend,
    Window,
    judge,
    measure,
    merge,
    merge_histograms,
    system_kpis,
)

LATENCY = st.floats(min_value=LOWEST_MS, max_value=HIGHEST_MS)
HISTOGRAMS = st.lists(LATENCY, max_size=20).map(Histogram.of)
ROLLUPS = st.builds(
    Rollup,
    minute=st.integers(0, 4),
    latency=HISTOGRAMS,
    requests=st.integers(0, 1000),
    errors=st.integers(0, 10),
    ready=st.integers(0, ALL_SLOTS),
)


def minutes_that_held(since: int, until: int) -> list[Rollup]:
    return [Rollup(minute, ready=ALL_SLOTS) for minute in range(since, until)]


def nearest_rank(values: list[float], percent: int) -> float:
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


@given(st.lists(LATENCY, min_size=1, max_size=200), st.sampled_from([1, 50, 95, 99, 100]))
def test_a_percentile_is_within_the_stated_error_of_the_exact_one(
    values: list[float], percent: int
) -> None:
    told = Histogram.of(values).percentile_ms(percent)

    assert told is not None
    assert told == pytest.approx(nearest_rank(values, percent), rel=RELATIVE_ERROR * (1 + 1e-9))
    assert RELATIVE_ERROR < 0.022


def test_a_percentile_by_hand() -> None:
    histogram = Histogram.of([1.0] * 94 + [10.0] * 5 + [1_000.0])

    told = [histogram.percentile_ms(percent) for percent in (50, 94, 95, 99, 100)]

    assert told == pytest.approx([1, 1, 10, 10, 1_000], rel=0.022)


def test_no_requests_have_no_percentile() -> None:
    assert Histogram().percentile_ms(50) is None


@pytest.mark.parametrize(
    ("latency_ms", "told"),
    [(0.0, LOWEST_MS), (0.001, LOWEST_MS), (HIGHEST_MS, HIGHEST_MS), (1e12, HIGHEST_MS)],
)
def test_what_is_beyond_the_edges_is_told_as_the_edge(latency_ms: float, told: float) -> None:
    assert Histogram.of([latency_ms]).percentile_ms(100) == told


@given(LATENCY, LATENCY)
def test_a_slower_request_is_never_told_as_faster(one: float, other: float) -> None:
    fast = Histogram.of([min(one, other)]).percentile_ms(100)
    slow = Histogram.of([max(one, other)]).percentile_ms(100)

    assert fast is not None
    assert slow is not None
    assert fast <= slow


@given(st.lists(LATENCY), st.lists(LATENCY))
def test_merging_counts_is_counting_all(one: list[float], other: list[float]) -> None:
    together = merge_histograms([Histogram.of(one), Histogram.of(other)])

    assert together == Histogram.of(one + other)
    assert together.total == len(one) + len(other)


@given(st.lists(ROLLUPS, max_size=8), st.randoms(use_true_random=False), st.integers(0, 8))
def test_rollups_merge_alike_in_every_order_and_grouping(
    rollups: list[Rollup], random: Random, cut: int
) -> None:
    shuffled = random.sample(rollups, len(rollups))

    whole = merge(rollups)

    assert merge(shuffled) == whole
    assert merge([*merge(shuffled[:cut]), *merge(shuffled[cut:])]) == whole
    assert merge([*shuffled[:cut], *merge(shuffled[cut:])]) == whole
    assert sum(one.requests for one in whole) == sum(one.requests for one in rollups)


def test_a_minute_in_which_no_process_ran_was_not_up() -> None:
    rollups = minutes_that_held(100, 150) + minutes_that_held(160, 200)

    assert measure(rollups, Window(100, 200)).uptime == 0.9


def test_a_minute_that_held_but_for_one_slot_did_not_hold() -> None:
    assert measure([Rollup(7, ready=ALL_SLOTS & ~0b1000)], Window(7, 8)).uptime == 0


def test_processes_cover_for_each_other_within_a_minute() -> None:
    stopped, started = Rollup(7, ready=0b000111), Rollup(7, ready=0b111000)

    assert measure([stopped, started], Window(7, 8)).uptime == 1


def test_what_is_outside_of_the_window_counts_for_nothing() -> None:
    rollups = [Rollup(9, requests=1, errors=1), Rollup(10, requests=8), Rollup(12, requests=1)]

    figures = measure(rollups, Window(10, 12))

    assert (figures.requests, figures.errors, figures.error_rate) == (8, 0, 0)


def test_an_empty_window_has_no_figures() -> None:
    figures = measure([], Window(10, 10))

    assert (figures.uptime, figures.error_rate) == (None, None)


@given(st.lists(ROLLUPS, max_size=8), st.integers(0, 4), st.integers(0, 4))
def test_shares_are_shares(rollups: list[Rollup], since: int, length: int) -> None:
    figures = measure(rollups, Window(since, since + length))

    assert figures.held_minutes <= length
    assert figures.uptime is None or 0 <= figures.uptime <= 1


@pytest.mark.parametrize(
    ("better", "value", "trend", "met"),
    [
        (Better.LOWER, 90.0, Trend.BETTER, True),
        (Better.LOWER, 100.0, Trend.STEADY, True),
        (Better.LOWER, 105.0, Trend.STEADY, False),
        (Better.LOWER, 106.0, Trend.WORSE, False),
        (Better.HIGHER, 106.0, Trend.BETTER, True),
        (Better.HIGHER, 94.0, Trend.WORSE, False),
    ],
)
def test_a_value_is_set_beside_its_target_and_the_one_before(
    better: Better, value: float, trend: Trend, *, met: bool
) -> None:
    definition = Definition("n", "ms", better, "", target=100.0, relative=0.05)

    kpi = judge(definition, Window(0, 1), value=value, before=100.0)

    assert (kpi.trend, kpi.met) == (trend, met)


def test_without_a_value_nothing_is_met_or_missed() -> None:
    kpi = judge(UPTIME, Window(0, 0), value=None, before=1.0)

    assert (kpi.trend, kpi.met) == (Trend.UNKNOWN, None)


def test_one_bucket_further_is_no_trend() -> None:
    _, definition = LATENCIES[0]
    before, value = 20.0, 20.0 * 2 ** (1 / 16)

    assert judge(definition, Window(0, 1), value=value, before=before).trend is Trend.STEADY


def test_the_kpis_of_the_system_stand_beside_the_window_before() -> None:
    slow = Rollup(5, Histogram.of([400.0] * 10), requests=1000, errors=10, ready=ALL_SLOTS)
    fast = Rollup(15, Histogram.of([20.0] * 10), requests=1000, errors=1, ready=ALL_SLOTS)
    rollups = [slow, fast, *minutes_that_held(10, 20)]

    now, before = measure(rollups, Window(10, 20)), measure(rollups, Window(0, 10))
    kpis = {kpi.definition.name: kpi for kpi in system_kpis(now, before)}

    assert kpis["latency_ms_p99"].value == pytest.approx(20, rel=0.022)
    assert (kpis["latency_ms_p99"].met, kpis["latency_ms_p99"].trend) == (True, Trend.BETTER)
    assert (kpis["error_rate"].value, kpis["error_rate"].before) == (0.001, 0.01)
    assert kpis["error_rate"].met is True
    assert (kpis["uptime"].value, kpis["uptime"].before) == (1, 0.1)
    assert kpis["latency_ms_p50"].met is None


def test_the_time_before_the_service_existed_is_no_downtime() -> None:
    window, rollups = Window(10, 20), minutes_that_held(15, 20)
    now = measure(rollups, window.not_before(15))
    before = measure(rollups, window.before().not_before(15))

    kpi = system_kpis(now, before)[-1]

    assert (kpi.value, kpi.window, kpi.trend) == (1, Window(15, 20), Trend.UNKNOWN)
