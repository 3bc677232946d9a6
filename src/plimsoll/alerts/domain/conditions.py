"""A condition says what a person wants to be told; a standing is where it stands.

A standing is a small machine that is stored as it is. Each phase has one or two edges: values that,
once reached, lead to another phase, some of them with an event. With threshold t and hysteresis h:

    above     ARMED        over t                fires, FIRED
              FIRED        down to t − h         ARMED
    below     the same, upside down
    crosses   ARMED        over or under t       HIGH or LOW: which side it began on
              LOW          over t                fires, NEAR_HIGH
              HIGH         under t               fires, NEAR_LOW
              NEAR_HIGH    up to t + h           HIGH
                           down to t − h         fires, LOW
              NEAR_LOW     the same, upside down
    is        ARMED        the word              fires, FIRED
              FIRED        another word          ARMED

So between two events there is always a value as far from t as h, and a crossing is told the moment
t is passed unless the last one was told just before. A condition above or below fires at once when
it already holds; one that crosses needs to have seen a side.

While it cools down or is snoozed a condition does not fire; it stays armed and fires with the first
value after that if it still holds then. A value that is not known changes nothing.

The event has the id (condition, number), and the number is in the standing. Whoever stores standing
and event together may deliver the event as often as it likes: after a crash the same value makes
the same id again.

Values and thresholds are in the unit of the subject: a price in its quote, a ratio as a fraction.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Final, NamedTuple, NewType
from uuid import UUID

from plimsoll.kernel.errors import FieldFault, Invalid
from plimsoll.kernel.money import CONTEXT, LIMIT, ZERO

ConditionId = NewType("ConditionId", UUID)

LONGEST_OF: Final = 200
"""Characters of what a subject is of."""

LONGEST_WORD: Final = 60

LONGEST_COOLDOWN: Final = timedelta(days=366)

_ONE: Final = Decimal(1)
_HALF: Final = Decimal("0.5")


class ConditionRefused(Invalid):
    """A condition that nothing could ever fulfil or that does not fit its subject."""

    code = "condition-refused"
    title = "The condition is not valid"


class SubjectKind(StrEnum):
    PRICE = "price"
    CHANGE = "change"
    INDICATOR = "indicator"
    RATING = "rating"
    VOLATILITY_RANK = "volatility_rank"
    MARGIN_RATIO = "margin_ratio"
    LIQUIDATION_DISTANCE = "liquidation_distance"
    POSITION = "position"
    KPI = "kpi"
    DATA_QUALITY = "data_quality"
    JOB_RESULT = "job_result"


WORDS: Final = frozenset({SubjectKind.RATING, SubjectKind.JOB_RESULT})
"""Told as words (`strong_buy`, `failed`). All others are numbers; a rating may be either."""


class Subject(NamedTuple):
    """What is looked at: the kind, and of what (`btc/usd`, `btc/usd 1h rsi`, an account).

    A tuple rather than a dataclass because it is hashed for every value that comes in. `of` is
    whatever the one who brings the values calls it; a line that crosses another one is the subject
    of their difference, which crosses 0.
    """

    kind: SubjectKind
    of: str


class Comparison(StrEnum):
    ABOVE = "above"
    BELOW = "below"
    CROSSES = "crosses"
    IS = "is"


class Repeat(StrEnum):
    ONCE = "once"
    ALWAYS = "always"


Value = Decimal | str


@dataclass(frozen=True, slots=True)
class Condition:
    """Tell when `subject` is on the other side of `threshold`."""

    id: ConditionId
    subject: Subject
    comparison: Comparison
    threshold: Value
    hysteresis: Decimal = ZERO
    cooldown: timedelta = timedelta(0)
    repeat: Repeat = Repeat.ALWAYS

    def __post_init__(self) -> None:
        if faults := tuple(self._faults()):
            raise ConditionRefused("The condition cannot be watched.", faults=faults)

    def _faults(self) -> list[FieldFault]:
        found = list[FieldFault]()
        if not 0 < len(self.subject.of) <= LONGEST_OF:
            found.append(_fault("subject/of", f"between 1 and {LONGEST_OF} characters"))
        if not timedelta(0) <= self.cooldown <= LONGEST_COOLDOWN:
            found.append(_fault("cooldown", f"between nothing and {LONGEST_COOLDOWN.days} days"))
        if not _is_within(self.hysteresis) or self.hysteresis < 0:
            found.append(_fault("hysteresis", "not negative and within the bounds of amounts"))
        kind = self.subject.kind
        if self.comparison is Comparison.IS:
            if kind not in WORDS:
                found.append(_fault("comparison", f"{kind} is a number: above, below or crosses"))
            if not isinstance(self.threshold, str) or not 0 < len(self.threshold) <= LONGEST_WORD:
                found.append(_fault("threshold", f"a word of at most {LONGEST_WORD} characters"))
            if self.hysteresis:
                found.append(_fault("hysteresis", "a word has none"))
        else:
            if kind is SubjectKind.JOB_RESULT:
                found.append(_fault("comparison", "the result of a job is a word"))
            if isinstance(self.threshold, str) or not _is_within(self.threshold):
                found.append(_fault("threshold", "a number within the bounds of amounts"))
        return found

    def reading(self, value: Value | None) -> Decimal | None:
        """The value as the edges see it; None when it is unknown or of the other sort. Of words, 1
        is the one that is waited for and 0 every other.
        """
        if isinstance(value, str):
            if self.comparison is not Comparison.IS:
                return None
            return _ONE if value == self.threshold else ZERO
        if value is None or self.comparison is Comparison.IS or value.is_nan():
            return None
        return value


class Phase(StrEnum):
    ARMED = "armed"
    FIRED = "fired"
    LOW = "low"
    HIGH = "high"
    NEAR_LOW = "near_low"
    NEAR_HIGH = "near_high"
    DONE = "done"
    """Fired, and was to fire once."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`events` counts those made so far: it is the number of the last one."""

    phase: Phase = Phase.ARMED
    events: int = 0
    fired_at: datetime | None = None
    snoozed_until: datetime | None = None

    def armed_again(self) -> "Standing":
        """As at the beginning, for a condition that was changed or is to be told once more; numbers
        of events are never used twice.
        """
        return replace(self, phase=Phase.ARMED, fired_at=None)

    def snoozed(self, until: datetime | None) -> "Standing":
        """None ends it early."""
        return replace(self, snoozed_until=until)


