"""The board equals the definition computed directly, however it came to its closes."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import DAY_MS, HOUR_MS, MINUTE_MS
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.domain.volatility import (
    Floats,
    VolatilityBoard,
    Window,
    garman_klass,
    measure,
)

START_MS = 1_767_225_600_000
PAIRS = [Pair(AssetId(f"coin{number}"), AssetId("usd")) for number in range(6)]


def times(*numbers: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([START_MS + number * MINUTE_MS for number in numbers])


def walk(rows: int, *, missing: float = 0.1, seed: int = 1) -> Floats:
    """Closes of PAIRS, a row a step; some are missing, and the pairs differ in how they move."""
    chance = np.random.default_rng(seed)
    moves = chance.normal(0, 1e-3, (rows, len(PAIRS))) * np.arange(1, len(PAIRS) + 1)
    closes: Floats = 100 * np.exp(np.cumsum(moves, axis=0))
    closes[chance.random(closes.shape) < missing] = np.nan
    return closes


def test_the_deviation_of_three_returns_by_hand() -> None:
    closes = [100.0, 110.0, 99.0, 99.0]
    found = measure(times(0, 1, 2, 3), np.array(closes), step_ms=MINUTE_MS)
    assert found
    returns = [math.log(1.1), math.log(0.9), 0.0]
    assert found.value == pytest.approx(statistics.stdev(returns), rel=1e-14)
    assert found.returns == 3
    assert found.annualised == pytest.approx(found.value * math.sqrt(525_600), rel=1e-14)


def test_a_return_over_a_gap_is_dropped() -> None:
    with_gap = measure(
        times(0, 1, 2, 9, 10), np.array([1.0, 1.1, 1.0, 5.0, 5.1]), step_ms=MINUTE_MS
    )
    assert with_gap
    returns = [math.log(1.1), math.log(1 / 1.1), math.log(5.1 / 5.0)]
    assert with_gap.value == pytest.approx(statistics.stdev(returns), rel=1e-12)
    assert with_gap.returns == 3


def test_too_few_returns_have_no_volatility() -> None:
    assert measure(times(0, 1), np.array([1.0, 2.0]), step_ms=MINUTE_MS) is None
    assert measure(times(0, 5, 9), np.array([1.0, 2.0, 3.0]), step_ms=MINUTE_MS) is None
    assert measure(times(), np.array([]), step_ms=MINUTE_MS) is None


def test_garman_klass_by_hand() -> None:
    """Two candles: one with a range only, one that goes straight up."""
    found = garman_klass(
        np.array([100.0, 100.0]),
        np.array([110.0, 105.0]),
        np.array([90.0, 100.0]),
        np.array([100.0, 105.0]),
        step_ms=HOUR_MS,
    )
    first = 0.5 * math.log(110 / 90) ** 2
    second = 0.5 * math.log(1.05) ** 2 - (2 * math.log(2) - 1) * math.log(1.05) ** 2
    assert found
    assert found.value == pytest.approx(math.sqrt((first + second) / 2), rel=1e-14)
    assert found.annualised == pytest.approx(found.value * math.sqrt(8760), rel=1e-14)


def direct(closes: Floats, window: Window) -> list[tuple[float, int]]:
    """Value and number of returns of every column, from the last rows of everything."""
    returns = np.diff(np.log(closes), axis=0)[-window.steps :]
    columns = [column[~np.isnan(column)] for column in returns.T]
    return [
        (float(column.std(ddof=1)) if len(column) >= window.least else math.nan, len(column))
        for column in columns
    ]


def assert_equals_definition(board: VolatilityBoard, closes: Floats, window: Window) -> None:
    expected = direct(closes, window)
    ranking = board.rank(window)
    assert ranking.returns.tolist() == [count for _, count in expected]
    np.testing.assert_allclose(
        ranking.values, [value for value, _ in expected], rtol=1e-11, atol=1e-12
    )
    values = [value for value, _ in expected]
    ranked = sorted(
        (column for column in range(len(PAIRS)) if not math.isnan(values[column])),
        key=lambda column: -values[column],
    )
    assert ranking.order.tolist() == ranked
    assert [ranking.ranks[column] for column in ranked] == list(range(1, len(ranked) + 1))


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 4_000), st.integers(0, 100), st.integers(0, 2**32))
def test_the_board_equals_the_definition(rows: int, phase: int, seed: int) -> None:
    for step_ms in (MINUTE_MS, HOUR_MS):
        board, closes = VolatilityBoard(), walk(rows, seed=seed)
        opened = [(START_MS // step_ms + phase + row) * step_ms for row in range(rows)]
        board.load(step_ms, opened, PAIRS, closes)
        for window in Window:
            if window.step_ms == step_ms:
                assert_equals_definition(board, closes, window)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1_440), st.integers(0, 5)), max_size=10),
    st.integers(0, 2**32),
)
def test_amended_closes_count_as_if_they_had_been_so_from_the_start(
    places: list[tuple[int, int]], seed: int
) -> None:
    board, closes = VolatilityBoard(), walk(1_600, seed=seed)
    board.load(MINUTE_MS, [START_MS + row * MINUTE_MS for row in range(1_600)], PAIRS, closes)
    for row, column in places:
        closes[1_599 - row, column] = 100.0
        open_time_ms = START_MS + (1_599 - row) * MINUTE_MS
        assert board.push(MINUTE_MS, open_time_ms, {PAIRS[column]: 100.0})
    assert_equals_definition(board, closes, Window.DAY)
    assert_equals_definition(board, closes, Window.HOUR)


@pytest.mark.parametrize("gap", [1, 59, 60, 61, 1_000, 1_440, 1_600, 5_000])
def test_minutes_that_nobody_pushed_are_gaps(gap: int) -> None:
    board, closes = VolatilityBoard(), walk(1_700, missing=0)
    numbers = [*range(1_600), *range(1_600 + gap, 1_700 + gap)]
    board.load(MINUTE_MS, [START_MS + n * MINUTE_MS for n in numbers], PAIRS, closes)
    there = np.full((1_700 + gap, len(PAIRS)), np.nan)
    there[numbers] = closes
    assert_equals_definition(board, there, Window.DAY)
    assert_equals_definition(board, there, Window.HOUR)


def test_a_pair_with_too_few_returns_is_unranked_and_not_zero() -> None:
    board, [busy, still, fresh, *_] = VolatilityBoard(), PAIRS
    for number in range(60):
        closes = {busy: 100.0 + number % 2, still: 1.0}
        if number >= 35:
            closes[fresh] = 100.0 * number
        board.push(MINUTE_MS, START_MS + number * MINUTE_MS, closes)

    assert [(ranked.pair, ranked.rank) for ranked in board.list_ranked(Window.HOUR, 10)] == [
        (busy, 1),
        (still, 2),
    ]
    unranked = board.find(fresh, Window.HOUR)
    assert unranked
    assert (unranked.volatility, unranked.returns, unranked.rank) == (None, 24, None)
    flat = board.find(still, Window.HOUR)
    assert flat
    assert flat.volatility
    assert flat.volatility.value == 0
    assert board.find(Pair(AssetId("unknown"), AssetId("usd")), Window.HOUR) is None


def test_pairs_may_come_at_any_time() -> None:
    board = VolatilityBoard()
    chance = np.random.default_rng(3)
    for number in range(200):
        pairs = [Pair(AssetId(f"coin{n}"), AssetId("usd")) for n in range(2 * number + 1)]
        closes = np.exp(chance.normal(0, 0.01, len(pairs))).tolist()
        board.push(MINUTE_MS, START_MS + number * MINUTE_MS, dict(zip(pairs, closes, strict=True)))
    assert len(board.list_ranked(Window.HOUR, 1_000)) == 2 * 169 + 1


def test_what_is_too_old_is_refused() -> None:
    board = VolatilityBoard()
    assert board.push(MINUTE_MS, START_MS, {PAIRS[0]: 1.0})
    assert board.push(MINUTE_MS, START_MS - DAY_MS, {PAIRS[0]: 1.0})
    assert not board.push(MINUTE_MS, START_MS - 2 * DAY_MS, {PAIRS[0]: 1.0})


def test_an_empty_board_ranks_nothing() -> None:
    assert VolatilityBoard().list_ranked(Window.DAY, 10) == []
