"""Sessions: what a person gets for their password."""

from dataclasses import dataclass
from datetime import datetime

from plimsoll.kernel.identifiers import SessionId, UserId


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session just opened or prolonged: one in a cookie, or one with a refresh token."""

    user_id: UserId
    session_id: SessionId
    access_token: str
    expires_in_s: int
    refresh_token: str | None
    cookie: str | None
    session_expires_at: datetime
