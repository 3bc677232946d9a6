"""One message on its way through one channel, and how an attempt went."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

from plimsoll.alerts.domain.channels import ChannelId

DeliveryId = NewType("DeliveryId", UUID)
NotificationId = NewType("NotificationId", UUID)

GIVEN_UP_AFTER: Final = timedelta(days=3)
"""A message that nobody took by then is not news any more."""

MOST_WAITING: Final = 1_000
"""For one channel: whoever is so far behind reads the rest in the page."""

LONGEST_REST_S: Final = 300.0


class DeliveryState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    """Nobody took it, and it is not tried again."""
    CANCELLED = "cancelled"
    """Its channel was switched off before it was sent, or too much waited for it already."""


class Remedy(StrEnum):
    """What may help after an attempt that failed."""

    LATER = "later"
    NOTHING = "nothing"
    """The same message is refused again."""
    SWITCH_OFF = "switch-off"
    """The receiver is gone and says so."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What a person is told. `condition_id` None: a test of one channel.

    `told_seq` numbers what was told, in its order; None: not told yet, or never (`tell_at` None).
    """

    id: NotificationId
    condition_id: UUID | None
    number: int | None
    subject_kind: str
    subject_of: str
    value: str | None
    title: str
    body: str
    at: datetime
    tell_at: datetime | None
    told_seq: int | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt went; `error` None: the receiver took it."""

    error: str | None = None
    status: int | None = None
    """Of HTTP or SMTP, where there was one."""
    remedy: Remedy = Remedy.LATER
    retry_after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """`attempts` counts those since it was planned or sent again; `log` has the last ones."""

    id: DeliveryId
    notification_id: NotificationId
    channel_id: ChannelId
    state: DeliveryState
    title: str
    due_at: datetime
    attempts: int
    status: int | None
    error: str | None
    duration_ms: int | None
    tried_at: datetime | None
    created_at: datetime
    log: tuple[Mapping[str, object], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class WantedDeliveries:
    """Which of a person's deliveries; None: all."""

    channel_id: ChannelId | None = None
    state: DeliveryState | None = None
    notification_id: NotificationId | None = None


def rest_s(failures: int, *, asked_s: float = 0.0) -> float:
    """Seconds for which a channel is left alone after so many failures in a row, so that one whose
    receiver is down is asked with one message at a time and not with all that wait.
    """
    assert failures >= 1
    return max(min(2.0 ** min(failures, 10), LONGEST_REST_S), asked_s)
