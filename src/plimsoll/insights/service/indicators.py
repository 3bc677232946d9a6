"""Indicators of stored candles: what was asked for, and what has to be read and said with it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from plimsoll.insights.domain.bars import DAY_MS, Array, Times
from plimsoll.insights.domain.definitions import Request
from plimsoll.insights.domain.series import compute
from plimsoll.insights.service.history import (
    END_OF_TIME_MS,
    MONTH_MS,
    CandleReader,
    lookback,
    read,
    to_bars,
)
from plimsoll.kernel.errors import Invalid
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.prices import Pair

DEFAULT_ROWS: Final = 500
MOST_ROWS: Final = 5_000
MOST_VALUES: Final = 100_000
"""Rows times columns of one answer."""
AT_ONCE: Final = 20_000
"""Candles times indicators computed on the event loop: about a millisecond."""


SHORTEST_MONTH_MS: Final = 28 * DAY_MS


class TooManyRows(Invalid):
    """More than one answer carries."""

    code = "too-many-rows"
    title = "That is too much for one answer"


class BackwardRange(Invalid):
    """The range ends before it begins."""

    code = "backward-range"
    title = "The range ends before it begins"


@dataclass(frozen=True, slots=True)
class Question:
    """The newest `limit` candles that open in from_ms … to_ms − 1, and these indicators of them."""

    pair: Pair
    interval: Interval
    requests: tuple[Request, ...]
    from_ms: int | None = None
    to_ms: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of rows without a hole. `since_ms` is the first candle of the run that was read, and
    `bars_before` how many of it stand in front of the run's first row.
    """

    row: int
    since_ms: int
    bars_before: int


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The columns of each indicator, one row per candle, NaN where undefined. `next_to_ms` asks
    for the rows before these; None where there are none.
    """

    time_ms: Times
    columns: tuple[Mapping[str, Array], ...]
    segments: tuple[Segment, ...]
    forming: bool
    next_to_ms: int | None


async def answer(reader: CandleReader, question: Question) -> Answer:
    """Compute what was asked. Raises BackwardRange, TooManyRows or TooFarBack."""
    rows = _rows(question)
    before = lookback(question.requests, question.interval)
    from_ms = question.from_ms or 0
    candles = await read(
        reader,
        question.pair,
        question.interval,
        from_ms=max(0, from_ms - before * (question.interval.length_ms or MONTH_MS)),
        to_ms=END_OF_TIME_MS if question.to_ms is None else question.to_ms,
        limit=rows + before,
    )
    if len(candles) * len(question.requests) <= AT_ONCE:
        return _compute(candles, question, rows)
    return await asyncio.to_thread(_compute, candles, question, rows)


def _rows(question: Question) -> int:
    """How many rows at most; refuses more than one answer carries."""
    from_ms, to_ms = question.from_ms, question.to_ms
    if from_ms is not None and to_ms is not None and from_ms > to_ms:
        raise BackwardRange(
            f"from {from_ms} is later than to {to_ms}", facts={"from_ms": from_ms, "to_ms": to_ms}
        )
    rows = question.limit or DEFAULT_ROWS
    if from_ms is not None and to_ms is not None:
        spanned = -(-(to_ms - from_ms) // (question.interval.length_ms or SHORTEST_MONTH_MS))
        rows = spanned if question.limit is None else min(rows, spanned)
    columns = sum(len(request.definition.columns) for request in question.requests)
    most = min(MOST_ROWS, MOST_VALUES // columns)
    if rows > most:
        raise TooManyRows(
            f"{rows:,} rows of {columns} columns; at most {most:,} rows come at once: ask with"
            " limit, and then for those before with to = next_to_ms, or for fewer indicators",
            facts={"rows": rows, "most": most},
        )
    return rows


def _compute(candles: Sequence[Candle], question: Question, rows: int) -> Answer:
    bars = to_bars(candles, question.interval)
    count = len(bars)
    first = max(0, count - rows)
    if question.from_ms is not None:
        first = max(first, int(np.searchsorted(bars.time_ms, question.from_ms)))
    earlier = first > 0 and (
        question.from_ms is None or bars.time_ms[first - 1] >= question.from_ms
    )
    return Answer(
        time_ms=bars.time_ms[first:],
        columns=tuple(
            {name: values[first:] for name, values in compute(request, bars).columns.items()}
            for request in question.requests
        ),
        segments=tuple(
            Segment(max(start - first, 0), int(bars.time_ms[start]), max(first - start, 0))
            for start, end in pairwise((*bars.starts, count))
            if end > first
        ),
        forming=bool(candles) and candles[-1].forming,
        next_to_ms=int(bars.time_ms[first]) if earlier and first < count else None,
    )
