"""What people do with their alerts: make, change, remove, silence, and look what came of them.

Everything that changes an alert gives it a new version, so that whoever watches reads it again; it
is told as soon as the change is committed.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends
from starlette.requests import HTTPConnection

from plimsoll.access.domain.principals import Principal, Scope
from plimsoll.alerts.domain.alerts import Alert, Happened, QuietChoice, Terms
from plimsoll.alerts.domain.channels import ChannelId
from plimsoll.alerts.domain.conditions import (
    Comparison,
    Condition,
    ConditionId,
    ConditionRefused,
    Repeat,
    Standing,
    Subject,
    SubjectKind,
    Value,
)
from plimsoll.alerts.domain.subjects import ANY_JOB, Aim, read, refuse
from plimsoll.alerts.service.watching import Watching
from plimsoll.alerts.service.world import World
from plimsoll.alerts.storage import channels, conditions, events
from plimsoll.insights.domain.rating import Word
from plimsoll.kernel.errors import Conflict, FieldFault, Forbidden, Invalid, NotFound
from plimsoll.kernel.identifiers import UserId, new_id
from plimsoll.kernel.money import ZERO, NotAnAmount, format_amount, parse_amount
from plimsoll.markets.domain.prices import Pair
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.plumbing.jobs.job import JobState

LONGEST_SNOOZE: Final = timedelta(days=366)
_OF_CANDLES: Final = frozenset(
    {
        SubjectKind.CHANGE,
        SubjectKind.INDICATOR,
        SubjectKind.RATING,
        SubjectKind.VOLATILITY_RANK,
    }
)
_OF_SYMBOLS: Final = frozenset({SubjectKind.LIQUIDATION_DISTANCE, SubjectKind.POSITION})
_WORDS: Final = {
    SubjectKind.RATING: tuple(word.value for word in Word),
    SubjectKind.JOB_RESULT: tuple(state.value for state in JobState if state.over),
}


class AlertNotFound(NotFound):
    code = "alert-not-found"
    title = "No such alert"


class TooManyAlerts(Conflict):
    """A person has as many as anybody may have; one has to go first."""

    code = "too-many-alerts"
    title = "Too many alerts"


class NotYours(Forbidden):
    """It is about the desk or about everybody: only operators are told."""

    code = "subject-of-operators"
    title = "Only operators may watch this"


class UnknownChannel(Invalid):
    code = "unknown-channel"
    title = "A channel is not there"


class SnoozeRefused(Invalid):
    """A moment that is over, or too far away."""

    code = "snooze-refused"
    title = "It cannot be silenced until then"


@dataclass(frozen=True, slots=True)
class Wish:
    """An alert as somebody asks for it; None: as it is, or as usual. `threshold` is a word where
    the comparison is `is`, else a decimal.
    """

    comparison: Comparison | None = None
    threshold: str | None = None
    hysteresis: Decimal | None = None
    cooldown: timedelta | None = None
    repeat: Repeat | None = None
    quiet_hours: QuietChoice | None = None
    channels: tuple[UUID, ...] | None = None
    note: str | None = None


class Alerts:
    """One per process."""

    def __init__(self, world: World, watching: Watching, *, most: int) -> None:
        self.watching = watching
        self._world = world
        self._database = world.database
        self._most = most

    async def make(
        self, unit: Unit, caller: Principal, subject: Subject, wish: Wish, now: datetime
    ) -> Alert:
        """In the caller's transaction; `watching.nudge` after its commit. Raises SubjectRefused,
        ConditionRefused, NotYours, UnknownChannel, TooManyAlerts.
        """
        aim = await self._check(caller, subject)
        terms = Terms(
            _condition(ConditionId(new_id()), Subject(aim.kind, aim.text), wish),
            wish.quiet_hours or QuietChoice.RESPECT,
            wish.channels or (),
            wish.note or "",
        )
        await _check_channels(unit, caller.user_id, terms.channels)
        if await conditions.count_locked(unit, caller.user_id) >= self._most:
            raise TooManyAlerts(
                f"there are {self._most:,} already; remove one", facts={"most": self._most}
            )
        return await conditions.add(unit, terms, caller.user_id, now)

    async def change(self, caller: Principal, alert_id: ConditionId, wish: Wish) -> Alert:
        """Other terms for an alert; what decides when it fires arms it again. Raises AlertNotFound
        and what `make` raises.
        """

        async def work(unit: Unit) -> Alert:
            alert = await _lock(unit, caller.user_id, alert_id)
            terms = _changed(alert.terms, wish)
            if terms.channels != alert.terms.channels:
                await _check_channels(unit, caller.user_id, terms.channels)
            standing = alert.standing
            if terms.condition != alert.terms.condition:
                standing = standing.armed_again()
            return await conditions.change(unit, alert, terms, standing)

        return await self._committed(work)

    async def remove(self, user_id: UserId, alert_id: ConditionId) -> None:
        """Its events stay in the history. Raises AlertNotFound."""

        async def work(unit: Unit) -> None:
            if not await conditions.remove(unit, user_id, alert_id):
                raise _unknown()

        await self._database.transact(work)
        self.watching.nudge()

    async def snooze(
        self, user_id: UserId, alert_id: ConditionId, until: datetime, now: datetime
    ) -> Alert:
        """It does not fire before `until`; a moment that is now ends the silence. Raises
        AlertNotFound, SnoozeRefused.
        """
        if not now <= until <= now + LONGEST_SNOOZE:
            raise SnoozeRefused(
                f"between now and {LONGEST_SNOOZE.days} days from now",
                faults=(FieldFault("#/until", SnoozeRefused.code, "not in the allowed range"),),
            )
        silent = until if until > now else None
        return await self._stand(user_id, alert_id, lambda standing: standing.snoozed(silent))

    async def arm(self, user_id: UserId, alert_id: ConditionId) -> Alert:
        """As if it were new: it may fire at once, also one that was to fire once and did. Raises
        AlertNotFound.
        """
        return await self._stand(user_id, alert_id, Standing.armed_again)

    async def _stand(
        self, user_id: UserId, alert_id: ConditionId, move: Callable[[Standing], Standing]
    ) -> Alert:
        async def work(unit: Unit) -> Alert:
            alert = await _lock(unit, user_id, alert_id)
            return await conditions.change(unit, alert, alert.terms, move(alert.standing))

        return await self._committed(work)

    async def _committed(self, work: Callable[[Unit], Awaitable[Alert]]) -> Alert:
        alert = await self._database.transact(work)
        self.watching.nudge()
        return alert

    # what may be watched

    async def _check(self, caller: Principal, subject: Subject) -> Aim:
        """The subject as it is kept, if there is such a thing and the caller may watch it."""
        aim = read(subject.kind, subject.of, self._world.prices.catalogue)
        if aim.everybodys and Scope.ADMIN not in caller.scopes:
            raise NotYours("it is about the whole desk")
        if aim.kind is SubjectKind.PRICE and not self._world.prices.find_quote(*_pair(aim)):
            raise refuse("there is no price of it yet; it is asked for now", code="unknown-pair")
        if aim.kind in _OF_CANDLES and not self._world.candles.knows(_pair(aim)):
            raise refuse("there are no candles of it", code="unknown-pair")
        if (
            aim.kind in _OF_SYMBOLS
            and aim.name not in self._world.broadcasting.exchange.instruments
        ):
            raise refuse("nothing is traded under this symbol", code="unknown-symbol")
        names = await self._names_of(aim.kind)
        if names and aim.name not in names:
            raise refuse(f"there are {', '.join(sorted(names))}", code="unknown-name")
        return aim

    async def _names_of(self, kind: SubjectKind) -> Collection[str]:
        if kind is SubjectKind.KPI:
            return (await self._world.read_kpis()).keys()
        if kind is SubjectKind.JOB_RESULT:
            return {ANY_JOB, *self._world.list_jobs()}
        return ()


def _changed(terms: Terms, wish: Wish) -> Terms:
    before = terms.condition
    kept = Wish(
        comparison=wish.comparison or before.comparison,
        threshold=_text_of(before.threshold) if wish.threshold is None else wish.threshold,
        hysteresis=before.hysteresis if wish.hysteresis is None else wish.hysteresis,
        cooldown=before.cooldown if wish.cooldown is None else wish.cooldown,
        repeat=wish.repeat or before.repeat,
    )
    return replace(
        terms,
        condition=_condition(before.id, before.subject, kept),
        quiet_hours=wish.quiet_hours or terms.quiet_hours,
        channels=terms.channels if wish.channels is None else wish.channels,
        note=terms.note if wish.note is None else wish.note,
    )


def _pair(aim: Aim) -> Pair:
    assert aim.pair is not None
    return aim.pair


def _text_of(threshold: Value) -> str:
    return threshold if isinstance(threshold, str) else format_amount(threshold)


def _condition(alert_id: ConditionId, subject: Subject, wish: Wish) -> Condition:
    """Raises ConditionRefused."""
    assert wish.comparison is not None
    assert wish.threshold is not None
    comparison = wish.comparison
    if subject.kind is SubjectKind.LIQUIDATION_DISTANCE and comparison is not Comparison.BELOW:
        raise _refused("#/comparison", "the distance to liquidation is watched as `below`")
    return Condition(
        alert_id,
        subject,
        comparison,
        _threshold(subject.kind, comparison, wish.threshold),
        ZERO if wish.hysteresis is None else wish.hysteresis,
        timedelta(0) if wish.cooldown is None else wish.cooldown,
        wish.repeat or Repeat.ALWAYS,
    )


def _threshold(kind: SubjectKind, comparison: Comparison, text: str) -> Value:
    if comparison is Comparison.IS:
        words = _WORDS.get(kind, ())
        if words and text not in words:
            raise _refused("#/threshold", f"expected one of {', '.join(words)}")
        return text
    try:
        return parse_amount(text)
    except NotAnAmount as error:
        raise _refused("#/threshold", error.detail) from None


def _refused(pointer: str, detail: str) -> ConditionRefused:
    return ConditionRefused(detail, faults=(FieldFault(pointer, ConditionRefused.code, detail),))


def _unknown() -> AlertNotFound:
    return AlertNotFound("there is no such alert, or it was removed")


async def _lock(unit: Unit, user_id: UserId, alert_id: ConditionId) -> Alert:
    alert = await conditions.lock(unit, user_id, alert_id)
    if alert is None:
        raise _unknown()
    return alert


async def _check_channels(unit: Unit, user_id: UserId, wanted: tuple[UUID, ...]) -> None:
    if wanted and not await channels.check_own(unit, user_id, [ChannelId(each) for each in wanted]):
        detail = "name channels of your own, as /alert-channels lists them"
        fault = FieldFault("#/channels", UnknownChannel.code, detail)
        raise UnknownChannel(detail, faults=(fault,))


async def get_alert(unit: ReadUnit, user_id: UserId, alert_id: ConditionId) -> Alert:
    """Raises AlertNotFound."""
    alert = await conditions.find(unit, user_id, alert_id)
    if alert is None:
        raise _unknown()
    return alert


async def list_alerts(
    unit: ReadUnit,
    user_id: UserId,
    *,
    kind: SubjectKind | None,
    after: UUID | None,
    limit: int,
) -> list[Alert]:
    """The newest first."""
    return await conditions.list_latest(unit, user_id, kind=kind, after=after, limit=limit)


async def list_events(
    unit: ReadUnit,
    user_id: UserId,
    *,
    after: tuple[datetime, UUID, int] | None,
    limit: int,
) -> list[Happened]:
    """Of all alerts of a person, those that were removed included; the latest first."""
    return await events.list_latest(unit, user_id, after=after, limit=limit)


async def list_events_of(
    unit: ReadUnit, user_id: UserId, alert_id: ConditionId, *, after: int | None, limit: int
) -> list[Happened]:
    """The latest first. Raises AlertNotFound."""
    await get_alert(unit, user_id, alert_id)
    return await events.list_of_one(unit, user_id, alert_id, after=after, limit=limit)


async def alerts_of(connection: HTTPConnection) -> Alerts:
    alerts = connection.app.state.alerts
    assert isinstance(alerts, Alerts)
    return alerts


AlertsDep = Annotated[Alerts, Depends(alerts_of)]
"""The alerts of this process, for a handler."""
