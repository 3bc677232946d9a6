"""Time that a stall of the machine hardly adds to."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

TICK_S = 0.01
LONGEST_TICK_S = 0.05


class TimeAwake:
    """Seconds that this process was awake, counted by a thread of its own: a stall of the whole
    process, however long, is one tick; what only the event loop waits for counts.
    """

    def __init__(self) -> None:
        self.spent_s = 0.0


@contextmanager
def awake() -> Iterator[TimeAwake]:
    time_awake, over = TimeAwake(), threading.Event()

    def count() -> None:
        last_s = time.perf_counter()
        while not over.wait(TICK_S):
            before_s, last_s = last_s, time.perf_counter()
            time_awake.spent_s += min(last_s - before_s, LONGEST_TICK_S)

    counting = threading.Thread(target=count)
    counting.start()
    try:
        yield time_awake
    finally:
        over.set()
        counting.join()
