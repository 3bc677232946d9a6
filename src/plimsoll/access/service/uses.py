"""When and how often each API key is used, and when each session was last seen.

Counted in memory by every request, written down in bulk at most once a minute per key or session. A
crash loses at most the last minute.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from plimsoll.access.domain.usage import Refusal, Uses, hour_of
from plimsoll.access.storage import keys, sessions
from plimsoll.kernel.clock import Clock
from plimsoll.kernel.identifiers import KeyId, SessionId
from plimsoll.plumbing.database import Database

WRITE_EVERY_S: Final = 60.0


class Rhythm:
    """What is due to be written: at once the first time, then once a minute."""

    __slots__ = ("_written",)

    def __init__(self) -> None:
        self._written: dict[UUID, float] = {}

    def is_due(self, subject: UUID, now_s: float) -> bool:
        return now_s - self._written.get(subject, 0.0) >= WRITE_EVERY_S

    def wrote(self, subject: UUID, now_s: float) -> None:
        self._written[subject] = now_s

    def forget(self, now_s: float) -> None:
        """Who is due anyway need not be remembered."""
        for subject, at_s in tuple(self._written.items()):
            if now_s - at_s >= WRITE_EVERY_S:
                del self._written[subject]


class KeyUses:
    """Uses of keys that are not in the database yet."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._counted: dict[KeyId, list[Uses]] = {}
        self._rhythm = Rhythm()

    def note(self, key_id: KeyId, address: str | None) -> None:
        """A request that came with the key."""
        now = self._clock.now()
        uses = self._of(key_id, now)
        uses.requests += 1
        uses.last_at = now
        uses.last_address = address

    def refuse(self, key_id: KeyId, refusal: Refusal) -> None:
        """That a request which was noted went no further."""
        uses = self._of(key_id, self._clock.now())
        if refusal is Refusal.LIMITED:
            uses.limited += 1
        else:
            uses.forbidden += 1

    def _of(self, key_id: KeyId, now: datetime) -> Uses:
        hours = self._counted.get(key_id)
        if hours is None:
            hours = self._counted[key_id] = []
        if not hours or (now - hours[-1].hour).total_seconds() >= 3600:  # noqa: PLR2004 - an hour
            hours.append(Uses(hour_of(now), now, None))
        return hours[-1]

    async def write_down(self, *, everything: bool = False, only: KeyId | None = None) -> None:
        """Store what is due: keys whose last writing is a minute ago, or all, or one of them."""
        now_s = self._clock.now().timestamp()
        due = [
            key_id
            for key_id in self._counted
            if key_id == only or everything or (only is None and self._rhythm.is_due(key_id, now_s))
        ]
        if due:
            taken = {key_id: self._counted.pop(key_id) for key_id in due}
            try:
                async with self._database.write() as unit:
                    await keys.add_uses(unit, taken)
            except BaseException:
                for key_id, hours in taken.items():
                    self._counted[key_id] = hours + self._counted.get(key_id, [])
                raise
        for key_id in due:
            self._rhythm.wrote(key_id, now_s)
        self._rhythm.forget(now_s)


class SessionUses:
    """Sessions that were seen since it was last written down."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._seen: dict[SessionId, datetime] = {}
        self._rhythm = Rhythm()

    def note(self, session_id: SessionId) -> None:
        self._seen[session_id] = self._clock.now()

    async def write_down(self, *, everything: bool = False) -> None:
        """Store what is due: sessions whose last writing is a minute ago, or all."""
        now_s = self._clock.now().timestamp()
        due = {
            session_id: at
            for session_id, at in self._seen.items()
            if everything or self._rhythm.is_due(session_id, now_s)
        }
        if due:
            async with self._database.write() as unit:
                await sessions.note_seen(unit, due)
        for session_id, at in due.items():
            self._rhythm.wrote(session_id, now_s)
            if self._seen.get(session_id) == at:
                del self._seen[session_id]
        self._rhythm.forget(now_s)
