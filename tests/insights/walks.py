"""Candles for tests: random walks at any price, flat stretches, idle volume and holes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from plimsoll.insights.domain.bars import Bars

MINUTE_MS = 60_000
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Shape:
    """What kind of market; `seed` makes it, so that a failure can be had again."""

    seed: int
    length: int
    price: float = 100.0
    step_ms: int = 3_600_000
    flat: tuple[int, int] = (0, 0)
    idle: tuple[int, int] = (0, 0)
    holes: tuple[int, ...] = ()
    tick: float = 0.0
    """Prices are whole multiples of this part of the first price; 0: any."""


def walk(shape: Shape) -> Bars:
    """A market of this shape. Begins some hours into a day."""
    chance = np.random.default_rng(shape.seed)
    moves = chance.normal(0.0, 0.01, shape.length)
    moves[slice(*shape.flat)] = 0.0
    close = shape.price * np.exp(np.cumsum(moves))
    spread = np.abs(chance.normal(0.0, 0.005, (2, shape.length)))
    spread[:, slice(*shape.flat)] = 0.0
    opened = np.concatenate((close[:1], close[:-1]))
    high = np.maximum(opened, close) * (1 + spread[0])
    low = np.minimum(opened, close) * (1 - spread[1])
    volume = chance.exponential(10.0, shape.length)
    volume[slice(*shape.idle)] = 0.0
    if shape.tick:
        unit = shape.price * shape.tick
        opened, high, low, close = (
            np.maximum(np.round(each / unit), 1.0) * unit for each in (opened, high, low, close)
        )
    steps = np.ones(shape.length, np.int64)
    for hole in shape.holes:
        steps[hole : hole + 1] += 7
    time_ms = DAY_MS * 19_000 + 5 * shape.step_ms + np.cumsum(steps) * shape.step_ms
    return Bars.of(
        step_ms=shape.step_ms,
        time_ms=time_ms,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
    )


def _stretch(length: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(0, length), st.integers(0, 90)).map(lambda at: (at[0], sum(at)))


@st.composite
def shapes(draw: st.DrawFn, longest: int = 330) -> Shape:
    length = draw(st.integers(1, longest))
    holes: Sequence[int] = draw(st.lists(st.integers(0, length), max_size=2))
    return Shape(
        seed=draw(st.integers(0, 2**32 - 1)),
        length=length,
        price=draw(st.sampled_from([60_000.0, 1.0, 1e-4, 1e-8])),
        step_ms=draw(st.sampled_from([MINUTE_MS, 60 * MINUTE_MS, DAY_MS, 7 * DAY_MS])),
        flat=draw(st.just((0, 0)) | _stretch(length)),
        idle=draw(st.just((0, 0)) | _stretch(length)),
        holes=tuple(holes),
        tick=draw(st.sampled_from([0.0, 1e-2])),
    )
