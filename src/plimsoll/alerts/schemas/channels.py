"""JSON shapes of where people are told, and of what was sent there."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

import numpy as np
from pydantic import Field

from plimsoll.alerts.domain.channels import Channel, ChannelKind, ChannelState
from plimsoll.alerts.domain.deliveries import Delivery, DeliveryState
from plimsoll.alerts.schemas.notifications import texts
from plimsoll.alerts.service.channels import Change, NewChannel
from plimsoll.kernel.clock import to_ms
from plimsoll.plumbing.shapes import TEXT, Body, Moment, View
from plimsoll.plumbing.tables import Columns
from plimsoll.plumbing.webhooks import Secret

LONGEST_URL: Final = 2048
LONGEST_OVERLAP_S: Final = 604_800

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=TEXT, examples=["the bot"])]
Url = Annotated[str, Field(min_length=1, max_length=LONGEST_URL, pattern=TEXT)]
"""Kept sealed and never shown again."""


class NewWebhook(Body):
    """Messages are signed as Standard Webhooks has it. The URL is https to a public host."""

    kind: Literal[ChannelKind.WEBHOOK]
    name: Name
    url: Annotated[Url, Field(examples=["https://hooks.example.org/desk"])]

    def wanted(self) -> NewChannel:
        return NewChannel(ChannelKind.WEBHOOK, self.name, self.url)


class NewEmail(Body):
    """A code is sent to the address, and has to come back before anything else is."""

    kind: Literal[ChannelKind.EMAIL]
    name: Name
    email: Annotated[str, Field(max_length=320, examples=["ada@example.org"])]

    def wanted(self) -> NewChannel:
        return NewChannel(ChannelKind.EMAIL, self.name, self.email)


class NewApprise(Body):
    """An address of Apprise, of a service that the operator allows."""

    kind: Literal[ChannelKind.APPRISE]
    name: Name
    url: Annotated[Url, Field(examples=["tgram://token/chat"])]

    def wanted(self) -> NewChannel:
        return NewChannel(ChannelKind.APPRISE, self.name, self.url)


NewChannelBody = Annotated[NewWebhook | NewEmail | NewApprise, Field(discriminator="kind")]


class ChannelChange(Body):
    """What is left out stays as it is."""

    name: Name | None = None
    enabled: bool | None = None
    url: Url | None = None

    def wanted(self) -> Change:
        return Change(self.name, self.enabled, self.url)


class ConfirmationCode(Body):
    code: Annotated[str, Field(pattern=r"^[0-9]{8}$", examples=["31415926"])]


class NewSecret(Body):
    """`overlap_s`: for so long messages are signed with the secret before as well."""

    overlap_s: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP_S)] = 86_400

    @property
    def overlap(self) -> timedelta:
        return timedelta(seconds=self.overlap_s)


class ChannelView(View):
    """`place` is what may be shown of where it leads. `off_because` says why we switched it off:
    `receiver-gone` when the receiver answered 410.
    """

    id: UUID
    kind: ChannelKind
    name: str
    state: ChannelState
    off_because: str | None
    place: str
    old_secret_until: Moment | None
    created_at: Moment
    changed_at: Moment

    @classmethod
    def of(cls, channel: Channel) -> "ChannelView":
        return cls(
            id=channel.id,
            kind=channel.kind,
            name=channel.name,
            state=channel.state,
            off_because=channel.off_because,
            place=channel.place,
            old_secret_until=channel.old_secret_until,
            created_at=channel.created_at,
            changed_at=channel.changed_at,
        )


class ShownOnceView(ChannelView):
    """`secret` (`whsec_…`) is what a webhook's messages are verified with; only this answer has it.
    Null for other kinds.
    """

    secret: str | None

    @classmethod
    def of_new(cls, channel: Channel, secret: Secret | None) -> "ShownOnceView":
        shown = ChannelView.of(channel).model_dump()
        return cls(**shown, secret=None if secret is None else secret.reveal())


class AttemptView(View):
    at: str
    status: int | None
    error: str | None
    duration_ms: int | None


class DeliveryView(View):
    """A notification on its way through a channel; `status`, `error` and `duration_ms` are of the
    last attempt, `due_at` is of the next one where it is `waiting`.

    The receiver knows it by `notification_id`, however often it is sent.
    """

    id: UUID
    notification_id: UUID
    channel_id: UUID
    state: DeliveryState
    title: str
    due_at: Moment | None
    attempts: int
    status: int | None
    error: str | None
    duration_ms: int | None
    tried_at: Moment | None
    created_at: Moment
    log: tuple[AttemptView, ...]

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryView":
        return cls(
            id=delivery.id,
            notification_id=delivery.notification_id,
            channel_id=delivery.channel_id,
            state=delivery.state,
            title=delivery.title,
            due_at=delivery.due_at if delivery.state is DeliveryState.WAITING else None,
            attempts=delivery.attempts,
            status=delivery.status,
            error=delivery.error,
            duration_ms=delivery.duration_ms,
            tried_at=delivery.tried_at,
            created_at=delivery.created_at,
            log=tuple(AttemptView.model_validate(each) for each in delivery.log),
        )


_TEXTS: Final = (
    "id", "notification_id", "channel_id", "state", "title", "status", "error", "duration_ms",
)  # fmt: skip


def deliveries_table(rows: Sequence[Delivery], views: Sequence[DeliveryView]) -> Columns:
    """Without the log of attempts."""
    return {
        **texts(views, *_TEXTS),
        "attempts": np.array([each.attempts for each in rows], np.int64),
        "created_at_ms": np.array([to_ms(each.created_at) for each in rows], np.int64),
    }
