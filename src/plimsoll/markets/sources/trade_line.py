"""The trades of one pair as a venue streams them: each once, and what is missing between them.

A venue numbers the trades of a pair without gaps, so a step of more than one is a hole, also across
a reconnect. A hole is whole minutes: nobody knows what happened in them until the venue's own
candles of them are fetched. Pure.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from plimsoll.markets.domain.candles import MINUTE_MS, Interval

STRAYS_MS: Final = MINUTE_MS
"""A trade so much older than the one before has a wrong stamp. A lower number so much later is no
repetition: the venue has begun to count anew, or the number before was wrong.
"""


FAR: Final = 100_000
"""So many numbers ahead of the last one, a trade is believed only when another one follows it."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Minutes of which something is missing: from the one that begins at `from_ms` up to `to_ms`.

    Both lie on the grid of minutes.
    """

    from_ms: int
    to_ms: int

    @classmethod
    def between(cls, first_ms: int, last_ms: int) -> "Hole":
        """The minutes that two moments lie in, and all between them."""
        minute = Interval.MINUTE
        return cls(minute.bucket_start(min(first_ms, last_ms)), minute.next_start(last_ms))

    def joined(self, other: "Hole | None") -> "Hole":
        if other is None:
            return self
        return Hole(min(self.from_ms, other.from_ms), max(self.to_ms, other.to_ms))


class Place(Enum):
    """How a trade follows those before it."""

    NEW = auto()
    KNOWN = auto()
    """It came before, or was traded before anybody followed."""
    STRAY = auto()
    """Its number or its stamp is not to be believed: it is taken for missing."""


class TradeLine:
    """The trades of one pair, from `began_ms` on: what was traded earlier is not followed, and a
    hole from `missed_from_ms` on.
    """

    def __init__(self, began_ms: int, *, missed_from_ms: int | None = None) -> None:
        since_ms = began_ms if missed_from_ms is None else missed_from_ms
        self.hole: Hole | None = Hole.between(since_ms, began_ms)  # the minute has begun already
        self._began_ms = began_ms
        self._last_id: int | None = None
        self._last_ms = began_ms
        self._stray_id: int | None = None
        self._told_id: int | None = None

    def place(self, trade_id: int, time_ms: int) -> Place:
        """Where a trade belongs; a new one moves the line, and shows what is missing before it."""
        last_id, last_ms = self._last_id, self._last_ms
        if time_ms < self._began_ms == last_ms:
            self._last_id = max(trade_id, last_id or 0)
            return Place.KNOWN
        if last_id is None:
            self._move(trade_id, time_ms)
            return Place.NEW
        step = trade_id - last_id
        if step <= 0 and time_ms < last_ms + STRAYS_MS:
            return Place.KNOWN
        if time_ms < last_ms - STRAYS_MS:
            return Place.STRAY
        if step > FAR and not (self._stray_id and 0 < trade_id - self._stray_id <= FAR):
            self._stray_id = trade_id
            return Place.STRAY
        if step != 1:
            self._miss(last_ms, time_ms)
        self._move(trade_id, time_ms)
        return Place.NEW

    def told(self, last_id: int, at_ms: int) -> None:
        """The venue says that `last_id` was the last trade. When it has said so twice and the trade
        has not come, something is missing.
        """
        if self._last_id is None or not 0 < last_id - self._last_id <= FAR:
            self._told_id = None
        elif self._told_id is None:
            self._told_id = last_id
        else:
            self._miss(self._last_ms, at_ms)
            self._move(self._told_id, at_ms)

    def doubt(self, time_ms: int) -> None:
        """A trade of this moment may be refused where candles are made of it."""
        self._miss(time_ms, time_ms)

    def repaired(self, part: Hole) -> None:
        """The candles of `part`, the first minutes of the hole, are there: what was missed in them
        meanwhile is in them as well.
        """
        if self.hole:
            rest = Hole(max(self.hole.from_ms, part.to_ms), self.hole.to_ms)
            self.hole = rest if rest.from_ms < rest.to_ms else None

    def _move(self, last_id: int, time_ms: int) -> None:
        self._last_id, self._last_ms = last_id, max(time_ms, self._last_ms)
        self._stray_id = self._told_id = None

    def _miss(self, first_ms: int, last_ms: int) -> None:
        self.hole = Hole.between(first_ms, max(first_ms, last_ms)).joined(self.hole)
