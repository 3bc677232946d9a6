"""How often one person's alerts may fire: all at once now and then, and not all the time.

A threshold in the middle of a nervous price fires with every second price, and somebody with a
thousand of those would fill the history of everybody. Each person has an allowance that refills
evenly. What is beyond it is not lost: it is held back as by a cooldown, and fires afterwards if it
still holds. Pure: the caller says what time it is.
"""

from datetime import timedelta
from typing import Final

from plimsoll.kernel.identifiers import UserId

MOST_AT_ONCE: Final = 2_000
PER_S: Final = 2.0
HELD_BACK: Final = timedelta(minutes=1)


class Allowances:
    """Of everybody whose alerts have fired."""

    def __init__(self, *, most: int = MOST_AT_ONCE, per_s: float = PER_S) -> None:
        self._most = most
        self._per_s = per_s
        self._left: dict[UserId, tuple[float, float]] = {}
        """What was left, and at which monotonic second."""

    def take(self, user_id: UserId, now_s: float) -> bool:
        """Whether one more may fire; if so it is counted."""
        left = self._left_of(user_id, now_s)
        if left < 1:
            return False
        self._left[user_id] = left - 1, now_s
        return True

    def forget_full(self, now_s: float) -> None:
        """Of people whose allowance is whole again nothing has to be known."""
        full = [each for each in self._left if self._left_of(each, now_s) >= self._most]
        for user_id in full:
            del self._left[user_id]

    def _left_of(self, user_id: UserId, now_s: float) -> float:
        left, at_s = self._left.get(user_id, (float(self._most), now_s))
        return min(float(self._most), left + (now_s - at_s) * self._per_s)
