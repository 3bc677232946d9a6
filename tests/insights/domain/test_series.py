import numpy as np
import pytest

from plimsoll.insights.domain.bars import Bars
from plimsoll.insights.domain.catalogue import CATALOGUE, ask
from plimsoll.insights.domain.series import compute
from tests.insights.walks import Shape, walk


@pytest.mark.parametrize("price", [1.0, 1e-4, 1e-8])
def test_bollinger_bands_are_as_wide_as_the_prices_swing(price: float) -> None:
    bars = walk(Shape(seed=11, length=1_500, price=price))
    columns = compute(ask("bollinger", 20, 2), bars).columns

    windows = np.lib.stride_tricks.sliding_window_view(bars.close / price, 20)
    width = (columns["upper"] - columns["lower"])[19:] / price

    np.testing.assert_allclose(width, 4 * windows.std(axis=1, ddof=0), rtol=1e-9)


def test_outside_undefined_is_null() -> None:
    bars = walk(Shape(seed=1, length=3))
    published = compute(ask("sma", 3), bars).published()
    assert published["sma"][:2] == [None, None]
    assert published["sma"][2] == pytest.approx(float(bars.close.mean()))


def test_a_market_that_never_moves_is_neutral() -> None:
    bars = walk(Shape(seed=1, length=100, flat=(0, 100)))
    middles = {"rsi": 50, "stochastic": 50, "stochrsi": 50, "williams": -50, "ultimate": 50}
    for name, middle in (middles | {"cci": 0, "adx": 0}).items():
        for column in compute(ask(name), bars).columns.values():
            assert column[-1] == pytest.approx(middle, abs=1e-9), name


def test_a_window_without_trades_has_no_volume_weighted_price() -> None:
    bars = walk(Shape(seed=1, length=100, idle=(40, 100)))
    average = compute(ask("vwma", 20), bars).columns["vwma"]
    assert np.flatnonzero(np.isnan(average[19:]))[0] + 19 == 59


def test_an_average_does_not_reach_over_a_hole() -> None:
    bars = walk(Shape(seed=1, length=40, holes=(25,)))
    average = compute(ask("sma", 10), bars).columns["sma"]
    assert np.flatnonzero(np.isnan(average)).tolist() == [*range(9), *range(25, 34)]


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_no_bars_have_no_values(name: str) -> None:
    series = compute(ask(name), Bars.none(60_000))
    assert [len(column) for column in series.columns.values()] == [0] * len(series.columns)


def test_a_long_run_of_macd_equals_a_short_one() -> None:
    bars = walk(Shape(seed=9, length=9_000))
    long, short = (compute(ask("macd"), each).columns for each in (bars, bars.first(1_500)))
    for name, values in short.items():
        np.testing.assert_array_equal(long[name][:1_500], values)
