"""What brings values to whoever watches, whatever they are about."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from plimsoll.alerts.domain.alerts import Origin
from plimsoll.alerts.domain.conditions import Subject, Value
from plimsoll.alerts.domain.subjects import Aim
from plimsoll.alerts.storage.jobs_heard import JobsHeard
from plimsoll.kernel.identifiers import UserId

Values = Sequence[tuple[Subject, Value | None]]
OriginOf = Callable[[Subject], Origin]
"""Who said a value; asked only for those that came true, at once."""

Tell = Callable[[Values, OriginOf], None]


class TellJobs(Protocol):
    """Tell values that happen once. What is `heard` is stored with what they bring about, or not at
    all: after a crash nothing is told twice, and nothing is left out.
    """

    def __call__(
        self, values: Values, origin_of: OriginOf, heard: JobsHeard | None = None
    ) -> None: ...


class Wanted(NamedTuple):
    """Who was the first to want to know of a subject, and since when."""

    by: UserId
    since: datetime


class Hearing(Protocol):
    """Hears of some kinds of subjects: of those that are followed, and as long as they are.

    Everything is called in the event loop and does not wait; values come through the `tell` that
    the hearing was given. A value that is stale or not known is not told, or told as None.
    """

    def follow(self, subject: Subject, aim: Aim, wanted: Wanted) -> None:
        """Values of this subject are wanted from now on."""
        ...

    def leave(self, subject: Subject) -> None:
        """They are not wanted any more."""
        ...

    def look(self, subject: Subject) -> None:
        """Somebody new wants to know: tell what is known now, at once or soon."""
        ...

    def beat(self) -> None:
        """Once a second, while something is watched."""
        ...
