"""When someone else's API may be called: what we allow ourselves, and what it asked for."""

import re
from collections import deque
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

RETRY_AFTER_CAP_S: Final = 3600.0
"""A source that wants to be left alone for longer is asked again after this."""

_MINUTE_S: Final = 60.0
_DELAY: Final = re.compile(r"[0-9]{1,9}")


class Budget:
    """A bucket of `per_minute` tokens, each of which is back a minute after it was spent.

    So no minute, wherever it begins, ever sees more than `per_minute` spent, and all of it may come
    at once. A bucket that refills steadily admits up to twice its content in some minute, which a
    source that counts by the minute answers with 429. A call takes as many tokens as its weight.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._spent = 0
        self._spendings: deque[tuple[float, int]] = deque()
        """When how much was spent, in the order of time; their sum is `_spent`."""

    def wait_s(self, at: float, weight: int = 1) -> float:
        """Seconds from `at` until there are `weight` tokens."""
        assert 0 < weight <= self._per_minute, "no minute would ever have so many tokens"
        self._forget(at)
        missing = self._spent + weight - self._per_minute
        free_at = max(at, self._spendings[-1][0]) if self._spendings else at
        for spent_at, spent in self._spendings:
            if missing <= 0:
                break
            missing -= spent
            free_at = max(free_at, spent_at + _MINUTE_S)
        return free_at - at

    def spend(self, at: float, weight: int = 1) -> None:
        """Take the tokens that are there `at` the time `wait_s` told; later calls queue behind."""
        self._spendings.append((at, weight))
        self._spent += weight

    def note_used(self, used: int, at: float) -> None:
        """So many tokens are gone by the source's own count; what we do not know of is gone too."""
        self._forget(at)
        unknown = min(used, self._per_minute) - self._spent
        if unknown > 0:
            self.spend(max(at, self._spendings[-1][0]) if self._spendings else at, unknown)

    def _forget(self, at: float) -> None:
        while self._spendings and self._spendings[0][0] + _MINUTE_S <= at:
            self._spent -= self._spendings.popleft()[1]


def retry_after_s(text: str, now: datetime) -> float | None:
    """Seconds that a `Retry-After` asks for, at most RETRY_AFTER_CAP_S; None when it says nothing.

    Source: RFC 9110 §10.2.3, seconds or an HTTP date.
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        asked = float(text) if _DELAY.fullmatch(text) else RETRY_AFTER_CAP_S
        return min(asked, RETRY_AFTER_CAP_S)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return min(max((at - now).total_seconds(), 0.0), RETRY_AFTER_CAP_S)
