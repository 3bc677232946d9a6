"""Figures of the recorded ETH/BTC market, 5,760 five-minute candles."""

from typing import Protocol

import numpy as np
import pytest

from plimsoll.insights.domain.bars import Bars
from plimsoll.insights.domain.catalogue import CATALOGUE, ask
from plimsoll.insights.domain.indicators.levels import retracement
from plimsoll.insights.domain.series import compute
from plimsoll.insights.domain.streaming import StreamSet
from tests.insights.equality import agrees, written


class Recordings(Protocol):
    def rows(self, name: str) -> list[dict[str, str]]: ...


@pytest.fixture(scope="module")
def market(recordings: Recordings) -> Bars:
    rows = recordings.rows("klines/ETHBTC-5m.csv")
    return Bars.of(
        step_ms=300_000,
        time_ms=[int(row["open_time"]) for row in rows],
        open=[float(row["open"]) for row in rows],
        high=[float(row["high"]) for row in rows],
        low=[float(row["low"]) for row in rows],
        close=[float(row["close"]) for row in rows],
        volume=[float(row["volume"]) for row in rows],
    )


def test_the_crosses_are_where_they_are_known_to_be(market: Bars) -> None:
    turns = compute(ask("cross", 50, 200), market).columns["cross"]

    golden, death = np.flatnonzero(turns == 1), np.flatnonzero(turns == -1)

    assert (len(golden), golden[:3].tolist()) == (17, [324, 577, 875])
    assert (len(death), death[:3].tolist()) == (17, [390, 859, 1140])


def test_the_last_day_is_retraced_to_the_known_levels(market: Bars) -> None:
    high, low = float(market.high[-288:].max()), float(market.low[-288:].min())

    assert (high, low) == (0.106, 0.103)
    levels = [0.105292, 0.104854, 0.1045, 0.104146, 0.103642]
    assert retracement(high, low) == pytest.approx(levels, rel=1e-12)


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_indicator_equals_its_written_definition(name: str, market: Bars) -> None:
    recent = market.first(1_000)
    request = ask(name)

    for found, wanted in zip(
        compute(request, recent).columns.values(), written(request, recent), strict=True
    ):
        agrees(found, wanted, scale=1.0 if name != "obv" else 1e4, digits=1e-9)


def test_streams_end_where_the_bulk_ends(market: Bars) -> None:
    requests = [ask(name) for name in CATALOGUE]
    streams = StreamSet(requests, market.first(300))
    for at in range(300, len(market)):
        streams.update(market.bar(at))

    assert streams.values is not None
    for request, value in zip(requests, streams.values, strict=True):
        row = value if isinstance(value, tuple) else (value,)
        last = [float(column[-1]) for column in compute(request, market).columns.values()]
        np.testing.assert_array_equal(row, last)
