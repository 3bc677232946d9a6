import numpy as np
import pytest

from plimsoll.insights.domain.bars import BadBars, Bar, Bars, next_open
from tests.insights.walks import Shape, walk

GOOD = {"open": 10.0, "high": 12.0, "low": 9.0, "close": 11.0, "volume": 5.0}


def bars(count: int = 3, step_ms: int | None = 1_000, **changed: object) -> Bars:
    columns = {name: [value] * count for name, value in GOOD.items()}
    columns["time_ms"] = [index * (step_ms or 0) for index in range(count)]
    return Bars.of(step_ms=step_ms, **(columns | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("close", [11.0, float("nan"), 11.0]),
        ("close", [11.0, 12.5, 11.0]),
        ("high", [12.0, float("inf"), 12.0]),
        ("low", [9.0, 0.0, 9.0]),
        ("low", [9.0, -1.0, 9.0]),
        ("low", [9.0, 10.5, 9.0]),
        ("open", [10.0, float("nan"), 10.0]),
        ("volume", [5.0, -1.0, 5.0]),
        ("volume", [5.0, float("nan"), 5.0]),
        ("volume", [5.0, float("inf"), 5.0]),
        ("volume", [5.0]),
        ("time_ms", [0, 0, 1_000]),
        ("time_ms", [0, 2_000, 1_000]),
        ("time_ms", [0, 500, 1_000]),
    ],
)
def test_what_cannot_be_a_candle_is_refused(column: str, values: list[float]) -> None:
    with pytest.raises(BadBars):
        bars(**{column: values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [{"close": float("nan")}, {"high": 10.5}, {"low": 0.0}, {"volume": float("inf")}],
)
def test_one_bad_candle_is_refused(changed: dict[str, float]) -> None:
    with pytest.raises(BadBars):
        Bar(0, **(GOOD | changed)).check()


def test_a_hole_begins_a_segment() -> None:
    assert bars(4, time_ms=[0, 1_000, 5_000, 6_000]).starts == (0, 2)


def test_months_follow_each_other_though_their_lengths_differ() -> None:
    months = ["2026-01", "2026-02", "2026-03", "2026-05"]
    times = np.array(months, "datetime64[M]").astype("datetime64[ms]").astype(np.int64)

    assert bars(4, None, time_ms=times).starts == (0, 3)
    assert next_open(int(times[0]), None) == times[1]


def test_the_arrays_cannot_be_changed_behind_its_back() -> None:
    mine = np.array([10.0, 10.0, 10.0])
    kept = bars(open=mine)
    mine[0] = 11.0

    assert kept.open[0] == 10.0
    with pytest.raises(ValueError, match="read-only"):
        kept.close[0] = 1.0


def test_the_first_bars_are_what_was_known_then() -> None:
    whole = walk(Shape(seed=3, length=50, holes=(10, 30)))
    past = whole.first(20)

    assert (len(past), past.starts) == (20, (0, 10))
    assert past.bar(19) == whole.bar(19)
