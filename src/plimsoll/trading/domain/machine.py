"""The machine: one command in, what happened out. The only door through which the venue changes.

Deterministic: no clock, no chance, no I/O; the same commands make the same events and the same
state on every run. A command that is refused has one event, `Refused`, and changed nothing but the
number and the time of the last command. What a command sets off (orders whose trigger is reached,
liquidations) happens inside of it, before the next one.

Time passes only with commands that say so, `PassTime` and `SetIndex`: whoever feeds the machine
sends one before a batch, so that what should have expired has.
"""

from collections.abc import Callable
from typing import Any, Final

from plimsoll.kernel.errors import PlimsollError
from plimsoll.trading.domain import handling, passing, purses, quoting, steering
from plimsoll.trading.domain.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    Countdown,
    Deposit,
    ForceReduce,
    FundInsurance,
    ListInstrument,
    MoveMargin,
    OpenAccount,
    PassTime,
    PlaceOrder,
    Quote,
    SetHedge,
    SetIndex,
    SetLeverage,
    SetLimits,
    SetMarginMode,
    SetState,
    SetTier,
    Transfer,
    Withdraw,
)
from plimsoll.trading.domain.events import Event, Refused
from plimsoll.trading.domain.step import Step
from plimsoll.trading.domain.venue import Venue

Handler = Callable[[Step, Any], None]

HANDLERS: Final[dict[type[Command], Handler]] = {
    OpenAccount: purses.open_account,
    SetTier: purses.set_tier,
    Deposit: purses.deposit,
    Withdraw: purses.withdraw,
    Transfer: purses.transfer,
    SetLeverage: purses.set_leverage,
    SetMarginMode: purses.set_margin_mode,
    SetHedge: purses.set_hedge,
    MoveMargin: purses.move_margin,
    PlaceOrder: handling.place,
    AmendOrder: handling.amend,
    CancelOrder: handling.cancel,
    CancelAll: handling.cancel_all,
    Countdown: handling.count_down,
    ForceReduce: handling.force_reduce,
    Quote: quoting.quote,
    SetIndex: passing.set_index,
    PassTime: passing.pass_time,
    SetState: steering.set_state,
    SetLimits: steering.set_limits,
    ListInstrument: steering.list_instrument,
    FundInsurance: steering.fund_insurance,
}


class Machine:
    """`venue` is the machine's own; look at it, change nothing."""

    __slots__ = ("venue",)

    def __init__(self, venue: Venue | None = None) -> None:
        self.venue = venue or Venue()

    def apply(self, command: Command) -> list[Event]:
        """Do one command whole, or refuse it whole. Its number follows the last one, its time is
        not before the last one's: the sequencer promises that.
        """
        venue = self.venue
        seq, at_ms = command.seq, command.at_ms
        assert seq == venue.seq + 1
        assert at_ms >= venue.at_ms
        venue.seq, venue.at_ms = seq, at_ms
        step = Step(venue, seq, at_ms)
        try:
            HANDLERS[type(command)](step, command)
        except PlimsollError as refusal:
            assert not step.events
            return [Refused(refusal.code, refusal.detail, _facts(refusal))]
        if step.touched or step.traded:
            passing.settle(step)
        return step.events


def _facts(refusal: PlimsollError) -> tuple[tuple[str, int | str], ...]:
    return tuple(
        (name, each if isinstance(each, int) else str(each)) for name, each in refusal.facts.items()
    )
