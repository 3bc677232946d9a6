"""How far a job is and when it will probably end. Pure.

Nothing is promised that is not known: no percentage without a total, no end before there was some
progress to measure. The speed is that of the last minutes up to now, not up to the last progress,
so the end of a job that hangs moves away instead of being reached.
"""

from collections import deque
from typing import Final, NamedTuple

SAMPLES: Final = 60
APART_S: Final = 2.0
"""Between two samples that are kept: together they span the last two minutes."""
SETTLED_S: Final = 2.0
"""A speed is measured over so long at least."""
FARTHEST_S: Final = 10 * 365 * 86_400.0
"""An end that is farther away is none."""
LAST_BEFORE_END: Final = 99


class _Sample(NamedTuple):
    at_s: float
    done: int


class Pace:
    """The progress of one run of a job; a run that resumes measures its speed anew."""

    def __init__(
        self,
        percent: int | None = None,
        *,
        phase: str = "",
        done: int = 0,
        total: int | None = None,
    ) -> None:
        """What an earlier run came to; it stands until this one says something."""
        self.phase = phase
        self.done = done
        self.total = total
        self.percent = percent
        """Never falls, and is at most 99: only the end is the end."""
        self._samples: deque[_Sample] = deque(maxlen=SAMPLES)

    def note(self, done: int, total: int | None, phase: str, *, at_s: float) -> None:
        """`done` of `total` at `at_s` seconds of a clock that never runs backwards.

        A total that turns out too small grows with what is done. Less done than before means that
        something was begun again: its speed is measured anew.
        """
        assert done >= 0
        if done < self.done:
            self._samples.clear()
        self.phase, self.done = phase, done
        self.total = None if total is None else max(total, done, 1)
        if self.total is not None:
            now = min(done * 100 // self.total, LAST_BEFORE_END)
            self.percent = max(now, self.percent or 0)
        if not self._samples or at_s - self._samples[-1].at_s >= APART_S:
            self._samples.append(_Sample(at_s, done))

    def remaining_s(self, at_s: float) -> float | None:
        """Seconds until the end at the speed of late; None when nobody can know."""
        if self.total is None or not self._samples:
            return None
        first = self._samples[0]
        took_s, got_on = at_s - first.at_s, self.done - first.done
        if took_s < SETTLED_S or got_on <= 0:
            return None
        remaining_s = (self.total - self.done) * took_s / got_on
        return remaining_s if remaining_s < FARTHEST_S else None