@dataclass(frozen=True, slots=True)
class Event:
    """A condition came true. `number` counts from 1 within the condition."""

    condition_id: ConditionId
    number: int
    subject: Subject
    value: Value
    at: datetime

    @property
    def id(self) -> tuple[ConditionId, int]:
        return self.condition_id, self.number


class Direction(Enum):
    UP = 1
    DOWN = -1


class Edge(NamedTuple):
    """Reached beyond `level`, or at it where `touching`; leads `to` another phase."""

    direction: Direction
    level: Decimal
    touching: bool
    to: Phase
    fires: bool

    def is_reached(self, reading: Decimal) -> bool:
        if reading == self.level:
            return self.touching
        return (reading > self.level) is (self.direction is Direction.UP)


def edges(condition: Condition, phase: Phase) -> tuple[Edge, ...]:
    """The ways out of a phase; at most one upwards and one downwards."""
    if phase is Phase.DONE:
        return ()
    level = condition.threshold if isinstance(condition.threshold, Decimal) else _HALF
    upper = CONTEXT.add(level, condition.hysteresis)
    lower = CONTEXT.subtract(level, condition.hysteresis)
    if condition.comparison is Comparison.CROSSES:
        return _crossing(phase, level, upper=upper, lower=lower)
    if condition.comparison is Comparison.BELOW:
        if phase is Phase.ARMED:
            return (Edge(Direction.DOWN, level, touching=False, to=Phase.FIRED, fires=True),)
        return (Edge(Direction.UP, upper, touching=True, to=Phase.ARMED, fires=False),)
    if phase is Phase.ARMED:
        return (Edge(Direction.UP, level, touching=False, to=Phase.FIRED, fires=True),)
    return (Edge(Direction.DOWN, lower, touching=True, to=Phase.ARMED, fires=False),)


def _crossing(phase: Phase, level: Decimal, *, upper: Decimal, lower: Decimal) -> tuple[Edge, ...]:
    up, down = Direction.UP, Direction.DOWN
    match phase:
        case Phase.LOW:
            return (Edge(up, level, touching=False, to=Phase.NEAR_HIGH, fires=True),)
        case Phase.HIGH:
            return (Edge(down, level, touching=False, to=Phase.NEAR_LOW, fires=True),)
        case Phase.NEAR_LOW | Phase.NEAR_HIGH:
            return (
                Edge(up, upper, touching=True, to=Phase.HIGH, fires=phase is Phase.NEAR_LOW),
                Edge(down, lower, touching=True, to=Phase.LOW, fires=phase is Phase.NEAR_HIGH),
            )
    return (
        Edge(up, level, touching=False, to=Phase.HIGH, fires=False),
        Edge(down, level, touching=False, to=Phase.LOW, fires=False),
    )


def withheld_until(standing: Standing, condition: Condition) -> datetime | None:
    """Until when it does not fire: the later of the end of its cooldown and of its snooze."""
    until = standing.snoozed_until
    if standing.fired_at is not None and condition.cooldown:
        cooled = standing.fired_at + condition.cooldown
        until = cooled if until is None else max(until, cooled)
    return until


def observe(
    standing: Standing, condition: Condition, value: Value | None, at: datetime
) -> tuple[Standing, Event | None]:
    """Where the condition stands after a value, and the event it made.

    The values of one subject come in the order of their time; one that is stale is given as None.
    """
    reading = condition.reading(value)
    edge = None if reading is None else _reached(condition, standing.phase, reading)
    if edge is None or reading is None or value is None:
        return standing, None
    if not edge.fires:
        return replace(standing, phase=edge.to), None
    until = withheld_until(standing, condition)
    if until is not None and at < until:
        return standing, None
    number, phase = standing.events + 1, edge.to
    if condition.repeat is Repeat.ONCE:
        phase = Phase.DONE
    elif (further := _reached(condition, phase, reading)) is not None:
        assert not further.fires  # one value makes one event
        phase = further.to
    after = replace(standing, phase=phase, events=number, fired_at=at)
    return after, Event(condition.id, number, condition.subject, value, at)


def _reached(condition: Condition, phase: Phase, reading: Decimal) -> Edge | None:
    return next((each for each in edges(condition, phase) if each.is_reached(reading)), None)


def _is_within(amount: Decimal) -> bool:
    return amount.is_finite() and abs(amount) < LIMIT


def _fault(place: str, message: str) -> FieldFault:
    return FieldFault(f"#/{place}", ConditionRefused.code, message)
