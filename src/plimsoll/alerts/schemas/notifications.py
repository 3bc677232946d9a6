"""JSON shapes of what people are told in the page."""

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

import numpy as np
from pydantic import Field, model_validator

from plimsoll.alerts.domain.deliveries import Notification
from plimsoll.kernel.clock import to_ms
from plimsoll.plumbing.shapes import Body, Moment, View
from plimsoll.plumbing.tables import Columns

MOST_IDS: Final = 1_000


class ToldOfView(View):
    kind: str
    of: str


class NotificationView(View):
    """`tell_at`: when it is told; null: never, for it came in quiet hours whose alerts are
    dropped. `told`: it is due, and was told.
    """

    id: UUID
    alert_id: UUID
    number: int
    subject: ToldOfView
    value: str
    title: str
    text: str
    at: Moment
    tell_at: Moment | None
    told: bool
    seen_at: Moment | None

    @classmethod
    def of(cls, row: Notification) -> "NotificationView":
        assert row.condition_id is not None, "tests are not listed"
        assert row.number is not None
        return cls(
            id=row.id,
            alert_id=row.condition_id,
            number=row.number,
            subject=ToldOfView(kind=row.subject_kind, of=row.subject_of),
            value=row.value or "",
            title=row.title,
            text=row.body,
            at=row.at,
            tell_at=row.tell_at,
            told=row.told_seq is not None,
            seen_at=row.seen_at,
        )


def notifications_table(rows: Sequence[Notification], views: Sequence[NotificationView]) -> Columns:
    return {
        **texts(views, "id", "alert_id", "value", "title", "text"),
        "subject_kind": [each.subject_kind for each in rows],
        "subject_of": [each.subject_of for each in rows],
        "number": np.array([each.number or 0 for each in rows], np.int64),
        "at_ms": np.array([to_ms(each.at) for each in rows], np.int64),
        "told": np.array([each.told_seq is not None for each in rows], np.int64),
        "seen": np.array([each.seen_at is not None for each in rows], np.int64),
    }


class SeenBody(Body):
    """One of the two: everything that was told up to a notification, or some of them."""

    up_to: UUID | None = None
    ids: Annotated[tuple[UUID, ...], Field(max_length=MOST_IDS)] = ()

    @model_validator(mode="after")
    def _says_one(self) -> "SeenBody":
        if (self.up_to is None) == (not self.ids):
            raise ValueError("say up_to, or ids")
        return self


class UnseenView(View):
    """How many were told and not seen."""

    unseen: int


def texts(views: Sequence[View], *names: str) -> dict[str, list[str]]:
    """Fields by their names; empty where there is nothing."""
    return {
        name: ["" if (value := getattr(view, name)) is None else str(value) for view in views]
        for name in names
    }
