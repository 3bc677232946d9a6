"""Kinds of failure, as a tree.

A kind says what a caller can do about it; a concrete error under it has a stable kebab-case
`code` and the facts. `plumbing/problems.py` gives each kind its HTTP status. Raise these for
what a caller can cause; use `assert` for what we promise ourselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One place of the input that is wrong: a JSON pointer, a code and a sentence."""

    pointer: str
    code: str
    message: str


class PlimsollError(Exception):
    """Something a caller caused or has to know. `facts` are the numbers behind the refusal,
    JSON-ready.
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"

    def __init__(
        self,
        detail: str = "",
        *,
        facts: Mapping[str, str | int | bool | None] | None = None,
        faults: tuple[FieldFault, ...] = (),
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = dict(facts or {})
        self.faults = faults
        self.retry_after_s = retry_after_s


class Invalid(PlimsollError):
    """The input is not acceptable as it is, whatever the state."""

    code = "invalid"
    title = "The request is not valid"


class TooLarge(Invalid):
    """More of it than is taken."""

    code = "too-large"
    title = "Too much"


class Unauthenticated(PlimsollError):
    """Who is calling is not known."""

    code = "unauthenticated"
    title = "Sign in first"


class Forbidden(PlimsollError):
    """Who is calling is known and may not do this."""

    code = "forbidden"
    title = "Not allowed"


class NotFound(PlimsollError):
    """There is no such thing, or it is someone else's: the answer is the same."""

    code = "not-found"
    title = "Not found"


class Conflict(PlimsollError):
    """The input is fine but the present state refuses it."""

    code = "conflict"
    title = "The current state does not allow this"


class TooMany(PlimsollError):
    """A limit was hit; `retry_after_s` says when to come back."""

    code = "too-many-requests"
    title = "Too many requests"


class Unavailable(PlimsollError):
    """Something that is needed is away for now."""

    code = "unavailable"
    title = "Temporarily unavailable"
