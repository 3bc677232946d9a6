"""People with an account."""

from dataclasses import dataclass
from datetime import datetime

from plimsoll.access.domain.principals import Role, Tier
from plimsoll.kernel.identifiers import UserId


@dataclass(frozen=True, slots=True)
class User:
    """An account without its password."""

    id: UserId
    email: str
    role: Role
    tier: Tier
    created_at: datetime
    disabled_at: datetime | None
