"""Who waits for the writer, and for what."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from plimsoll.kernel.errors import PlimsollError
from plimsoll.trading.domain.refusals import OutOfRange
from plimsoll.trading.engine.applied import Applied, Draft
from plimsoll.trading.engine.states import EngineBusy, EngineState, away

MOST_WAITING: Final = 5_000
"""Commands in the queue; more are refused at once."""
MOST_IN_BATCH: Final = 512
LARGEST: Final = 2**62
"""Of a whole number in a command: what the tables can keep."""


@dataclass(slots=True, eq=False)
class Request:
    """An Idempotency-Key as digests: of who asked with which key, and of what was asked."""

    key: bytes
    fingerprint: bytes


@dataclass(slots=True, eq=False)
class Asked:
    """Commands of one caller, done one after the other, and who waits for them. A caller may go at
    any moment.
    """

    drafts: Sequence[Draft]
    actor: UUID | None
    request: Request | None
    done: "asyncio.Future[list[Applied]]"
    at_s: float = field(default_factory=time.perf_counter)

    def answer(self, applied: list[Applied]) -> None:
        if not self.done.done():
            self.done.set_result(applied)

    def refuse(self, error: PlimsollError) -> None:
        if not self.done.done():
            self.done.set_exception(error)


@dataclass(slots=True)
class Queue:
    """In the order in which they came. `count`: commands, not callers."""

    asked: deque[Asked] = field(default_factory=deque)
    count: int = 0

    def add(self, asked: Asked) -> None:
        """Raises EngineBusy, and OutOfRange for numbers that nobody can mean."""
        if self.count >= MOST_WAITING:
            raise EngineBusy(
                "come back in a moment",
                facts={"waiting": self.count, "most": MOST_WAITING},
                retry_after_s=1,
            )
        for draft in asked.drafts:
            _check_numbers(draft(0, 0))
        self.asked.append(asked)
        self.count += len(asked.drafts)

    def take(self) -> list[Asked]:
        """Those for one batch who still wait."""
        taken: list[Asked] = []
        count = 0
        while self.asked and count < MOST_IN_BATCH:
            asked = self.asked.popleft()
            self.count -= len(asked.drafts)
            if asked.done.done():
                continue
            count += len(asked.drafts)
            taken.append(asked)
        return taken

    def refuse_all(self, state: EngineState) -> None:
        """Whom the writer cannot serve in this state."""
        while self.asked:
            self.asked.popleft().refuse(away(state))
        self.count = 0


def _check_numbers(fields: tuple[object, ...]) -> None:
    """Numbers that fit nowhere are refused before the command has a place in the order."""
    for each in fields:
        if isinstance(each, int):
            if not -LARGEST < each < LARGEST:
                raise OutOfRange(
                    "a number is larger than anything here", facts={"most": str(LARGEST)}
                )
        elif isinstance(each, tuple):
            _check_numbers(each)
