"""Watches all conditions, in one process at a time.

Whoever has the lease loads every condition, asks the hearings for the values of their subjects, and
judges each batch in memory; steps go to the recorder. What people change is read again a moment
later, in this process at once. When the process dies another one takes over after the lease, loads
what is stored, and goes on with the next value: an event that was stored is told, and one that was
not is made again, with the same number.

While nobody has an alert no lease is taken and nothing is written.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from prometheus_client import Counter, Gauge, Histogram

from plimsoll.alerts.domain.alerts import Alert, watched_subject
from plimsoll.alerts.domain.allowance import HELD_BACK, Allowances
from plimsoll.alerts.domain.conditions import Condition, ConditionId, Subject, SubjectKind
from plimsoll.alerts.domain.subjects import Aim, SubjectRefused, read
from plimsoll.alerts.domain.watching import Watch
from plimsoll.alerts.service.hearing import (
    Hearing,
    OriginOf,
    TellJobs,
    Values,
    Wanted,
)
from plimsoll.alerts.service.recording import Made, Recorder, TurnLost
from plimsoll.alerts.storage import conditions, events
from plimsoll.alerts.storage.jobs_heard import JobsHeard
from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import PlimsollError
from plimsoll.kernel.identifiers import UserId
from plimsoll.markets.domain.assets import Catalogue
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.waiting import wait_at_most

log = structlog.get_logger(__name__)

CONDITIONS: Final = Gauge("alert_conditions_watched", "Conditions that this process watches.")
HELD: Final = Counter(
    "alert_events_held_back", "Conditions that came true too often for one person."
)
BATCH: Final = Histogram(
    "alert_batch_seconds",
    "Time to judge a batch of values.",
    buckets=(0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25),
)

CLOSE_WITHIN_S: Final = 5.0
OVERLAP: Final = timedelta(seconds=15)
"""A change is seen only after its commit; statements and locks end long before this is over."""
LOADED_AT_ONCE: Final = 100
"""About four milliseconds of everybody's time."""


@dataclass(frozen=True, slots=True)
class WatchTerms:
    """`lease_s` is how long nobody watches after the process that did has died; `beat_s` how often
    the lease is renewed, and what people changed elsewhere is read.
    """

    beat_s: float = 1.0
    lease_s: float = 4.0


