"""TA-Lib's own streams, opened on history or as soon as there is enough of it.

Every value of a TA-Lib stream is bit-identical to what its batch function gives for the same bar.
What is process-wide in TA-Lib is set here, once: it cannot be changed while a stream lives.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import numpy as np
import talib

from plimsoll.insights.domain.bars import Array

UNDEFINED: Final = float("nan")

# Classic seeding (the mean of the first n) and no bars hidden beyond those that have no value.
# (Its stubs leave both out.)
talib.set_compatibility(0)  # type: ignore[attr-defined]
talib.set_unstable_period("ALL", 0)  # type: ignore[attr-defined]


class Stream(Protocol):
    """One indicator carried forward bar by bar: a float, or a tuple of them; NaN where undefined.

    `update` takes a closed bar; `peek` says what update would return and changes nothing.
    """

    update: Callable[..., Any]
    peek: Callable[..., Any]


def handle(make: Callable[..., Any], *history: Array, first: int, outputs: int = 1) -> Stream:
    """One TA-Lib stream, opened by `make` on history, or as soon as there are `first` + 1 bars.

    Opened at once it is TA-Lib's own object, with nothing of ours around it: there are a hundred
    thousand of these.
    """
    if len(history[0]) > first:
        stream: Stream = make(*(np.ascontiguousarray(column) for column in history))
        return stream
    return Warming(make, history, first + 1, UNDEFINED if outputs == 1 else (UNDEFINED,) * outputs)


class Warming:
    """Keeps bars and answers undefined until there are enough of them; then `update` and `peek` are
    TA-Lib's own.
    """

    __slots__ = ("_history", "_make", "_need", "_undefined", "peek", "update")

    def __init__(
        self, make: Callable[..., Any], history: Sequence[Array], need: int, undefined: Any
    ) -> None:
        self.update: Callable[..., Any] = self._warm
        self.peek: Callable[..., Any] = self._look
        self._make: Callable[..., Any] | None = make
        self._need = need
        self._undefined = undefined
        self._history: Sequence[list[float]] = [column.tolist() for column in history]

    def _opened_with(self, bar: tuple[float, ...]) -> Any:
        assert self._make
        columns = zip(self._history, bar, strict=True)
        return self._make(*(np.array([*past, last]) for past, last in columns))

    def _warm(self, *bar: float) -> Any:
        if len(self._history[0]) + 1 == self._need:
            stream = self._opened_with(bar)
            self.update, self.peek = stream.update, stream.peek
            self._make, self._history = None, ()
            return stream.value
        for past, last in zip(self._history, bar, strict=True):
            past.append(last)
        return self._undefined

    def _look(self, *bar: float) -> Any:
        if len(self._history[0]) + 1 == self._need:
            return self._opened_with(bar).value
        return self._undefined


def from_first(values: Array, first: int, function: Callable[[Array], Array]) -> Array:
    """`function` of what is defined in `values`, at its place: NaN never reaches TA-Lib."""
    result = np.full(len(values), UNDEFINED)
    if len(values) > first:
        result[first:] = function(values[first:])
    return result
