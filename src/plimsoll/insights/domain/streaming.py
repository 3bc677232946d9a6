"""The indicators of one pair and interval, carried forward candle by candle.

A set is opened on stored candles and then fed each candle as it closes; the forming candle is
looked at with `peek` as often as it changes. Both equal what `compute` gives for the same bars.
A stream cannot be saved: after a restart the set is opened again on stored candles.
"""

from collections.abc import Sequence
from math import inf
from typing import Any, Final

from plimsoll.insights.domain.bars import Bar, Bars, Columns, next_open
from plimsoll.insights.domain.definitions import Inputs, Request
from plimsoll.insights.domain.handles import Stream
from plimsoll.kernel.errors import Conflict

Values = list[Any]
"""What each indicator has, in the order they were asked for: a float or a tuple of its columns."""


class BarOutOfOrder(Conflict):
    """The candle is not later than the last one; an amended past means opening the set anew."""

    code = "bar-out-of-order"
    title = "This candle has passed"


class StreamSet:
    """Streams of one (pair, interval, indicators). Not safe to share between threads."""

    def __init__(self, requests: Sequence[Request], history: Bars) -> None:
        """Open on closed candles; only those after the last hole count. None at all will do."""
        self.requests: Final = tuple(requests)
        self.values: Values | None = None
        """Of the last closed candle."""
        self.segment_bars = 0
        """Closed candles since the last hole: compare with an indicator's warm-up."""
        self._step_ms = history.step_ms
        self._next_ms: int | None = None
        """When the next candle opens; None before the first one."""
        if not len(history):
            self._open(Columns.empty(self._step_ms))
            return
        start, last = history.starts[-1], len(history) - 1
        self._open(history.columns(slice(start, last)))
        self.segment_bars = last - start
        bar = history.bar(last)
        self._next_ms = bar.time_ms
        self.update(bar)

    def _open(self, columns: Columns) -> None:
        """Streams on one segment, grouped by what they read: a loop is cheaper than a choice."""
        groups: dict[Inputs, list[tuple[int, Stream]]] = {each: [] for each in Inputs}
        for place, request in enumerate(self.requests):
            groups[request.definition.inputs].append((place, request.stream(columns)))
        self._close = groups[Inputs.CLOSE]
        self._high_low = groups[Inputs.HIGH_LOW]
        self._high_low_close = groups[Inputs.HIGH_LOW_CLOSE]
        self._close_volume = groups[Inputs.CLOSE_VOLUME]
        self._everything = groups[Inputs.EVERYTHING]

    def update(self, bar: Bar) -> Values:
        """Take a closed candle. After a hole everything begins anew with it.

        Raises BadBars or BarOutOfOrder, and then nothing has changed.
        """
        time_ms, opened, high, low, close, volume = bar
        if not (0.0 < low <= close <= high < inf and low <= opened <= high and 0.0 <= volume < inf):
            bar.check()
        if time_ms != self._next_ms:
            self._begin_anew(time_ms)
        step_ms = self._step_ms
        self._next_ms = time_ms + step_ms if step_ms else next_open(time_ms, None)
        self.segment_bars += 1
        values: Values = [None] * len(self.requests)
        for place, stream in self._close:
            values[place] = stream.update(close)
        for place, stream in self._high_low_close:
            values[place] = stream.update(high, low, close)
        for place, stream in self._high_low:
            values[place] = stream.update(high, low)
        for place, stream in self._close_volume:
            values[place] = stream.update(close, volume)
        for place, stream in self._everything:
            values[place] = stream.update(time_ms, high, low, close, volume)
        self.values = values
        return values

    def peek(self, bar: Bar) -> Values:
        """What `update` would return for the forming candle; nothing changes.

        Raises BadBars or BarOutOfOrder.
        """
        time_ms, _, high, low, close, volume = bar
        bar.check()
        if self._next_ms is not None and time_ms != self._next_ms:
            self._refuse_the_past(time_ms, self._next_ms)
            return StreamSet(self.requests, Bars.none(self._step_ms)).peek(bar)
        values: Values = [None] * len(self.requests)
        for place, stream in self._close:
            values[place] = stream.peek(close)
        for place, stream in self._high_low_close:
            values[place] = stream.peek(high, low, close)
        for place, stream in self._high_low:
            values[place] = stream.peek(high, low)
        for place, stream in self._close_volume:
            values[place] = stream.peek(close, volume)
        for place, stream in self._everything:
            values[place] = stream.peek(time_ms, high, low, close, volume)
        return values

    def _begin_anew(self, time_ms: int) -> None:
        if self._next_ms is not None:
            self._refuse_the_past(time_ms, self._next_ms)
            self._open(Columns.empty(self._step_ms))
            self.segment_bars = 0

    def _refuse_the_past(self, time_ms: int, next_ms: int) -> None:
        if time_ms < next_ms:
            raise BarOutOfOrder(
                f"the candle of {time_ms} came where the one of {next_ms} is next",
                facts={"time_ms": time_ms, "next_ms": next_ms},
            )
