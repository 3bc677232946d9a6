"""What sources say that cannot be right: it is counted and left out, and never ends a source.

Only when for some seconds nothing else comes, the source has failed: whoever merely makes noise
does not confirm what it said before.
"""

from typing import Final

from prometheus_client import Counter

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import Unavailable

FAULTS: Final = Counter(
    "market_source_faults",
    "Parts of what a source said that were left out, by what was wrong with them.",
    ["source", "reason"],
)
"""Reasons are a fixed handful per source, never text of a message."""

PATIENCE_S: Final = 5.0
PATIENCE: Final = 5
"""So many pieces of noise in a row, over PATIENCE_S at least, are a failure."""


class SourceUnreadable(Unavailable):
    """A source talks, and nothing that it says can be used."""

    code = "source-unreadable"
    title = "A source of data says nothing that can be used"


class Sense:
    """Whether a stream still makes sense."""

    def __init__(self, source: str, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._noise = 0
        self._since_s = self._last_s = 0.0

    def note(self, *, made: bool, wasted: bool) -> None:
        """What came last: whether something could be used, whether something could not."""
        if made:
            self._noise = 0
        elif wasted:
            self._last_s = self._clock.monotonic()
            if not self._noise:
                self._since_s = self._last_s
            self._noise += 1

    def check(self) -> None:
        """Raises SourceUnreadable when there was nothing but noise, and again after as much."""
        if self._noise >= PATIENCE and self._last_s - self._since_s >= PATIENCE_S:
            self._noise = 0
            detail = f"nothing that {self._source} said in {PATIENCE_S:.0f} s could be used"
            raise SourceUnreadable(detail, facts={"source": self._source})
