"""The channel `alerts`: what the caller is told, as it becomes due, none of it left out.

Numbers are those that the database gave when each was due, so whoever comes back with `since_seq`
gets what came in between, from whichever process. A notification is told once under its id; one
that comes a second time to a client, by a repeat, has the same id.
"""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from plimsoll.access.domain.principals import Principal, Scope
from plimsoll.access.guards import ScopeMissing, SignInFirst
from plimsoll.alerts.domain.deliveries import Notification
from plimsoll.alerts.service.notifying import MOST_SHOWN, Notifying
from plimsoll.kernel.clock import rfc3339
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.streams.messages import BadMessage, Subscribe
from plimsoll.plumbing.streams.topics import Caller, Log, Page, Topic

_PAGE: Final = 100


class SubjectRow(Struct):
    kind: str
    of: str


class AlertRow(Struct):
    """As `GET /notifications` has it."""

    id: str
    alert_id: str
    number: int
    subject: SubjectRow
    value: str
    title: str
    text: str
    at: str
    seen: bool


class AlertsBody(Struct):
    """A snapshot has the last ones that were not seen, the oldest first; an update those that are
    told now.
    """

    alerts: list[AlertRow]
    unseen: Annotated[int, Meta(description="How many were told and not seen, in all")]


class AlertLog(Log):
    """What one person is told."""

    keeps = True

    def __init__(
        self,
        notifying: Notifying,
        user_id: UserId,
        unseen: Sequence[Notification],
        *,
        count: int,
        seq: int,
    ) -> None:
        """`unseen`: the latest first."""
        super().__init__("alerts", "", user_id.hex, seq=seq)
        self._notifying = notifying
        self.user_id = user_id
        self._unseen = list(reversed(unseen))
        self._count = count

    def hear(self, told: Notification) -> None:
        assert told.told_seq is not None
        self._count += 1
        self._unseen = [*self._unseen[-MOST_SHOWN + 1 :], told]
        self.append(_body([told], self._count), told.told_seq)

    def hear_seen(self, unseen: Sequence[Notification], count: int) -> None:
        """What is not heard yet is counted when it is."""
        self._unseen = [each for each in reversed(unseen) if (each.told_seq or 0) <= self.seq]
        self._count = count - (len(unseen) - len(self._unseen))

    def snapshot(self) -> bytes:
        return _body(self._unseen, self._count)

    async def read_on(self, seq: int) -> Page:
        until = self.seq
        told = await self._notifying.read_on(self.user_id, after=seq, until=until, limit=_PAGE)
        bodies = [(each.told_seq or 0, _body([each], self._count)) for each in told]
        return Page(bodies, until if len(told) < _PAGE else bodies[-1][0])


class AlertChannel:
    """The caller's own alerts."""

    name = "alerts"
    request = Subscribe
    body = AlertsBody

    def __init__(self, notifying: Notifying) -> None:
        self._notifying = notifying
        self._logs: dict[UserId, AlertLog] = {}

    async def open(self, request: Subscribe, caller: Caller | None) -> Sequence[AlertLog]:
        """Raises SignInFirst, ScopeMissing, BadMessage."""
        user_id = _owner_of(caller).user_id
        if request.symbols:
            raise BadMessage(f"the channel {self.name} takes no symbols")
        if user_id not in self._logs:
            unseen, count, seq = await self._notifying.begin(user_id)
            if user_id not in self._logs:  # nor has somebody else opened it meanwhile
                log = AlertLog(self._notifying, user_id, unseen, count=count, seq=seq)
                self._logs[user_id] = log
                self._notifying.follow(user_id, log)
        return [self._logs[user_id]]

    def collect(self) -> None:
        """Nothing to do: what is due is told."""

    def release(self, topic: Topic) -> None:
        assert isinstance(topic, AlertLog)
        if self._logs.get(topic.user_id) is topic:
            del self._logs[topic.user_id]
            self._notifying.leave(topic.user_id)


def _owner_of(caller: Caller | None) -> Principal:
    if caller is None:
        raise SignInFirst("sign in first: this channel is about the caller's own alerts")
    principal = caller.principal
    assert isinstance(principal, Principal)
    if Scope.READ not in principal.scopes:
        raise ScopeMissing(f"it needs the scope {Scope.READ}", facts={"scope": Scope.READ})
    return principal


def _body(told: Sequence[Notification], unseen: int) -> bytes:
    return msgspec.json.encode(AlertsBody([_row(each) for each in told], unseen))


def _row(told: Notification) -> AlertRow:
    return AlertRow(
        id=str(told.id),
        alert_id=str(told.condition_id),
        number=told.number or 0,
        subject=SubjectRow(told.subject_kind, told.subject_of),
        value=told.value or "",
        title=told.title,
        text=told.body,
        at=rfc3339(told.at),
        seen=told.seen_at is not None,
    )
