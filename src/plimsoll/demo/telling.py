"""Which story a demo tells: the seed, the day it ends on, and the past it happens in."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property
from threading import Lock

from plimsoll.demo.story import DAYS
from plimsoll.kernel.clock import to_ms
from plimsoll.markets.service.simulated_past import InventedPrices, Past, make_past


@dataclass
class Telling:
    """`until`: the midnight, UTC, at which the story ends; the market goes on to `now`."""

    seed: int
    day: date
    now: datetime
    _making: Lock = field(default_factory=Lock)
    _made: Past | None = None

    @property
    def until(self) -> datetime:
        return datetime.combine(self.day, time(), UTC)

    @property
    def past(self) -> Past:
        """Two seconds of work the first time; others who ask meanwhile wait for it."""
        with self._making:
            if self._made is None:
                self._made = make_past(
                    self.seed, days=DAYS, begun_ms=to_ms(self.until), now_ms=to_ms(self.now)
                )
            return self._made

    @cached_property
    def market(self) -> InventedPrices:
        return InventedPrices(self.past)

    @property
    def years(self) -> tuple[int, int]:
        """Of tax: the last two that are over when the story ends."""
        return self.day.year - 2, self.day.year - 1
