"""Sensitive actions of operators: asked for, decided by another one, done once."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from plimsoll.access.domain.approvals import (
    Approval,
    ApprovalId,
    ApprovalRefused,
    ApprovalState,
    Asked,
    Decision,
    NoSuchApproval,
    SecondOperatorNeeded,
)
from plimsoll.access.domain.audit import Event, Happening
from plimsoll.access.service import audit, directory
from plimsoll.access.service.access import Access
from plimsoll.access.storage import approvals
from plimsoll.kernel.clock import rfc3339
from plimsoll.kernel.errors import Invalid, TooLarge
from plimsoll.kernel.identifiers import UserId, new_id
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.plumbing.paging import Cut, PageRequest
from plimsoll.settings import Sensitive

LONGEST_BODY = 20_000


class TooLongToApprove(TooLarge):
    """A request so long that nobody would read what they approve."""

    code = "too-long-to-approve"
    title = "The request is too long to be approved"


class UnreadableRequest(Invalid):
    """A body that cannot be shown as it is to whoever approves it."""

    code = "unreadable-request"
    title = "The body is not UTF-8"


REFUSALS: Final = (SecondOperatorNeeded, ApprovalRefused, TooLongToApprove, UnreadableRequest)
"""What an action may answer that may need a second operator."""


def ask_for(method: str, path: str, query: bytes, body: bytes) -> Asked:
    """The request as text, every byte of it; raises UnreadableRequest."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise UnreadableRequest("whoever approves it reads it") from None
    if "\0" in text:  # JSON is also read as UTF-16, and that looks like this
        raise UnreadableRequest("whoever approves it reads it")
    return Asked(method, path, query.decode("latin-1"), text)


async def claim(
    access: Access,
    action: Sensitive,
    asked: Asked,
    *,
    by: UserId,
    key: str | None,
    address: str | None,
) -> None:
    """Return when the request may be done now, and count it as done.

    Where the action needs no second operator it always may. Raises SecondOperatorNeeded when it
    waits for one, from now on or since before, ApprovalRefused while a refusal is fresh, and
    TooLongToApprove.
    """
    if action not in access.settings.second_operator:
        return
    if len(asked.body) > LONGEST_BODY:
        raise TooLongToApprove(f"at most {LONGEST_BODY} characters")

    async def work(unit: Unit) -> Approval | None:
        now = access.clock.now()
        found = await approvals.find_latest(unit, by, asked.fingerprint)
        if found is not None and await _holds(unit, found, now, key=key):
            if found.used_at is None:
                await approvals.use(unit, found.used(now, key=key))
                await _note(unit, Event.APPROVAL_USED, found, at=now, by=by, address=address)
            return None
        if found is not None and found.stands(now):
            return found
        lasts = timedelta(minutes=access.settings.approval_minutes)
        made = Approval(ApprovalId(new_id()), action, asked, by, now, now + lasts)
        await approvals.insert(unit, made)
        await _note(unit, Event.APPROVAL_ASKED, made, at=now, by=by, address=address)
        return made

    in_the_way = await access.database.transact(work)
    if in_the_way is not None:
        raise _refusal(in_the_way)


async def _holds(unit: Unit, approval: Approval, now: datetime, *, key: str | None) -> bool:
    """The word of somebody who is no operator any more does not count."""
    decision = approval.decision
    return (
        decision is not None
        and approval.holds_for(now, key=key)
        and await directory.is_operator(unit, decision.by)
    )


def _refusal(approval: Approval) -> SecondOperatorNeeded | ApprovalRefused:
    facts = {
        "approval_id": str(approval.id),
        "action": approval.action,
        "expires_at": rfc3339(approval.expires_at),
    }
    if approval.decision is not None:
        return ApprovalRefused(approval.decision.reason, facts=facts)
    return SecondOperatorNeeded(
        "send the same request again when another operator has approved it", facts=facts
    )


async def decide(
    access: Access,
    approval_id: ApprovalId,
    *,
    by: UserId,
    approved: bool,
    reason: str,
    address: str | None,
) -> Approval:
    """Raises NoSuchApproval, OwnApproval, ApprovalOver."""

    async def work(unit: Unit) -> Approval:
        found = await approvals.find(unit, approval_id, for_update=True)
        if found is None:
            raise NoSuchApproval("nobody asked for it")
        decision = Decision(by, access.clock.now(), approved, reason)
        decided = found.decided(decision)
        await approvals.decide(unit, approval_id, decision)
        event = Event.APPROVAL_GIVEN if approved else Event.APPROVAL_REFUSED
        await _note(unit, event, decided, at=decision.at, by=by, address=address, reason=reason)
        return decided

    return await access.database.transact(work)


async def get(unit: ReadUnit, approval_id: ApprovalId) -> Approval:
    """Raises NoSuchApproval."""
    found = await approvals.find(unit, approval_id)
    if found is None:
        raise NoSuchApproval("nobody asked for it")
    return found


async def list_of(
    access: Access, unit: ReadUnit, page: PageRequest, state: ApprovalState | None
) -> Cut[Approval]:
    """The newest first."""
    after = page.after(UUID)
    before = after[0] if after else None
    assert before is None or isinstance(before, UUID)
    rows = await approvals.list_latest(
        unit, before=before, state=state, now=access.clock.now(), limit=page.limit + 1
    )
    return page.cut(rows, lambda each: (str(each.id),))


async def _note(
    unit: Unit,
    event: Event,
    approval: Approval,
    *,
    at: datetime,
    by: UserId,
    address: str | None,
    reason: str | None = None,
) -> None:
    asked = approval.asked
    facts = {
        "action": approval.action,
        "request": f"{asked.method} {asked.path}",
        "fingerprint": asked.fingerprint.hex(),
    }
    if reason is not None:
        facts["reason"] = reason
    await audit.append(
        unit,
        Happening(event, at, by, str(approval.id), address, facts),
    )
