"""Who may come in, and why somebody is sent away."""

from enum import IntEnum
from typing import Protocol

from starlette.types import Scope

from plimsoll.plumbing.streams.topics import Caller


class Close(IntEnum):
    """Why we end a connection; the name in lower case is the reason that is sent."""

    FAILED = 1011
    RESTARTING = 1012
    IDLE = 4408
    TOO_SLOW = 4413
    TOO_MANY_MESSAGES = 4429

    @property
    def reason(self) -> str:
        return self.name.lower().replace("_", "-")


class Door(Protocol):
    """Who is calling; what the hub has to know of access."""

    async def enter(self, scope: Scope) -> Caller | None:
        """Whoever opens the connection; raises when they may not, a page of another site above
        all.
        """
        ...

    async def sign_in(self, scope: Scope, token: str) -> Caller:
        """Whoever a first message says they are."""
        ...

    async def confirm(self, caller: Caller) -> None:
        """Raises when the credential is no longer good."""
        ...
