"""All conditions at once: a value looks only at those for which it changes something.

Every subject has its conditions' edges in two sorted lists, those reached upwards and those reached
downwards. What a value reaches is then the beginning of the one and the end of the other, mostly
nothing, and what is reached is asked by `observe` and gets its new edges: the answers are those of
asking every condition every time.

A condition that is withheld (it cools down or is snoozed) would be reached again by every value;
its firing edges are put aside until that is over.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from heapq import heappop, heappush
from typing import Final

from plimsoll.alerts.domain.conditions import (
    Comparison,
    Condition,
    ConditionId,
    Direction,
    Event,
    Standing,
    Subject,
    Value,
    edges,
    observe,
    withheld_until,
)
from plimsoll.kernel.money import ZERO

_ONE: Final = Decimal(1)
_FAR: Final = Decimal("Infinity")

_Mark = tuple[Decimal, int, int]
"""Level; what sorts at equal levels, see `_Line`; the condition's id as a number."""


@dataclass(frozen=True, slots=True)
class Step:
    """A standing that changed, to be stored together with its event. Where that fails,
    `put(condition, before)` takes it back.
    """

    condition: Condition
    before: Standing
    after: Standing
    event: Event | None


@dataclass(slots=True)
class _Line:
    """Edges along one axis, each list ascending.

    At a level itself, touching edges are reached and others are not: upwards they come first (0,
    the others 1), downwards last (1, the others 0). So (reading, 1) parts what is reached in both.
    What lies between `low` and `high` reaches none: most values are compared with these two alone.
    """

    ups: list[_Mark] = field(default_factory=list)
    downs: list[_Mark] = field(default_factory=list)
    low: Decimal = -_FAR
    high: Decimal = _FAR
    conditions: int = 0
    """Also those that have no edge here for now."""

    def set_bounds(self) -> None:
        """To be called when edges have come or gone."""
        self.low = self.downs[-1][0] if self.downs else -_FAR
        self.high = self.ups[0][0] if self.ups else _FAR

    def reached(self, reading: Decimal) -> list[int]:
        ups, downs = self.ups, self.downs
        end, begin = bisect_left(ups, (reading, 1)), bisect_left(downs, (reading, 1))
        return [number for _, _, number in (*ups[:end], *downs[begin:])]


@dataclass(slots=True)
class _Lines:
    """Of one subject: its number, and for each word that is waited for whether it is that one."""

    number: _Line = field(default_factory=_Line)
    words: dict[str, _Line] = field(default_factory=dict)

    def enter(self, condition: Condition) -> _Line:
        line = self.number
        if condition.comparison is Comparison.IS:
            line = self.words.setdefault(str(condition.threshold), _Line())
        line.conditions += 1
        return line

    def leave(self, condition: Condition, line: _Line) -> None:
        line.conditions -= 1
        if not line.conditions and line is not self.number:
            del self.words[str(condition.threshold)]

    def is_empty(self) -> bool:
        return not self.words and not self.number.conditions

    def reached(self, value: Value) -> list[int]:
        """Numbers of the conditions, ascending."""
        found = list[int]()
        if isinstance(value, str):
            for word, line in self.words.items():
                found += line.reached(_ONE if word == value else ZERO)
        else:
            found = self.number.reached(value)
        return sorted(found)


@dataclass(slots=True)
class _Watched:
    condition: Condition
    standing: Standing
    line: _Line
    marks: list[tuple[list[_Mark], _Mark]] = field(default_factory=list)


class Watch:
    """Conditions by subject. In memory; what is to outlive the process is in the steps."""

    def __init__(self) -> None:
        self._subjects: dict[Subject, _Lines] = {}
        self._watched: dict[int, _Watched] = {}
        self._withheld: list[tuple[datetime, int]] = []

    def __len__(self) -> int:
        return len(self._watched)

    def put(self, condition: Condition, standing: Standing) -> None:
        """Watch a condition from where it stands; the one of the same id is replaced."""
        self.remove(condition.id)
        lines = self._subjects.setdefault(condition.subject, _Lines())
        watched = _Watched(condition, standing, lines.enter(condition))
        self._watched[condition.id.int] = watched
        _mark(watched)

    def remove(self, condition_id: ConditionId) -> None:
        """Unknown ids are fine: it is not watched afterwards."""
        watched = self._watched.pop(condition_id.int, None)
        if watched is None:
            return
        _unmark(watched)
        subject = watched.condition.subject
        lines = self._subjects[subject]
        lines.leave(watched.condition, watched.line)
        if lines.is_empty():
            del self._subjects[subject]

    def subjects(self) -> Iterator[Subject]:
        """Those whose values are wanted."""
        return iter(self._subjects)

    def standing_of(self, condition_id: ConditionId) -> Standing | None:
        watched = self._watched.get(condition_id.int)
        return watched.standing if watched else None

    def take(self, values: Iterable[tuple[Subject, Value | None]], at: datetime) -> list[Step]:
        """What a batch of values changes, in the order of the values and then of the ids."""
        self._release(at)
        steps = list[Step]()
        subjects = self._subjects
        for subject, value in values:
            if value is None or (lines := subjects.get(subject)) is None:
                continue
            if not isinstance(value, str):
                line = lines.number
                if value.is_nan() or line.low < value < line.high:
                    continue
            for number in lines.reached(value):
                self._ask(self._watched[number], value, at, steps)
        return steps

    def _ask(self, watched: _Watched, value: Value, at: datetime, steps: list[Step]) -> None:
        condition, before = watched.condition, watched.standing
        after, event = observe(before, condition, value, at)
        _unmark(watched)
        if after is before:
            until = withheld_until(before, condition)
            assert until is not None
            heappush(self._withheld, (until, condition.id.int))
            _mark(watched, withheld=True)
            return
        watched.standing = after
        _mark(watched)
        steps.append(Step(condition, before, after, event))

    def _release(self, at: datetime) -> None:
        withheld = self._withheld
        while withheld and withheld[0][0] <= at:
            _, number = heappop(withheld)
            if (watched := self._watched.get(number)) is not None:
                _unmark(watched)
                _mark(watched)


def _mark(watched: _Watched, *, withheld: bool = False) -> None:
    number = watched.condition.id.int
    for edge in edges(watched.condition, watched.standing.phase):
        if withheld and edge.fires:
            continue
        if edge.direction is Direction.UP:
            marks, mark = watched.line.ups, (edge.level, int(not edge.touching), number)
        else:
            marks, mark = watched.line.downs, (edge.level, int(edge.touching), number)
        insort(marks, mark)
        watched.marks.append((marks, mark))
    watched.line.set_bounds()


def _unmark(watched: _Watched) -> None:
    for marks, mark in watched.marks:
        del marks[bisect_left(marks, mark)]
    watched.marks.clear()
    watched.line.set_bounds()
