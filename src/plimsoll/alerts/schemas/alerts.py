"""JSON shapes of alerts and of what came of them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

import numpy as np
from pydantic import Field

from plimsoll.alerts.domain.alerts import Alert, AlertState, Happened, QuietChoice
from plimsoll.alerts.domain.conditions import (
    LONGEST_COOLDOWN,
    LONGEST_WORD,
    Comparison,
    Repeat,
    Subject,
    SubjectKind,
    Value,
    withheld_until,
)
from plimsoll.alerts.domain.subjects import LONGEST
from plimsoll.alerts.service.alerts import LONGEST_SNOOZE, Wish
from plimsoll.kernel.clock import to_ms
from plimsoll.kernel.money import ZERO, format_amount
from plimsoll.plumbing.shapes import Body, Figure, Moment, Text, UnsignedAmount, View
from plimsoll.plumbing.tables import Columns

MOST_CHANNELS: Final = 20
LONGEST_NOTE: Final = 500

Threshold = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=LONGEST_WORD,
        examples=["65000"],
        description="A decimal, or a word where the comparison is `is`",
    ),
]
Seconds = Annotated[int, Field(ge=0, le=int(LONGEST_COOLDOWN.total_seconds()), strict=True)]
Channels = Annotated[
    list[UUID],
    Field(max_length=MOST_CHANNELS, description="Of /alert-channels; none: all that are on"),
]
Note = Annotated[Text, Field(max_length=LONGEST_NOTE)]


class SubjectBody(Body):
    """What is watched; how `of` is written for each kind is in the guide to alerts."""

    kind: SubjectKind
    of: Annotated[Text, Field(min_length=1, max_length=LONGEST, examples=["btc/usd"])]

    def subject(self) -> Subject:
        return Subject(self.kind, self.of)


class AlertBody(Body):
    """Tell me when the subject is above, below, crosses or is something."""

    subject: SubjectBody
    comparison: Comparison
    threshold: Threshold
    hysteresis: Annotated[
        UnsignedAmount, Field(description="How far it has to go back before it is told again")
    ] = ZERO
    cooldown_s: Seconds = 0
    repeat: Repeat = Repeat.ALWAYS
    quiet_hours: QuietChoice = QuietChoice.RESPECT
    channels: Channels = Field(default_factory=list)
    note: Note = ""

    def wish(self) -> Wish:
        return Wish(
            self.comparison,
            self.threshold,
            self.hysteresis,
            timedelta(seconds=self.cooldown_s),
            self.repeat,
            self.quiet_hours,
            tuple(dict.fromkeys(self.channels)),
            self.note,
        )


class AlertChange(Body):
    """What is left out, or null, stays as it is. Of what it is cannot be changed."""

    comparison: Comparison | None = None
    threshold: Threshold | None = None
    hysteresis: UnsignedAmount | None = None
    cooldown_s: Seconds | None = None
    repeat: Repeat | None = None
    quiet_hours: QuietChoice | None = None
    channels: Channels | None = None
    note: Note | None = None

    def wish(self) -> Wish:
        return Wish(
            self.comparison,
            self.threshold,
            self.hysteresis,
            None if self.cooldown_s is None else timedelta(seconds=self.cooldown_s),
            self.repeat,
            self.quiet_hours,
            None if self.channels is None else tuple(dict.fromkeys(self.channels)),
            self.note,
        )


class SnoozeBody(Body):
    """One of the two. No seconds: the silence ends now."""

    until: Moment | None = None
    seconds: (
        Annotated[int, Field(ge=0, le=int(LONGEST_SNOOZE.total_seconds()), strict=True)] | None
    ) = None


class SubjectView(View):
    kind: SubjectKind
    of: str = Field(examples=["bitcoin/usd"])


class AlertView(View):
    """`state`: armed, fired until it has gone back far enough, or done if it was to fire once.
    `withheld_until`: it cools down or is silenced, and does not fire before then.
    """

    id: UUID
    subject: SubjectView
    comparison: Comparison
    threshold: str
    hysteresis: Figure
    cooldown_s: int
    repeat: Repeat
    quiet_hours: QuietChoice
    channels: list[UUID]
    note: str
    state: AlertState
    events: int
    fired_at: Moment | None
    snoozed_until: Moment | None
    withheld_until: Moment | None
    created_at: Moment
    changed_at: Moment

    @classmethod
    def of(cls, alert: Alert) -> "AlertView":
        terms, standing = alert.terms, alert.standing
        condition = terms.condition
        return cls(
            id=alert.id,
            subject=SubjectView(kind=condition.subject.kind, of=condition.subject.of),
            comparison=condition.comparison,
            threshold=_text(condition.threshold),
            hysteresis=condition.hysteresis,
            cooldown_s=int(condition.cooldown.total_seconds()),
            repeat=condition.repeat,
            quiet_hours=terms.quiet_hours,
            channels=list(terms.channels),
            note=terms.note,
            state=alert.state,
            events=standing.events,
            fired_at=standing.fired_at,
            snoozed_until=standing.snoozed_until,
            withheld_until=withheld_until(standing, condition),
            created_at=alert.created_at,
            changed_at=alert.changed_at,
        )


class EventView(View):
    """An alert that fired. `number` counts within the alert; `tell_at` null: it fell into quiet
    hours that drop what comes in them. `simulated`: the prices behind it are made up.
    """

    alert_id: UUID
    number: int
    subject: SubjectView
    value: str
    title: str
    text: str
    source: str
    simulated: bool
    at: Moment
    tell_at: Moment | None

    @classmethod
    def of(cls, event: Happened) -> "EventView":
        return cls(
            alert_id=event.condition_id,
            number=event.number,
            subject=SubjectView(kind=event.kind, of=event.subject),
            value=_text(event.value),
            title=event.title,
            text=event.text,
            source=event.source,
            simulated=event.simulated,
            at=event.at,
            tell_at=event.tell_at,
        )


def events_table(rows: Sequence[Happened], views: Sequence[EventView]) -> Columns:
    return {
        "alert_id": [str(each.alert_id) for each in views],
        "number": np.array([each.number for each in views], np.int64),
        "kind": [each.subject.kind.value for each in views],
        "subject": [each.subject.of for each in views],
        "value": [each.value for each in views],
        "title": [each.title for each in views],
        "text": [each.text for each in views],
        "source": [each.source for each in views],
        "simulated": np.array([each.simulated for each in views], np.int64),
        "at_ms": np.array([to_ms(each.at) for each in rows], np.int64),
    }


def _text(value: Value) -> str:
    return value if isinstance(value, str) else format_amount(value)
