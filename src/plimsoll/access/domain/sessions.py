"""Sessions: what a person gets for their password."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from plimsoll.kernel.identifiers import SessionId, UserId

MAX_AGENT: Final = 200


def cut_agent(header: bytes | None) -> str | None:
    """What a program calls itself, as far as it can be shown."""
    if not header:
        return None
    text = header[:MAX_AGENT].decode("latin-1")
    return "".join(letter if letter.isprintable() else "?" for letter in text)


@dataclass(frozen=True, slots=True)
class Origin:
    """From where somebody comes, and what their program calls itself."""

    address: str | None
    agent: str | None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its owner sees it in a list. `last_seen_at` is to the minute."""

    id: SessionId
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str | None
    agent: str | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session just opened or prolonged: one in a cookie, or one with a refresh token."""

    user_id: UserId
    session_id: SessionId
    access_token: str = field(repr=False)
    expires_in_s: int
    refresh_token: str | None = field(repr=False)
    cookie: str | None = field(repr=False)
    session_expires_at: datetime
