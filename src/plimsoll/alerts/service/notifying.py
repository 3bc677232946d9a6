"""What a person is told in the page, and who is listening to it right now.

What is due is numbered in the database by one process at a time (`storage/notifications.tell`).
Every process looks there for what is new for those who listen to it, so it does not matter which
one numbered it; while nobody listens it does not look.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import structlog

from plimsoll.alerts.domain.deliveries import Notification, NotificationId
from plimsoll.alerts.storage import notifications
from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import NotFound, PlimsollError
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import Database, ReadUnit, Unit
from plimsoll.plumbing.paging import Cut, PageRequest

log = structlog.get_logger(__name__)

LOOK_S: Final = 0.25
MOST_SHOWN: Final = 100
"""Unseen ones that a listener begins with; the list has them all."""
_MOST_AT_ONCE: Final = 500


class NoSuchNotification(NotFound):
    code = "notification-not-found"
    title = "No such notification"


class Hearer(Protocol):
    """Somebody who listens to what one person is told."""

    @property
    def seq(self) -> int:
        """The number of the last one that was heard."""
        ...

    def hear(self, told: Notification) -> None: ...

    def hear_seen(self, unseen: Sequence[Notification], count: int) -> None:
        """What is unseen now, the latest first, and how many there are in all."""
        ...


class Notifying:
    """Notifications of everybody."""

    def __init__(self, database: Database, clock: Clock, *, look_s: float = LOOK_S) -> None:
        self._database = database
        self._clock = clock
        self._look_s = look_s
        self._hearers: dict[UserId, Hearer] = {}
        self._somebody = asyncio.Event()

    async def begin(self, user_id: UserId) -> tuple[list[Notification], int, int]:
        """What is unseen, the latest first; how many in all; and the number of the last one told.
        What comes later is heard.
        """
        async with self._database.look() as unit:
            unseen, seq = await notifications.count_unseen(unit, user_id)
            shown = await notifications.list_unseen(unit, user_id, limit=MOST_SHOWN)
            return shown, unseen, seq

    def follow(self, user_id: UserId, hearer: Hearer) -> None:
        """Tell what comes after `hearer.seq`."""
        self._hearers[user_id] = hearer
        self._somebody.set()

    def leave(self, user_id: UserId) -> None:
        self._hearers.pop(user_id, None)

    async def run(self) -> None:
        """The schedule loop: until cancelled."""
        while True:
            if not self._hearers:
                self._somebody.clear()
                await self._somebody.wait()
            try:
                await self.look()
            except PlimsollError as error:
                log.warning("notifications_away", code=error.code)
            except Exception:
                log.exception("notifications_failed")
            await asyncio.sleep(self._look_s)

    async def look(self) -> None:
        """Tell those who listen what is new."""
        heard = {user_id: hearer.seq for user_id, hearer in self._hearers.items()}
        async with self._database.read() as unit:
            later = await notifications.list_later(unit, heard, limit=_MOST_AT_ONCE)
        for user_id, told in later:
            hearer = self._hearers.get(user_id)
            if hearer is not None and told.told_seq is not None and told.told_seq > hearer.seq:
                hearer.hear(told)

    async def read_on(
        self, user_id: UserId, *, after: int, until: int, limit: int
    ) -> list[Notification]:
        """What was told after a number, up to another, the oldest first."""
        async with self._database.read() as unit:
            return await notifications.list_between(
                unit, user_id, after=after, until=until, limit=limit
            )

    async def see(
        self,
        user_id: UserId,
        *,
        up_to: NotificationId | None = None,
        ids: Sequence[NotificationId] = (),
    ) -> int:
        """Mark as seen all that was told up to one, or these; what is not there or not told yet is
        passed over. How many are left.
        """
        now = self._clock.now()

        async def work(unit: Unit) -> int:
            if up_to is not None:
                await notifications.see_up_to(unit, user_id, up_to, at=now)
            if ids:
                await notifications.see(unit, user_id, ids, at=now)
            return (await notifications.count_unseen(unit, user_id))[0]

        left = await self._database.transact(work)
        if user_id in self._hearers:
            shown, count, _ = await self.begin(user_id)
            if hearer := self._hearers.get(user_id):
                hearer.hear_seen(shown, count)
        return left


async def list_of(
    unit: ReadUnit, user_id: UserId, page: PageRequest, *, unseen: bool
) -> Cut[Notification]:
    """The latest first. Raises BadCursor."""
    rows = await notifications.list_of(
        unit, user_id, unseen=unseen, after=moment_and_id(page), limit=page.limit + 1
    )
    return page.cut(rows, key=lambda each: (each.at, each.id))


async def count_unseen(unit: ReadUnit, user_id: UserId) -> int:
    return (await notifications.count_unseen(unit, user_id))[0]


def moment_and_id(page: PageRequest) -> tuple[datetime, UUID] | None:
    """Where a list by moment and id goes on. Raises BadCursor."""
    key = page.after(datetime, UUID)
    if key is None:
        return None
    at, last = key
    assert isinstance(at, datetime)
    assert isinstance(last, UUID)
    return at, last
