"""What minutes of processes come to: the same in every grouping, and what KPIs say of it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.operations.domain.kpis import (
    Count,
    Facts,
    Gauge,
    Minute,
    Period,
    Stretch,
    band_of,
    join,
    security_report,
    sum_minutes,
    trading_report,
    windows,
)
from plimsoll.operations.domain.uptime import ALL_SLOTS, Histogram, Rollup, Trend, Window

COUNTS = st.dictionaries(st.sampled_from([each.value for each in Count]), st.integers(0, 9))
FACTS = st.builds(Facts, counts=COUNTS, lag=st.just(Histogram.of([3.0, 5.0])))
ROLLUPS = st.builds(
    Rollup,
    minute=st.integers(0, 9),
    latency=st.builds(Histogram.of, st.lists(st.floats(0.01, 1000), max_size=4)),
    requests=st.integers(0, 5),
    errors=st.integers(0, 2),
    ready=st.integers(0, ALL_SLOTS),
)
MINUTES = st.lists(st.builds(Minute, ROLLUPS, FACTS), max_size=12)


def stretch(*, known: int = 1, gauges: dict[str, int] | None = None, **counts: int) -> Stretch:
    named = {name.replace("_", "-"): count for name, count in counts.items()}
    return Stretch(known=known, facts=Facts(named, gauges or {}))


@given(MINUTES, st.integers(0, 10))
def test_minutes_of_two_stretches_are_the_minutes_of_both(minutes: list[Minute], cut: int) -> None:
    early = [each for each in minutes if each.rollup.minute < cut]
    late = [each for each in minutes if each.rollup.minute >= cut]

    whole, joined = sum_minutes(minutes), join([sum_minutes(early), sum_minutes(late)])

    assert (joined.latency, joined.facts.lag) == (whole.latency, whole.facts.lag)
    assert (joined.requests, joined.errors) == (whole.requests, whole.errors)
    assert (joined.known, joined.held) == (whole.known, whole.held)
    assert dict(joined.facts.counts) == dict(whole.facts.counts)


def test_a_gauge_is_what_was_last_known() -> None:
    told = [
        Minute(Rollup(2), Facts(gauges={"exposure": 7})),
        Minute(Rollup(3)),
        Minute(Rollup(1), Facts(gauges={"exposure": 5, "active-keys": 1})),
    ]

    assert dict(sum_minutes(told).facts.gauges) == {"exposure": 7, "active-keys": 1}


def test_a_short_window_is_as_long_as_it_is_called() -> None:
    assert windows(Period.HOUR, until=1000) == (Window(940, 1000), Window(880, 940))


def test_from_a_day_on_both_windows_begin_with_a_whole_hour() -> None:
    now, before = windows(Period.DAY, until=100 * 60 + 17)

    assert (now.since, now.until) == (76 * 60, 100 * 60 + 17)
    assert (before.since, before.until) == (52 * 60, 76 * 60)


@pytest.mark.parametrize(
    ("ratio_ppm", "band"),
    [
        (0, Gauge.RATIO_BELOW_25),
        (249_999, Gauge.RATIO_BELOW_25),
        (250_000, Gauge.RATIO_BELOW_50),
        (999_999, Gauge.RATIO_BELOW_100),
        (1_000_000, Gauge.RATIO_DUE),
        (None, Gauge.RATIO_DUE),
    ],
)
def test_an_account_is_in_the_band_of_its_ratio(ratio_ppm: int | None, band: Gauge) -> None:
    assert band_of(ratio_ppm) is band


def test_trading_is_told_in_money_and_shares() -> None:
    now = stretch(orders=10, orders_ended=8, orders_ended_filled=6, volume=150_000_000_000)
    before = stretch(orders=5, volume=50_000_000_000)

    kpis = trading_report(Period.HOUR, Window(60, 120), now, before).kpis

    assert (kpis["fill_ratio"].value, kpis["fill_ratio"].before) == (0.75, None)
    assert (kpis["volume"].value, kpis["volume"].before) == (Decimal(1500), Decimal(500))
    assert (kpis["orders"].value, kpis["orders"].trend) == (10, Trend.ROSE)
    assert kpis["open_exposure"].value is None
    assert kpis["accounts_near_liquidation"].value is None


def test_accounts_are_near_liquidation_from_eight_tenths_on() -> None:
    gauges = {"ratio-below-25": 9, "ratio-below-80": 4, "ratio-below-100": 2, "ratio-due": 1}

    report = trading_report(Period.HOUR, Window(0, 60), stretch(gauges=gauges), Stretch())

    assert report.kpis["accounts_near_liquidation"].value == 3
    assert report.ratios == (9, 0, 4, 2, 1)


def test_where_nothing_was_recorded_before_there_is_no_trend() -> None:
    report = security_report(Period.HOUR, Window(0, 60), stretch(auth_failures=3), Stretch())

    kpi = report.kpis["auth_failures"]
    assert (kpi.value, kpi.before, kpi.trend) == (3, None, Trend.UNKNOWN)


def test_more_refused_credentials_are_worse() -> None:
    report = security_report(
        Period.HOUR, Window(60, 120), stretch(auth_failures=30), stretch(auth_failures=3)
    )

    assert report.kpis["auth_failures"].trend is Trend.WORSE
