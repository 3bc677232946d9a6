"""Steps on their way to the database: standing, event and what is told of it in one transaction.

Watching goes on meanwhile; what cannot be written now is written when the database is back. What
was judged under terms that their person has changed since is left out, and judged anew under the
new ones. Written again after a commit whose outcome is not known, everything is as it was: a
standing has one value, and an event one number.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog
from prometheus_client import Counter, Gauge

from plimsoll.access.domain.preferences import Preferences
from plimsoll.access.domain.principals import Scope, scopes_of
from plimsoll.access.domain.users import User
from plimsoll.access.service import accounts, preferences
from plimsoll.alerts.domain.alerts import Alert, Happened, Origin, QuietChoice
from plimsoll.alerts.domain.conditions import Event, Standing, Subject
from plimsoll.alerts.domain.schedule import Quiet, QuietHours, tell_at
from plimsoll.alerts.domain.subjects import Aim
from plimsoll.alerts.domain.telling import Told
from plimsoll.alerts.domain.wording import sentence_of, title_of
from plimsoll.alerts.storage import deliveries, events, jobs_heard
from plimsoll.alerts.storage.events import Stand
from plimsoll.alerts.storage.jobs_heard import JobsHeard
from plimsoll.kernel.errors import PlimsollError
from plimsoll.markets.domain.assets import Catalogue
from plimsoll.plumbing.database import Database, Unit

log = structlog.get_logger(__name__)

EVENTS: Final = Counter("alert_events", "Conditions that came true, as stored.", ["kind"])
WAITING: Final = Gauge("alert_steps_waiting", "Changed standings that are not stored yet.")

AT_ONCE: Final = 500
MOST_WAITING: Final = 100_000
"""Then the watch is made anew from what is stored: the memory of an outage has an end."""
AWAY_S: Final = 1.0


class TurnLost(Exception):
    """Another process watches; what is not written by now is judged there."""


@dataclass(frozen=True, slots=True)
class Made:
    """A step of one alert, as it was when it was judged. `origin` is there with an event."""

    alert: Alert
    aim: Aim
    after: Standing
    event: Event | None
    origin: Origin | None


class Recorder:
    """Writes what is `put`, in order, for as long as it is this process's turn."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue
        self._waiting = deque[Made | JobsHeard]()
        self._some = asyncio.Event()
        self._none = asyncio.Event()
        self._none.set()

    def put(self, made: Made | JobsHeard) -> None:
        self._waiting.append(made)
        self._some.set()
        self._none.clear()

    @property
    def overflows(self) -> bool:
        return len(self._waiting) > MOST_WAITING

    def forget(self) -> None:
        """Whatever is not written yet will be judged again."""
        self._waiting.clear()
        self._some.clear()
        self._none.set()

    async def settle(self) -> None:
        """Wait until everything that was put is written."""
        await self._none.wait()

    async def run(self, epoch: int) -> None:
        """Write until cancelled. Raises TurnLost."""
        while True:
            await self._some.wait()
            some = [self._waiting[at] for at in range(min(AT_ONCE, len(self._waiting)))]
            WAITING.set(len(self._waiting))

            async def write(unit: Unit, some: Sequence[Made | JobsHeard] = some) -> int:
                return await self._write(unit, epoch, some)

            try:
                written = await self._database.transact(write)
            except PlimsollError as error:
                log.warning("alerts_wait_for_database", code=error.code, steps=len(self._waiting))
                await asyncio.sleep(AWAY_S)
                continue
            if written:
                log.info("alerts_fired", events=written)
            for _ in some:
                self._waiting.popleft()
            if not self._waiting:
                self._some.clear()
                self._none.set()
                WAITING.set(0)

    async def _write(self, unit: Unit, epoch: int, waiting: Sequence[Made | JobsHeard]) -> int:
        """The number of events that were written."""
        if not await events.is_ours(unit, epoch):
            raise TurnLost
        some = list[Made]()
        heard: JobsHeard | None = None
        for each in waiting:
            if isinstance(each, Made):
                some.append(each)
            else:
                heard = each
        if heard is not None:
            await jobs_heard.keep(unit, heard)
        return await self._write_steps(unit, some) if some else 0

    async def _write_steps(self, unit: Unit, some: Sequence[Made]) -> int:
        last = {(made.alert.id, made.alert.version): made.after for made in some}
        stood = await events.stand(
            unit, [Stand(alert_id, version, after) for (alert_id, version), after in last.items()]
        )
        versions = {made.alert.id: made.alert.version for made in some}
        fired = [
            made
            for made in some
            if made.event
            and made.alert.id in stood
            and versions[made.alert.id] == made.alert.version
        ]
        fired = await _permitted(unit, fired) if fired else fired
        if not fired:
            return 0
        people = list({made.alert.user_id for made in fired})
        likes = await preferences.read_all(unit, people)
        said = [self._say(made, likes[made.alert.user_id]) for made in fired]
        await events.add(unit, [(told.user_id, happened) for happened, told in said])
        await deliveries.plan(unit, [told for _, told in said])
        for made in fired:
            EVENTS.labels(made.aim.kind.value).inc()
        return len(said)

    def _say(self, made: Made, likes: Preferences) -> tuple[Happened, Told]:
        alert, aim, origin, catalogue = made.alert, made.aim, made.origin, self._catalogue
        assert made.event is not None
        assert origin is not None
        event = replace(made.event, subject=Subject(aim.kind, aim.text))
        condition = alert.terms.condition
        title = title_of(aim, condition, event.value, catalogue)
        text = sentence_of(aim, condition, event, origin, catalogue)
        when = _when(event.at, alert.terms.quiet_hours, likes)
        happened = Happened(
            condition_id=event.condition_id,
            number=event.number,
            kind=aim.kind,
            subject=aim.text,
            value=event.value,
            title=title,
            text=text,
            source=origin.source,
            simulated=origin.simulated,
            at=event.at,
            tell_at=when,
        )
        return happened, Told(event, alert.user_id, title, text, when, alert.terms.channels)


def _when(at: datetime, choice: QuietChoice, likes: Preferences) -> datetime | None:
    quiet = likes.quiet
    if quiet is None or choice is QuietChoice.IGNORE:
        return tell_at(at, None)
    return tell_at(at, QuietHours(quiet.start, quiet.end, likes.zone, Quiet(quiet.rule)))


async def _permitted(unit: Unit, fired: Sequence[Made]) -> list[Made]:
    """Without those of people who are shut out, and those about everybody whose person is no
    operator any more.
    """
    people = await accounts.find_all(unit, {made.alert.user_id for made in fired})
    return [made for made in fired if _may_hear(people.get(made.alert.user_id), made.aim)]


def _may_hear(user: User | None, aim: Aim) -> bool:
    if user is None:
        return False
    oversees = Scope.ADMIN in scopes_of(user.role)
    return user.disabled_at is None and (oversees or not aim.everybodys)
