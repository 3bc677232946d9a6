"""Both forms of limits under a clock that is moved by hand, and what their bounds are."""

import itertools
from collections.abc import Callable, Sequence

import redis

from plimsoll.plumbing.limits import Charge, Limit, LocalLimiter, Ruling, refused_by
from plimsoll.plumbing.shared_limits import SCRIPT, _words, read
from tests.fakes.clock import ManualClock
from tests.plumbing.valkey import Valkey

SECOND = Limit("orders", per_minute=60, burst=3)
EXACT = Limit("api-key", per_minute=4)

BY_HAND = SCRIPT.replace(
    "redis.call('TIME')",
    "{tonumber(redis.call('GET', 'clock:s')), tonumber(redis.call('GET', 'clock:us'))}",
)
"""The script with a clock that stands still until it is told to move."""


def set_clock(valkey: Valkey, now_us: int) -> None:
    seconds, micros = divmod(now_us, 1_000_000)
    valkey.ask("MSET", "clock:s", str(seconds), "clock:us", str(micros))


PATIENT_S = 5.0
"""A deadline that a busy machine keeps."""
START_US = 1_800_000_000_250_000


Form = Callable[[Sequence[Charge], int], Ruling]
"""Spends at a moment in microseconds."""


class WholeClock(ManualClock):
    """Counts in eighths of a second, which floats and nanoseconds both hold exactly."""

    def __init__(self) -> None:
        super().__init__()
        self.ns = 0

    def monotonic(self) -> float:
        return self.ns / 1e9


def local_form() -> Form:
    clock = WholeClock()
    limiter = LocalLimiter(clock)

    def spend(charges: Sequence[Charge], now_us: int) -> Ruling:
        clock.ns = now_us * 1_000
        return limiter.spend_now(charges)

    return spend


def shared_form(valkey: Valkey) -> Form:
    client = redis.Redis(unix_socket_path=str(valkey.socket))
    client.flushall()
    run = client.register_script(BY_HAND)

    def spend(charges: Sequence[Charge], now_us: int) -> Ruling:
        client.mset({"clock:s": now_us // 1_000_000, "clock:us": now_us % 1_000_000})
        words = [str(word) for word in _words(charges)]
        return read(charges, run(words[: len(charges)], words[len(charges) :]))

    return spend


Admitted = list[tuple[int, int]]
"""Moments in µs, and costs."""


EIGHTH = 125_000
"""In µs: what floats of seconds hold exactly."""


def admit(form: Form, limit: Limit, gaps_us: Sequence[int], costs: Sequence[int]) -> Admitted:
    """What is admitted when calls come after these gaps."""
    now, admitted = 0, []
    for gap, cost in zip(gaps_us, costs, strict=True):
        now += gap
        if not refused_by(form([Charge("ann", limit, cost=cost)], now)):
            admitted.append((now, min(cost, limit.at_once)))
    return admitted


def worst_excess(limit: Limit, admitted: Admitted) -> float:
    """The most that any window held above what is promised for it; the bound says at most 0."""
    return max(
        (
            sum(cost for _, cost in admitted[first : last + 1])
            - promised(limit, admitted[last][0] - admitted[first][0])
            for first, last in itertools.combinations_with_replacement(range(len(admitted)), 2)
        ),
        default=-1.0,
    )


def promised(limit: Limit, window_us: int) -> float:
    if limit.burst is None:
        return limit.per_minute * max(-(-window_us // 60_000_000), 1)
    return limit.burst + limit.per_minute * window_us / 60e6
