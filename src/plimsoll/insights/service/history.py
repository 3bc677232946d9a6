"""Stored candles as bars, with enough of them in front that the first value is already settled.

A recursive average shows where it began until it has forgotten; so a question about n candles reads
its indicators' longest lookback more. Candles of before a hole are of no use: everything begins
anew after it.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Final, Protocol

import numpy as np

from plimsoll.insights.domain.bars import Array, Bars
from plimsoll.insights.domain.definitions import Request
from plimsoll.kernel.errors import Invalid
from plimsoll.markets.domain.candles import DAY_MS, Candle, FillPolicy, Interval
from plimsoll.markets.domain.prices import Pair

MOST_BEFORE: Final = 12_000
"""Candles read in front of what was asked for; enough for an EMA of 1,000."""

PAGE: Final = 500
"""Candles read at once: a few milliseconds of everybody's time."""

MONTH_MS: Final = 31 * DAY_MS
END_OF_TIME_MS: Final = 253_402_300_800_000
"""The year 10000."""


class CandleReader(Protocol):
    """What insights ask of the markets: candles, the forming ones included."""

    def knows(self, pair: Pair) -> bool:
        """Whether this pair ever had a candle."""
        ...

    def list_forming(self, pair: Pair, interval: Interval) -> Sequence[Candle]:
        """What is not closed yet, the oldest first: two in the moment after one ended."""
        ...

    async def list_candles(
        self,
        pair: Pair,
        interval: Interval,
        *,
        from_ms: int,
        to_ms: int,
        limit: int,
        fill: FillPolicy,
    ) -> Sequence[Candle]:
        """The newest `limit` candles that open in from_ms … to_ms − 1, in the order of time."""
        ...


class TooFarBack(Invalid):
    """An indicator would need more candles in front than are read for one question."""

    code = "too-far-back"
    title = "An indicator needs too many candles"


def step_of(interval: Interval) -> int | None:
    """The interval's length as the bars have it; None: calendar months."""
    return interval.length_ms or None


def lookback(requests: Iterable[Request], interval: Interval) -> int:
    """How many candles to read in front, at least one; raises TooFarBack."""
    longest = 1
    for request in requests:
        needed = request.lookback(step_of(interval))
        if needed > MOST_BEFORE:
            raise TooFarBack(
                f"{request} of {interval.value} candles needs {needed:,} of them in front and at"
                f" most {MOST_BEFORE:,} are read; ask for a longer interval or a shorter period",
                facts={"indicator": str(request), "needed": needed, "most": MOST_BEFORE},
            )
        longest = max(longest, needed)
    return longest


def to_bars(candles: Sequence[Candle], interval: Interval) -> Bars:
    """The columns of candles in the order of time."""
    count = len(candles)

    def column(place: int) -> Array:
        return np.fromiter(map(itemgetter(place), candles), np.float64, count)

    return Bars.of(
        step_ms=step_of(interval),
        time_ms=np.fromiter(map(itemgetter(1), candles), np.int64, count),
        open=column(2),
        high=column(3),
        low=column(4),
        close=column(5),
        volume=column(6),
    )


async def read(
    reader: CandleReader,
    pair: Pair,
    interval: Interval,
    *,
    from_ms: int = 0,
    to_ms: int = END_OF_TIME_MS,
    limit: int,
) -> list[Candle]:
    """The newest `limit` candles that open in from_ms … to_ms − 1, in the order of time; read page
    by page, so that others have their turn in between.
    """
    pages = list[Sequence[Candle]]()
    while limit > 0:
        wanted = min(PAGE, limit)
        page = await reader.list_candles(
            pair, interval, from_ms=from_ms, to_ms=to_ms, limit=wanted, fill=FillPolicy.NONE
        )
        pages.append(page)
        if len(page) < wanted:
            break
        limit, to_ms = limit - wanted, page[0].open_time_ms
    return [candle for page in reversed(pages) for candle in page]


async def read_closed(
    reader: CandleReader, pair: Pair, interval: Interval, count: int
) -> list[Candle]:
    """The newest `count` closed candles."""
    found = await read(reader, pair, interval, limit=count + 2)
    return [candle for candle in found if not candle.forming][-count:]
