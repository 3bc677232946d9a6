"""Four eyes: an action of one operator that another one has to approve first.

What is approved is one request, exactly as it was sent: method, path, query and body. Its
operator sends it again once it is approved, and it is done once. Who asked cannot decide, and what
was not decided or not used in time has to be asked for anew.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from plimsoll.kernel.errors import Conflict, Forbidden, NotFound
from plimsoll.kernel.identifiers import UserId

ApprovalId = NewType("ApprovalId", UUID)


class SecondOperatorNeeded(Forbidden):
    """The action waits for another operator; `approval_id` is what they decide about."""

    code = "second-operator-needed"
    title = "A second operator has to approve this"


class ApprovalRefused(Forbidden):
    """Another operator said no to exactly this request."""

    code = "approval-refused"
    title = "A second operator refused this"


class OwnApproval(Forbidden):
    """Whoever asks does not decide."""

    code = "own-approval"
    title = "Another operator has to decide"


class ApprovalOver(Conflict):
    """It was decided already, or its time has run out."""

    code = "approval-over"
    title = "There is nothing left to decide"


class NoSuchApproval(NotFound):
    code = "approval-not-found"
    title = "There is no such approval"


class ApprovalState(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    USED = "used"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it was sent; `body` as text."""

    method: str
    path: str
    query: str
    body: str

    @property
    def fingerprint(self) -> bytes:
        parts = (self.method, self.path, self.query, self.body)
        return hashlib.sha256("\n".join(f"{len(each)} {each}" for each in parts).encode()).digest()


@dataclass(frozen=True, slots=True)
class Decision:
    by: UserId
    at: datetime
    approved: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Approval:
    """`used_key` is the Idempotency-Key of the request that it was used for."""

    id: ApprovalId
    action: str
    asked: Asked
    asked_by: UserId
    asked_at: datetime
    expires_at: datetime
    decision: Decision | None = None
    used_at: datetime | None = None
    used_key: str | None = None

    def state(self, now: datetime) -> ApprovalState:
        if self.used_at is not None:
            return ApprovalState.USED
        if self.decision is not None and not self.decision.approved:
            return ApprovalState.REFUSED
        if now >= self.expires_at:
            return ApprovalState.EXPIRED
        return ApprovalState.WAITING if self.decision is None else ApprovalState.APPROVED

    def decided(self, decision: Decision) -> "Approval":
        """Raises OwnApproval, ApprovalOver."""
        if decision.by == self.asked_by:
            raise OwnApproval("you asked for it")
        state = self.state(decision.at)
        if state is not ApprovalState.WAITING:
            raise ApprovalOver(f"it is {state}", facts={"state": state.value})
        return replace(self, decision=decision)

    def holds_for(self, now: datetime, *, key: str | None) -> bool:
        """Whether the request may be done: it is approved, or was tried with the same
        Idempotency-Key, which does nothing twice. Not after its time: what was tried and refused
        then would be done much later, when nobody looks at it any more.
        """
        if self.used_at is None:
            return self.state(now) is ApprovalState.APPROVED
        return now < self.expires_at and key is not None and key == self.used_key

    def stands(self, now: datetime) -> bool:
        """Whether asking again asks for nothing new: it still waits, or was refused just now."""
        open_or_refused = {ApprovalState.WAITING, ApprovalState.REFUSED}
        return now < self.expires_at and self.state(now) in open_or_refused

    def used(self, now: datetime, *, key: str | None) -> "Approval":
        assert self.holds_for(now, key=key)
        return self if self.used_at is not None else replace(self, used_at=now, used_key=key)
