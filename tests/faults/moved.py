"""`plimsoll` with a clock that is off by so many seconds as a file says.

    MOVED_BY=FILE python -m tests.faults.moved up …

Only the wall clock moves: no step of it reaches the monotonic one, on a real machine neither.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path

from plimsoll.cli.entry import main
from plimsoll.kernel.clock import SystemClock

BY = Path(os.environ["MOVED_BY"])
true_now = SystemClock.now


def moved_now(clock: SystemClock) -> datetime:
    return true_now(clock) + timedelta(seconds=float(BY.read_text("ascii")))


if __name__ == "__main__":
    setattr(SystemClock, "now", moved_now)  # noqa: B010 - a method of somebody else's class
    main()
