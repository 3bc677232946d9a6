"""Who is calling, and what they may do.

A principal is the verified answer to "who": a user, through one session (signed in with the
password) or one API key. Scopes are never implied by one another: a key that may trade may not read
unless it was given both.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from plimsoll.kernel.identifiers import KeyId, SessionId, UserId


class Role(StrEnum):
    USER = "user"
    OPERATOR = "operator"
    REGULATOR = "regulator"


class Tier(StrEnum):
    """Experience of a person; caps leverage and raises the limits of their API keys."""

    BEGINNER = "beginner"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


class Scope(StrEnum):
    READ = "read"
    TRADE = "trade"
    IMPORT = "import"
    OVERSEE = "oversee"
    """Read everybody's, and change nothing."""
    ADMIN = "admin"


_OF_ROLE: Final = {
    Role.USER: frozenset({Scope.READ, Scope.TRADE, Scope.IMPORT}),
    Role.OPERATOR: frozenset(Scope),
    Role.REGULATOR: frozenset({Scope.READ, Scope.OVERSEE}),
}


def scopes_of(role: Role) -> frozenset[Scope]:
    """Everything a person of `role` may do when signed in with the password."""
    return _OF_ROLE[role]


def scopes_of_key(role: Role, given: Iterable[str]) -> frozenset[Scope]:
    """What a key may do: what it was given, less what its owner may no longer do."""
    return scopes_of(role).intersection(Scope(name) for name in given)


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller. Exactly one of `session_id` and `key_id` is set.

    `expires_at_s` is in seconds since 1970; infinite for a key without an end.
    """

    user_id: UserId
    role: Role
    tier: Tier
    scopes: frozenset[Scope]
    session_id: SessionId | None
    key_id: KeyId | None
    expires_at_s: float
    must_enrol: bool = False
    """Their role needs a second factor, and they have none yet: no scope, until they have."""
