"""What an indicator is: its name, parameters, inputs, columns and how soon it can be trusted.

Two lengths go with every value. `first` is the index of the first defined bar of a segment. The
warm-up is how many bars a segment needs until its value no longer shows where the segment began:
a recursive average forgets its seed at the rate alpha, so a relative error of e needs about
ln(1/e) / alpha bars, and e is 1e-9 here. None: it depends on the data, or always shows (OBV).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, log
from typing import Any, Final

from plimsoll.insights.domain.bars import DAY_MS, Array, Columns
from plimsoll.insights.domain.handles import Stream

FORGOTTEN: Final = log(1e9)
LONGEST: Final = 1_000
"""Bars of a window; longer ones are asked of a longer interval."""


class Inputs(StrEnum):
    """What a stream's `update` takes, in this order."""

    CLOSE = "close"
    HIGH_LOW = "high-low"
    HIGH_LOW_CLOSE = "high-low-close"
    CLOSE_VOLUME = "close-volume"
    EVERYTHING = "time-high-low-close-volume"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number the caller may choose. `whole`: an integer, else a float."""

    name: str
    default: float
    minimum: float = 2
    maximum: float = LONGEST
    whole: bool = True

    def describe(self) -> str:
        kind = "whole number" if self.whole else "number"
        return (
            f"{self.name}: {kind} {self.minimum:g} to {self.maximum:g} (default {self.default:g})"
        )


@dataclass(frozen=True, slots=True)
class Definition:
    """One indicator. `batch` computes one segment, `stream` opens on one; both take the
    arguments in the order of the parameters.

    `first` gives the first defined index of each column. `ascending` names parameters that must
    grow in this order. `displacement` is by how many bars a chart draws a column further on; the
    column itself is never shifted. `reach` is how many bars the value of one bar looks back on
    where there is no warm-up to say it; it takes the interval's length and the arguments.
    """

    name: str
    title: str
    formula: str
    inputs: Inputs
    parameters: tuple[Parameter, ...]
    columns: tuple[str, ...]
    first: Callable[..., tuple[int | None, ...]]
    warm_up: Callable[..., int | None]
    batch: Callable[..., tuple[Array, ...]]
    stream: Callable[..., Stream]
    ascending: tuple[str, ...] = ()
    displacement: tuple[tuple[str, str], ...] = ()
    reach: Callable[..., int] | None = None

    def usage(self) -> str:
        if not self.parameters:
            return self.name
        return f"{self.name}({', '.join(parameter.describe() for parameter in self.parameters)})"


@dataclass(frozen=True, slots=True)
class Request:
    """An indicator with its arguments: `rsi(14)`."""

    definition: Definition
    arguments: tuple[float, ...]

    def __str__(self) -> str:
        if not self.arguments:
            return self.definition.name
        return f"{self.definition.name}({','.join(f'{each:g}' for each in self.arguments)})"

    @property
    def warm_up(self) -> int | None:
        return self.definition.warm_up(*self.arguments)

    @property
    def first(self) -> tuple[int | None, ...]:
        return self.definition.first(*self.arguments)

    def lookback(self, step_ms: int | None) -> int:
        """How many bars in front of a bar its value needs; `step_ms` None: calendar months."""
        if self.warm_up is not None:
            return self.warm_up
        assert self.definition.reach, self.definition.name
        return self.definition.reach(step_ms, *self.arguments)

    def batch(self, columns: Columns) -> tuple[Array, ...]:
        return self.definition.batch(columns, *self.arguments)

    def stream(self, columns: Columns) -> Stream:
        return self.definition.stream(columns, *self.arguments)


def period(default: int, *, name: str = "period", minimum: int = 2) -> Parameter:
    return Parameter(name, default, minimum)


def bars_of_a_day(step_ms: int | None) -> int:
    """How many bars a UTC day has; 1 where a bar lasts a day or longer."""
    return DAY_MS // step_ms if step_ms and step_ms < DAY_MS else 1


def ema_memory(n: int) -> int:
    """Bars until an EMA(n), alpha 2/(n+1), has forgotten its seed."""
    return ceil(FORGOTTEN * (n + 1) / 2)


def wilder_memory(n: int) -> int:
    """Bars until a Wilder average of n, alpha 1/n, has forgotten its seed."""
    return ceil(FORGOTTEN * n)


def formula_of(function: Callable[..., Any]) -> str:
    """The written definition: the docstring of the batch function."""
    assert function.__doc__, function
    return " ".join(function.__doc__.split())
