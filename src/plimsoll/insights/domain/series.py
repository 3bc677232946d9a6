"""An indicator over a whole run of candles, computed per segment."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np

from plimsoll.insights.domain.bars import Array, Bars
from plimsoll.insights.domain.definitions import Request
from plimsoll.insights.domain.handles import UNDEFINED


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The columns of one indicator, as long as the bars they are of; NaN where undefined.

    `warm_up` bars after each start of a segment the values no longer show where it began.
    """

    request: Request
    columns: Mapping[str, Array]
    starts: tuple[int, ...]

    @property
    def warm_up(self) -> int | None:
        return self.request.warm_up

    def published(self) -> dict[str, list[float | None]]:
        """The columns for the world outside: what is undefined is null there, never NaN."""
        return {
            name: [defined(value) for value in column.tolist()]
            for name, column in self.columns.items()
        }


def defined(value: float) -> float | None:
    """The value, or None where there is none."""
    return value if isfinite(value) else None


def compute(request: Request, bars: Bars) -> Series:
    """The indicator of every bar, from the bars up to it; begins anew after each hole."""
    names = request.definition.columns
    parts = [request.batch(bars.columns(part)) for part in bars.segments()]
    match parts:
        case []:
            columns: tuple[Array, ...] = tuple(np.full(0, UNDEFINED) for _ in names)
        case [only]:
            columns = only
        case _:
            columns = tuple(np.concatenate(each) for each in zip(*parts, strict=True))
    return Series(request, dict(zip(names, columns, strict=True)), bars.starts)
