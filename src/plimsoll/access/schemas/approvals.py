"""JSON shapes of what waits for a second operator, and of what operators do about people."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from plimsoll.access.domain.approvals import Approval, ApprovalState
from plimsoll.access.domain.users import User
from plimsoll.kernel.clock import Clock
from plimsoll.plumbing.shapes import Body, Moment, Text, View

Reason = Annotated[Text, Field(min_length=1, max_length=500, description="For the audit log")]


class ReasonBody(Body):
    reason: Reason


class RequestView(View):
    """What is to be done, as it was sent."""

    method: str
    path: str
    query: str
    body: str


class DecisionView(View):
    by: UUID
    at: Moment
    approved: bool
    reason: str


class ApprovalView(View):
    """`request` is done once, when who asked sends it again after it was approved."""

    id: UUID
    action: str
    state: ApprovalState
    request: RequestView
    asked_by: UUID
    asked_at: Moment
    expires_at: Moment
    decision: DecisionView | None
    used_at: Moment | None

    @classmethod
    def of(cls, approval: Approval, clock: Clock) -> Self:
        asked, decision = approval.asked, approval.decision
        return cls(
            id=approval.id,
            action=approval.action,
            state=approval.state(clock.now()),
            request=RequestView(
                method=asked.method, path=asked.path, query=asked.query, body=asked.body
            ),
            asked_by=approval.asked_by,
            asked_at=approval.asked_at,
            expires_at=approval.expires_at,
            decision=DecisionView(
                by=decision.by, at=decision.at, approved=decision.approved, reason=decision.reason
            )
            if decision
            else None,
            used_at=approval.used_at,
        )


class PersonStateView(View):
    """Without an e-mail address: an operator knows it or does not need it."""

    id: UUID
    enabled: bool

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(id=user.id, enabled=user.disabled_at is None)
