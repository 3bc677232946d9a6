"""How many requests wait for an answer, and whether those are too many.

One count for each process: the edge keeps it, and the wire looks at it before anything is made of a
request, so that refusing costs a small part of answering.
"""

import time
from typing import Final

PROBES: Final = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})
"""Answered however much waits: a probe that is refused restarts a service that has work to do."""
PROBE_TARGETS: Final = frozenset(path.encode() for path in PROBES)
CODE: Final = "overloaded"
TITLE: Final = "Too many requests wait already"
RETRY_AFTER: Final = (b"retry-after", b"1")


FEW: Final = 64
"""So many may always wait, however long each of them takes."""
LONGEST_S: Final = 0.5
"""More wait than are answered in this time: whoever comes now would come too late. A request that
needs the database three times waits for it three times.
"""
SHARE: Final = 0.02
"""Of the last answer in how long one takes at the moment."""


class Crowd:
    """Used from one event loop.

    Too many are more than `most`, or more than go out in half a second at the pace of the last
    answers. A queue beyond that only makes everybody late: what waits for seconds is given up by
    its client, or by the wait for a connection to the database, and nobody has been answered.
    """

    __slots__ = ("_gap_s", "_last_s", "_most", "_waiting")

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting = 0
        self._gap_s = 0.0
        self._last_s = 0.0

    @property
    def full(self) -> bool:
        waiting = self._waiting
        return waiting >= self._most or (waiting >= FEW and waiting * self._gap_s > LONGEST_S)

    def come(self) -> None:
        if not self._waiting:  # while nobody waits, no answer is late
            self._last_s = time.perf_counter()
        self._waiting += 1

    def go(self) -> None:
        now_s = time.perf_counter()
        self._gap_s += SHARE * (now_s - self._last_s - self._gap_s)
        self._last_s = now_s
        self._waiting -= 1
