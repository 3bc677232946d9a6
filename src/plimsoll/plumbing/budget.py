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

    So no minute, wherever it begins, ever sees more than `per_minute` requests, and all of them may
    come at once. A bucket that refills steadily admits up to twice its content in some minute,
    which a source that counts by the minute answers with 429.
    """

    def __init__(self, per_minute: int) -> None:
        self._spent_at: deque[float] = deque(maxlen=per_minute)

    def wait_s(self, at: float) -> float:
        """Seconds from `at` until there is a token."""
        if len(self._spent_at) < (self._spent_at.maxlen or 0):
            return 0.0
        return max(self._spent_at[0] + _MINUTE_S - at, 0.0)

    def spend(self, at: float) -> None:
        """Take the token that is there `at` the time `wait_s` told; later calls queue behind it."""
        self._spent_at.append(at)


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
