"""Every indicator equals its written definition, in bulk and bar by bar, and tells no future."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.insights.domain.bars import Bars
from plimsoll.insights.domain.catalogue import CATALOGUE, ask
from plimsoll.insights.domain.definitions import Request
from plimsoll.insights.domain.series import compute
from plimsoll.insights.domain.streaming import StreamSet
from tests.insights.equality import agrees, scale_of, written
from tests.insights.walks import Shape, shapes, walk

NAMES = sorted(CATALOGUE)
SHORT = {
    "sma": (5,),
    "hma": (16,),
    "rsi": (2,),
    "macd": (3, 7, 4),
    "cross": (3, 11),
    "stochastic": (5, 3, 2),
    "stochrsi": (4, 5, 3, 2),
    "adx": (3,),
    "ichimoku": (2, 5, 9),
    "bollinger": (6, 2.5),
    "fibonacci": (2,),
    "ultimate": (2, 4, 9),
    "ao": (2, 6),
}
"""Arguments beside the defaults, so that short runs have values too."""


def requests(name: str) -> list[Request]:
    return [ask(name), *([ask(name, *SHORT[name])] if name in SHORT else [])]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(shape=shapes())
def test_in_bulk_it_equals_the_written_definition(name: str, shape: Shape) -> None:
    bars = walk(shape)
    for request in requests(name):
        series = compute(request, bars)
        scale = scale_of(request, price=shape.price)
        for found, wanted in zip(series.columns.values(), written(request, bars), strict=True):
            agrees(found, wanted, scale=scale)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(shape=shapes(), data=st.data())
def test_bar_by_bar_it_equals_the_bulk(name: str, shape: Shape, data: st.DataObject) -> None:
    bars = walk(shape)
    known = data.draw(st.integers(0, len(bars)), label="bars before the stream is opened")
    asked = requests(name)
    bulk = [list(compute(request, bars).columns.values()) for request in asked]
    streams = StreamSet(asked, bars.first(known))
    seen = [streams.values] if known else []
    for t in range(known, len(bars)):
        forming = bars.bar(t)
        glance = streams.peek(forming)
        streams.peek(forming._replace(close=forming.low))
        seen.append(streams.update(forming))
        assert repr(glance) == repr(seen[-1])
    for t, values in zip(range(max(known - 1, 0), len(bars)), seen, strict=True):
        assert values is not None
        for columns, value in zip(bulk, values, strict=True):
            row = value if isinstance(value, tuple) else (value,)
            wanted = [float(column[t]) for column in columns]
            np.testing.assert_allclose(row, wanted, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(shape=shapes(), data=st.data())
def test_a_value_does_not_know_what_came_after(
    name: str, shape: Shape, data: st.DataObject
) -> None:
    bars = walk(shape)
    past = bars.first(data.draw(st.integers(1, len(bars)), label="bars until now"))
    for request in requests(name):
        whole, then = compute(request, bars), compute(request, past)
        for column, values in whole.columns.items():
            np.testing.assert_array_equal(values[: len(past)], then.columns[column])


@pytest.mark.parametrize("name", NAMES)
def test_the_first_defined_bar_is_the_promised_one(name: str) -> None:
    bars = walk(Shape(seed=1, length=400))
    for request in requests(name):
        series = compute(request, bars)
        for column, first in zip(series.columns.values(), request.first, strict=True):
            if first is not None:
                assert np.flatnonzero(~np.isnan(column))[0] == first


@pytest.mark.parametrize("name", NAMES)
def test_after_the_warm_up_the_beginning_does_not_show(name: str) -> None:
    bars = walk(Shape(seed=2, length=6_000))
    request = ask(name)
    if request.warm_up is None:
        return
    late = Bars.of(
        step_ms=bars.step_ms,
        time_ms=bars.time_ms[700:],
        open=bars.open[700:],
        high=bars.high[700:],
        low=bars.low[700:],
        close=bars.close[700:],
        volume=bars.volume[700:],
    )
    early, later = compute(request, bars), compute(request, late)
    scale = scale_of(request, price=100.0)
    for column, values in later.columns.items():
        np.testing.assert_allclose(
            values[request.warm_up :],
            early.columns[column][700 + request.warm_up :],
            rtol=0,
            atol=1e-8 * scale,
        )
