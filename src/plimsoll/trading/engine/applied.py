"""A command that was applied and is in the journal, and how a refusal is raised from it."""

from collections.abc import Callable
from typing import Final, NamedTuple
from uuid import UUID

from plimsoll.kernel.errors import PlimsollError
from plimsoll.trading.domain.brackets import (
    BracketDeductionRefused,
    BracketGap,
    BracketLeverageRefused,
    BracketRateRefused,
    BracketsRefused,
    NoBrackets,
)
from plimsoll.trading.domain.commands import Command
from plimsoll.trading.domain.events import Event, Refused
from plimsoll.trading.domain.listing import InstrumentRefused
from plimsoll.trading.domain.refusals import REFUSALS

Draft = Callable[[int, int], Command]
"""A command but for its number and its time, which the writer gives: `draft(seq, at_ms)`."""

_REFUSALS: Final = REFUSALS | {
    each.code: each
    for each in (
        InstrumentRefused,
        BracketsRefused,
        NoBrackets,
        BracketGap,
        BracketRateRefused,
        BracketLeverageRefused,
        BracketDeductionRefused,
    )
}


class Applied(NamedTuple):
    """`actor`: the user who asked for it, None: the venue itself. `chain`: the rolling hash after
    it.
    """

    command: Command
    events: list[Event]
    chain: str
    actor: UUID | None = None

    @property
    def seq(self) -> int:
        return self.command.seq

    @property
    def at_ms(self) -> int:
        return self.command.at_ms

    @property
    def refusal_code(self) -> str | None:
        first = self.events[0] if self.events else None
        return first.code if isinstance(first, Refused) else None

    @property
    def refusal(self) -> PlimsollError | None:
        """Why it changed nothing; None when it happened. Facts are in the machine's units."""
        first = self.events[0] if self.events else None
        if not isinstance(first, Refused):
            return None
        return _REFUSALS[first.code](first.detail, facts=dict(first.facts))
