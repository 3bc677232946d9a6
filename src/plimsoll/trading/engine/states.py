"""What the writer is doing, and what it tells those whose command it cannot take."""

from enum import StrEnum
from typing import Final

from plimsoll.kernel.errors import TooMany, Unavailable


class EngineState(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    REBUILDING = "rebuilding"
    """A commit failed; the machine is being made again, and who asks waits for it."""
    AWAY = "away"
    """The same, for longer than anybody waits."""
    STANDBY = "standby"
    """Another process is the writer; this one takes over when it goes."""
    REFUSED = "refused"
    """The journal does not replay to what it says; nothing is written until somebody looks."""
    CLOSED = "closed"


NOT_TAKING: Final = {
    EngineState.AWAY: "the database does not answer; it comes back by itself",
    EngineState.STANDBY: "another process runs it",
    EngineState.REFUSED: "its journal does not replay; `plimsoll engine verify` says where",
    EngineState.CLOSED: "it has stopped",
}
"""States in which nobody is kept waiting, and why."""


class EngineAway(Unavailable):
    """The exchange does not run in this process now; nothing was changed."""

    code = "engine-away"
    title = "The exchange is not available"


class EngineBusy(TooMany):
    """More commands wait than can be done soon; nothing was changed."""

    code = "engine-busy"
    title = "Too many commands are waiting"


def away(state: EngineState) -> EngineAway:
    """Why nothing is done now, for a caller."""
    why = NOT_TAKING.get(state, "the commit failed")
    return EngineAway(f"nothing was changed: {why}", facts={"state": state.value}, retry_after_s=2)