class Watching:
    """One per process. `run` until cancelled; `nudge` after a change that is committed."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        catalogue: Catalogue,
        make_hearings: Callable[[TellJobs], Mapping[SubjectKind, Hearing]],
        *,
        terms: WatchTerms | None = None,
        may_watch: Callable[[], bool] = lambda: True,
    ) -> None:
        """`may_watch`: False where another process is the one that hears everything."""
        self._terms = terms or WatchTerms()
        self._may_watch = may_watch
        self._database = database
        self._clock = clock
        self._catalogue = catalogue
        self._hearings = make_hearings(self.take)
        self._recorder = Recorder(database, catalogue)
        self._watch = Watch()
        self._allowances = Allowances()
        self._alerts: dict[ConditionId, tuple[Alert, Aim]] = {}
        self._of: dict[Subject, set[ConditionId]] = {}
        self._since: datetime | None = None
        self._nudged = asyncio.Event()
        self.epoch: int | None = None
        """Of the turn of this process; None while it does not watch."""

    def __len__(self) -> int:
        return len(self._watch)

    def take(self, values: Values, origin_of: OriginOf, heard: JobsHeard | None = None) -> None:
        """Judge a batch; what it changes is written later, and then what is `heard`."""
        if self.epoch is None:
            return
        with BATCH.time():
            now = self._clock.now()
            for step in self._watch.take(values, now):
                alert, aim = self._alerts[step.condition.id]
                if step.event and not self._allow(alert.user_id):
                    later = step.before.snoozed(now + HELD_BACK)
                    self._watch.put(step.condition, later)
                    continue
                origin = origin_of(step.condition.subject) if step.event else None
                self._recorder.put(Made(alert, aim, step.after, step.event, origin))
        if heard is not None:
            self._recorder.put(heard)

    def _allow(self, user_id: UserId) -> bool:
        allowed = self._allowances.take(user_id, self._clock.monotonic())
        if not allowed:
            HELD.inc()
        return allowed

    def nudge(self) -> None:
        """Something was changed: look now instead of in a second."""
        self._nudged.set()

    async def settle(self) -> None:
        """Wait until everything that was judged is written."""
        await self._recorder.settle()

    async def run(self) -> None:
        """A schedule loop: what goes wrong once is logged, and the next time comes."""
        try:
            while True:
                try:
                    await self._turn()
                except PlimsollError as error:
                    log.warning("alerts_wait_for_database", code=error.code)
                except TurnLost:
                    log.warning("alerts_turn_lost")
                except Exception:
                    log.exception("alerts_watch_failed")
                await self._pause()
        finally:
            self._end()

    async def _turn(self) -> None:
        """Watch, if it is this process's turn, until it is not."""
        if not self._may_watch():
            return
        async with self._database.read() as unit:
            if not await conditions.is_any(unit):
                return
        epoch = await events.take_turn(self._database, lease_s=self._terms.lease_s)
        if epoch is None:
            return
        beating = asyncio.create_task(self._beat(epoch), name="alerts-beat")
        writing = asyncio.create_task(self._recorder.run(epoch), name="alerts-recorder")
        try:
            await self._load(epoch)
            await self._follow(beating, writing)
            await self._hand_over(epoch, beating)
        except asyncio.CancelledError:
            await self._hand_over(epoch, beating)
            raise
        finally:
            self._end()
            for task in (beating, writing):
                task.cancel()
            await asyncio.gather(beating, writing, return_exceptions=True)

    async def _load(self, epoch: int) -> None:
        """Everything that is stored; then the present values."""
        async with self._database.read() as unit:
            self._since = await conditions.read_now(unit)
            async for page in conditions.load(unit, at_once=LOADED_AT_ONCE):
                for alert in page:
                    self._enter(alert)
                await asyncio.sleep(0)
        self.epoch = epoch
        log.info("alerts_watched", conditions=len(self._watch), epoch=epoch)
        for count, subject in enumerate(list(self._of)):
            if subject in self._of:
                self._hearings[subject.kind].look(subject)
            if count % LOADED_AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _follow(self, *tasks: "asyncio.Task[None]") -> None:
        """Take over what people change, until another process is to watch. Raises TurnLost."""
        while self._may_watch():
            await self._pause()
            for task in tasks:
                if task.done():
                    task.result()
            if self._recorder.overflows:
                log.error("alerts_forgotten", reason="too much waits to be written")
                raise TurnLost
            await self._read_changes()
            self._allowances.forget_full(self._clock.monotonic())
            for hearing in set(self._hearings.values()):
                hearing.beat()
            CONDITIONS.set(len(self._watch))

    async def _read_changes(self) -> None:
        assert self._since is not None
        async with self._database.read() as unit:
            kept, removed, looked_at = await conditions.list_changed(unit, self._since - OVERLAP)
        self._since = looked_at
        for alert_id in removed:
            self._leave(alert_id)
        for alert in kept:
            known = self._alerts.get(alert.id)
            if known is None or known[0].version != alert.version:
                subject = self._enter(alert)
                if subject is not None:
                    self._hearings[subject.kind].look(subject)

    async def _beat(self, epoch: int) -> None:
        """Keep the lease; raises TurnLost."""
        while True:
            await asyncio.sleep(self._terms.beat_s)
            try:
                if not await events.renew(self._database, epoch, lease_s=self._terms.lease_s):
                    raise TurnLost
            except PlimsollError as error:
                log.warning("alerts_lease_not_renewed", code=error.code)

    async def _hand_over(self, epoch: int, beating: "asyncio.Task[None]") -> None:
        """Write what was judged, and let another process go on at once."""
        self.epoch = None
        beating.cancel()  # so that nothing renews what is released
        await asyncio.gather(beating, return_exceptions=True)
        with suppress(TimeoutError, PlimsollError):
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self._recorder.settle()
                await events.release(self._database, epoch)

    def _enter(self, alert: Alert) -> Subject | None:
        """Watch it from where it stands; None for one whose subject is not to be had any more."""
        self._leave(alert.id)
        condition = alert.terms.condition
        try:
            aim = read(condition.subject.kind, condition.subject.of, self._catalogue)
        except SubjectRefused as error:
            log.warning("alert_not_watched", alert=str(alert.id), reason=error.detail)
            return None
        subject = watched_subject(aim, alert.user_id)
        watched = Condition(
            condition.id,
            subject,
            condition.comparison,
            condition.threshold,
            condition.hysteresis,
            condition.cooldown,
            condition.repeat,
        )
        self._alerts[alert.id] = (alert, aim)
        self._watch.put(watched, alert.standing)
        others = self._of.setdefault(subject, set())
        if not others:
            wanted = Wanted(alert.user_id, alert.created_at)
            self._hearings[subject.kind].follow(subject, aim, wanted)
        others.add(alert.id)
        return subject

    def _leave(self, alert_id: ConditionId) -> None:
        known = self._alerts.pop(alert_id, None)
        if known is None:
            return
        alert, aim = known
        self._watch.remove(alert_id)
        subject = watched_subject(aim, alert.user_id)
        others = self._of[subject]
        others.discard(alert_id)
        if not others:
            del self._of[subject]
            self._hearings[subject.kind].leave(subject)

    def _end(self) -> None:
        self.epoch = None
        for subject in self._of:
            self._hearings[subject.kind].leave(subject)
        self._of.clear()
        self._alerts.clear()
        self._watch = Watch()
        self._recorder.forget()
        CONDITIONS.set(0)

    async def _pause(self) -> None:
        await wait_at_most(self._nudged, self._terms.beat_s)
        self._nudged.clear()
