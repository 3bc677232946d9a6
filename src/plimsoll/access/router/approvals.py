"""What waits for a second operator: seen by those who oversee, decided by operators."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from plimsoll.access.domain.approvals import (
    ApprovalId,
    ApprovalOver,
    ApprovalState,
    NoSuchApproval,
    OwnApproval,
)
from plimsoll.access.guards import REFUSALS, Operator, Overseer, access_of, address_of
from plimsoll.access.schemas.approvals import ApprovalView, ReasonBody
from plimsoll.access.service import approvals
from plimsoll.kernel.errors import Invalid
from plimsoll.plumbing.database import DatabaseUnavailable, Reading
from plimsoll.plumbing.paging import BadCursor, Page, Paging
from plimsoll.plumbing.problems import problems

router = APIRouter(prefix="/approvals", tags=["operators"])

ANY = (*REFUSALS, Invalid, DatabaseUnavailable)
Asked = Annotated[UUID, Path()]


@router.get("", responses=problems(BadCursor, *ANY))
async def list_approvals(
    request: Request,
    _: Overseer,
    unit: Reading,
    page: Paging,
    state: Annotated[ApprovalState | None, Query()] = None,
) -> Page[ApprovalView]:
    """Actions of operators that needed, or need, a second one; the newest first."""
    access = access_of(request.scope)
    cut = await approvals.list_of(access, unit, page, state)
    views = [ApprovalView.of(each, access.clock) for each in cut.rows]
    return Page(data=views, next_cursor=cut.next_cursor)


@router.get("/{approval_id}", responses=problems(NoSuchApproval, *ANY))
async def read_approval(
    request: Request, _: Overseer, unit: Reading, approval_id: Asked
) -> ApprovalView:
    """One of them, with the request as it was sent."""
    found = await approvals.get(unit, ApprovalId(approval_id))
    return ApprovalView.of(found, access_of(request.scope).clock)


DECISIONS = problems(NoSuchApproval, OwnApproval, ApprovalOver, *ANY)


@router.post("/{approval_id}/approve", responses=DECISIONS)
async def approve(
    request: Request, caller: Operator, body: ReasonBody, approval_id: Asked
) -> ApprovalView:
    """Let the other operator do it, once, before `expires_at`."""
    return await _decide(request, caller, body, approval_id, approved=True)


@router.post("/{approval_id}/refuse", responses=DECISIONS)
async def refuse(
    request: Request, caller: Operator, body: ReasonBody, approval_id: Asked
) -> ApprovalView:
    """Say no to exactly this request, until `expires_at`."""
    return await _decide(request, caller, body, approval_id, approved=False)


async def _decide(
    request: Request, caller: Operator, body: ReasonBody, approval_id: UUID, *, approved: bool
) -> ApprovalView:
    access = access_of(request.scope)
    decided = await approvals.decide(
        access,
        ApprovalId(approval_id),
        by=caller.user_id,
        approved=approved,
        reason=body.reason,
        address=address_of(request.scope),
    )
    return ApprovalView.of(decided, access.clock)
