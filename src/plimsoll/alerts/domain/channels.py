"""Where a person is told outside of the page."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

from plimsoll.kernel.identifiers import UserId

ChannelId = NewType("ChannelId", UUID)

MOST_CHANNELS: Final = 20
"""Of one person."""


class ChannelKind(StrEnum):
    WEBHOOK = "webhook"
    EMAIL = "email"
    APPRISE = "apprise"


class ChannelState(StrEnum):
    UNCONFIRMED = "unconfirmed"
    """An e-mail address whose owner has not said yet that it is theirs: nothing is sent to it."""
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Channel:
    """`place` is what may be shown of where it leads: a path is often the secret itself.

    `off_because`: why we switched it off; None where its owner did.
    """

    id: ChannelId
    user_id: UserId
    kind: ChannelKind
    name: str
    state: ChannelState
    off_because: str | None
    place: str
    old_secret_until: datetime | None
    created_at: datetime
    changed_at: datetime
