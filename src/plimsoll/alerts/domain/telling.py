"""An event on its way to its person: in words, and when."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plimsoll.alerts.domain.conditions import Event
from plimsoll.kernel.identifiers import UserId


@dataclass(frozen=True, slots=True)
class Told:
    """`tell_at` None: never, it is in the history all the same. `channels` are those the condition
    names; none: all that the person has switched on. In the page it is shown in any case.
    """

    event: Event
    user_id: UserId
    title: str
    text: str
    tell_at: datetime | None
    channels: tuple[UUID, ...] = ()
