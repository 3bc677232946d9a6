"""Actions that wait for a second operator, and what became of them."""

from datetime import datetime
from uuid import UUID

import asyncpg

from plimsoll.access.domain.approvals import (
    Approval,
    ApprovalId,
    ApprovalState,
    Asked,
    Decision,
)
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import ReadUnit, Unit

_COLUMNS = """
    id, action, method, path, query, body, asked_by, asked_at, expires_at,
    decided_by, decided_at, approved, reason, used_at, used_key
"""
LOCK = "select pg_advisory_xact_lock($1)"
FIND_LATEST = f"""
    select {_COLUMNS} from approvals
    where asked_by = $1 and fingerprint = $2 order by id desc limit 1
"""  # noqa: S608 - our own list of columns
FIND = f"select {_COLUMNS} from approvals where id = $1"  # noqa: S608 - as above
INSERT = """
    insert into approvals
        (id, action, method, path, query, body, fingerprint, asked_by, asked_at, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
DECIDE = """
    update approvals set decided_by = $2, decided_at = $3, approved = $4, reason = $5 where id = $1
"""
USE = "update approvals set used_at = $2, used_key = $3 where id = $1"
LIST = f"""
    select {_COLUMNS} from approvals
    where ($1::uuid is null or id < $1) and ($2::text is null or $2 = case
        when used_at is not null then 'used'
        when not approved then 'refused'
        when expires_at <= $3 then 'expired'
        when approved then 'approved'
        else 'waiting' end)
    order by id desc limit $4
"""  # noqa: S608 - as above


async def find_latest(unit: Unit, asked_by: UserId, fingerprint: bytes) -> Approval | None:
    """The last time this operator asked for this request; others that ask for the same wait."""
    lock = int.from_bytes(fingerprint[:8], signed=True) ^ (asked_by.int & (2**63 - 1))
    await unit.execute(LOCK, lock)
    row = await unit.fetchrow(FIND_LATEST, asked_by, fingerprint)
    return _approval(row) if row else None


async def find(
    unit: ReadUnit, approval_id: ApprovalId, *, for_update: bool = False
) -> Approval | None:
    row = await unit.fetchrow(FIND + " for update" * for_update, approval_id)
    return _approval(row) if row else None


async def insert(unit: Unit, approval: Approval) -> None:
    asked = approval.asked
    await unit.execute(
        INSERT,
        approval.id,
        approval.action,
        asked.method,
        asked.path,
        asked.query,
        asked.body,
        asked.fingerprint,
        approval.asked_by,
        approval.asked_at,
        approval.expires_at,
    )


async def decide(unit: Unit, approval_id: ApprovalId, decision: Decision) -> None:
    await unit.execute(
        DECIDE, approval_id, decision.by, decision.at, decision.approved, decision.reason
    )


async def use(unit: Unit, approval: Approval) -> None:
    await unit.execute(USE, approval.id, approval.used_at, approval.used_key)


async def list_latest(
    unit: ReadUnit,
    *,
    before: UUID | None,
    state: ApprovalState | None,
    now: datetime,
    limit: int,
) -> list[Approval]:
    """The newest first."""
    return [_approval(row) for row in await unit.fetch(LIST, before, state, now, limit)]


def _approval(row: asyncpg.Record) -> Approval:
    decision = None
    if row["decided_by"] is not None:
        decision = Decision(row["decided_by"], row["decided_at"], row["approved"], row["reason"])
    return Approval(
        id=row["id"],
        action=row["action"],
        asked=Asked(row["method"], row["path"], row["query"], row["body"]),
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        expires_at=row["expires_at"],
        decision=decision,
        used_at=row["used_at"],
        used_key=row["used_key"],
    )
