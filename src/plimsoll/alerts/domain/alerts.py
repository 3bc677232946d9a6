"""An alert: a condition, whose it is, where it stands, and how its person wants to be told."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from plimsoll.alerts.domain.conditions import (
    Condition,
    ConditionId,
    Phase,
    Standing,
    Subject,
    SubjectKind,
    Value,
)
from plimsoll.alerts.domain.subjects import Aim
from plimsoll.kernel.identifiers import UserId


class QuietChoice(StrEnum):
    """What an alert makes of its person's quiet hours."""

    RESPECT = "respect"
    IGNORE = "ignore"
    """Told at once, at any hour."""


class AlertState(StrEnum):
    """What people see of the phases: a crossing is armed on either side."""

    ARMED = "armed"
    FIRED = "fired"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a person says of an alert: everything but where it stands."""

    condition: Condition
    quiet_hours: QuietChoice = QuietChoice.RESPECT
    channels: tuple[UUID, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """`version` grows with everything that its person changes."""

    terms: Terms
    user_id: UserId
    standing: Standing
    version: int
    created_at: datetime
    changed_at: datetime

    @property
    def id(self) -> ConditionId:
        return self.terms.condition.id

    @property
    def state(self) -> AlertState:
        if self.standing.phase is Phase.DONE:
            return AlertState.DONE
        return AlertState.FIRED if self.standing.phase is Phase.FIRED else AlertState.ARMED


class Origin(NamedTuple):
    """Where a value comes from; `simulated`: from a market that somebody made up."""

    source: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class Happened:
    """An event as its person reads it."""

    condition_id: ConditionId
    number: int
    kind: SubjectKind
    subject: str
    value: Value
    title: str
    text: str
    source: str
    simulated: bool
    at: datetime
    tell_at: datetime | None


def watched_subject(aim: Aim, user_id: UserId) -> Subject:
    """The subject as it is watched: what means another thing for each person has theirs in it."""
    return Subject(aim.kind, f"{aim.text} {user_id.hex}" if aim.personal else aim.text)
