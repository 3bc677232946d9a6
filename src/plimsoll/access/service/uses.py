"""When each API key was last used.

Noted in memory by every request, written down at most once a minute per key.
"""

from datetime import UTC, datetime
from typing import Final

from plimsoll.access.storage import keys
from plimsoll.kernel.clock import Clock
from plimsoll.kernel.identifiers import KeyId
from plimsoll.plumbing.database import Database

WRITE_EVERY_S: Final = 60.0


class KeyUses:
    """Uses of keys that are not in the database yet.

    A crash loses at most the last minute of them.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._noted: dict[KeyId, float] = {}
        self._written: dict[KeyId, float] = {}

    def note(self, key_id: KeyId) -> None:
        self._noted[key_id] = self._clock.now().timestamp()

    async def write_down(self, *, everything: bool = False) -> None:
        """Store what is due: keys whose last writing is a minute ago, or all."""
        now_s = self._clock.now().timestamp()
        due = {
            key_id: at_s
            for key_id, at_s in self._noted.items()
            if everything or now_s - self._written.get(key_id, 0.0) >= WRITE_EVERY_S
        }
        if due:
            async with self._database.write() as unit:
                await keys.note_uses(
                    unit,
                    {key_id: datetime.fromtimestamp(at_s, UTC) for key_id, at_s in due.items()},
                )
        for key_id, at_s in due.items():
            self._written[key_id] = now_s
            if self._noted[key_id] == at_s:
                del self._noted[key_id]
        for key_id, at_s in tuple(self._written.items()):
            if now_s - at_s >= WRITE_EVERY_S and key_id not in self._noted:
                del self._written[key_id]
