"""Rate limits: who may come how often, decided by GCRA.

GCRA keeps one moment per key: the theoretical arrival time, when everything admitted so far is paid
off at the limit's rate. A call moves it on by one emission interval (60 s / `per_minute`) times its
cost and is refused if it would then lie more than `burst` intervals ahead of now. So, for every key
and every window of w seconds:

    admitted cost <= burst + per_minute / 60 * w

Both numbers are published in the headers: a small burst keeps "100 a minute" close to true (110
with a burst of 10), where a burst of the whole limit would admit twice as much. Times are whole
nanoseconds, and the interval is rounded up, so the bound holds exactly and not up to rounding.

Source: ITU-T I.371 annex A (GCRA, virtual scheduling); draft-ietf-httpapi-ratelimit-headers.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass
from math import ceil
from typing import Final, Protocol

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import TooMany

_MINUTE_NS: Final = 60_000_000_000
_NAME: Final = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Limit:
    """`per_minute` calls sustained, `burst` at once; each name counts apart and is published."""

    name: str
    per_minute: int
    burst: int

    def __post_init__(self) -> None:
        assert _NAME.fullmatch(self.name), "a limit's name stands in a header as it is"
        assert self.per_minute >= 1
        assert self.burst >= 1


@dataclass(frozen=True, slots=True)
class Decision:
    """What a limit says to one call.

    `remaining` may still come at once; the whole burst is back after `reset_s`; a refused call of
    the same cost is admitted after `retry_after_s` (0 when this one was allowed).
    """

    allowed: bool
    limit: Limit
    remaining: int
    reset_s: float
    retry_after_s: float


class TooManyRequests(TooMany):
    """The caller's allowance is used up for now."""

    code = "too-many-requests"
    title = "Too many requests"


class Limiter(Protocol):
    async def spend(self, key: str, limit: Limit, cost: int = 1) -> Decision:
        """Take `cost`, 1 to `limit.burst`, from what `key` has left; a refusal takes nothing."""
        ...


class LocalLimiter:
    """Limits of this process, in memory; used from one event loop.

    At most `max_keys` keys are remembered. A key is forgotten only once it is paid off, when
    forgetting changes nothing: each new key looks at the two that were looked at longest ago, so
    paid-off keys never outnumber the others for long and no call ever scans the map. When the map
    is full of keys that all still owe, the newcomers of a limit share one allowance, and a key that
    gets its own place afterwards starts from what they owe together. Evicting someone instead would
    hand a flood of invented keys the means to clear its own debts, and refusing newcomers would let
    it lock everybody out.
    """

    def __init__(self, clock: Clock, max_keys: int = 100_000) -> None:
        assert max_keys >= 1
        self._clock = clock
        self._max_keys = max_keys
        self._paid_off_at: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._shared_paid_off_at: dict[str, int] = {}

    async def spend(self, key: str, limit: Limit, cost: int = 1) -> Decision:
        return self.spend_now(key, limit, cost)

    def spend_now(self, key: str, limit: Limit, cost: int = 1) -> Decision:
        """`spend` without the await, for hot paths."""
        assert 1 <= cost <= limit.burst, "a cost above the burst could never be admitted"
        now = int(self._clock.monotonic() * 1e9)
        interval = -(-_MINUTE_NS // limit.per_minute)
        place = (limit.name, key)
        known = self._paid_off_at.get(place)
        owed = known if known is not None else self._shared_paid_off_at.get(limit.name, 0)

        before = max(owed - now, 0)
        after = before + interval * cost
        tolerance = interval * limit.burst
        if after > tolerance:
            left = max(tolerance - before, 0) // interval
            return Decision(False, limit, left, before / 1e9, (after - tolerance) / 1e9)
        if known is not None or self._make_room(now):
            self._paid_off_at[place] = now + after
        else:
            self._shared_paid_off_at[limit.name] = now + after
        return Decision(True, limit, (tolerance - after) // interval, after / 1e9, 0.0)

    def _make_room(self, now: int) -> bool:
        """Forget what is paid off among the two keys next in turn; is there room for one more?"""
        places = self._paid_off_at
        for _ in range(min(2, len(places))):
            place = next(iter(places))
            if places[place] <= now:
                del places[place]
            else:
                places.move_to_end(place)
        return len(places) < self._max_keys


def refusal(decision: Decision) -> TooManyRequests:
    """The error of a refused decision, with its way back."""
    limit = decision.limit
    return TooManyRequests(
        f"at most {limit.per_minute} a minute, {limit.burst} at once",
        facts={"limit": limit.name, "per_minute": limit.per_minute, "burst": limit.burst},
        retry_after_s=decision.retry_after_s,
    )


def headers(decision: Decision) -> list[tuple[bytes, bytes]]:
    """`RateLimit-Policy` and `RateLimit` as raw headers; `Retry-After` comes with the refusal.

    `q` in `w` seconds is the rate, `burst` what may come at once; `r` may still come now, `t`
    seconds until the whole burst is back. Seconds are whole and rounded up.
    """
    limit = decision.limit
    return [
        (
            b"ratelimit-policy",
            b'"%b";q=%d;w=60;burst=%d' % (limit.name.encode(), limit.per_minute, limit.burst),
        ),
        (
            b"ratelimit",
            b'"%b";r=%d;t=%d' % (limit.name.encode(), decision.remaining, ceil(decision.reset_s)),
        ),
    ]
