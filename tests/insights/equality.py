"""An indicator beside its plain-Python definition."""

from itertools import pairwise

import numpy as np

from plimsoll.insights.domain.bars import Array, Bars
from plimsoll.insights.domain.definitions import Request
from tests.insights import reference

HUNDRED = ("rsi", "stochastic", "stochrsi", "williams", "ultimate", "cci", "roc", "adx")


def scale_of(request: Request, *, price: float) -> float:
    """How large the indicator's values are, to tell a rounding from a difference."""
    if request.definition.name in HUNDRED:
        return 100.0
    return 1_000.0 if request.definition.name == "obv" else price


def written(request: Request, bars: Bars) -> list[list[float | None]]:
    """The columns by the written definition, segment by segment."""
    columns: list[list[float | None]] = [[] for _ in request.definition.columns]
    for a, b in pairwise((*bars.starts, len(bars))):
        assert bars.step_ms
        segment = reference.Segment(
            bars.step_ms,
            bars.time_ms[a:b].tolist(),
            bars.high[a:b].tolist(),
            bars.low[a:b].tolist(),
            bars.close[a:b].tolist(),
            bars.volume[a:b].tolist(),
        )
        definition = reference.DEFINITIONS[request.definition.name]
        for column, part in zip(columns, definition(segment, *request.arguments), strict=True):
            column.extend(part)
    return columns


def agrees(
    found: Array, wanted: list[float | None], *, scale: float, digits: float = 1e-10
) -> None:
    """Undefined in the same places, and otherwise equal to `digits` of the scale."""
    missing = np.isnan(found)
    assert missing.tolist() == [value is None for value in wanted]
    numbers = np.array([0.0 if value is None else value for value in wanted])
    np.testing.assert_allclose(
        np.where(missing, 0.0, found), numbers, rtol=1e-9, atol=digits * scale
    )
