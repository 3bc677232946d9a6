"""The audit log: rows only ever added, one after the other, each under the lock of the head."""

import json

import asyncpg

from plimsoll.access.domain.audit import Happening, Head, Row
from plimsoll.access.domain.audit import append as follow
from plimsoll.plumbing.database import ReadUnit, Unit

LOCK_HEAD = "select sequence, hash from audit_head for update"
APPEND = """
    with row as (
        insert into audit_log (sequence, at, event, user_id, subject, address, facts, hash)
        values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8)
    )
    update audit_head set sequence = $1, hash = $8
"""
READ_AFTER = """
    select sequence, at, event, user_id, subject, address, facts, hash
    from audit_log where sequence > $1 order by sequence limit $2
"""


async def append(unit: Unit, happening: Happening) -> None:
    """Add one row. Call it last in a unit: others wait for the head from here to the commit."""
    head = await unit.fetchrow(LOCK_HEAD)
    assert head is not None, "the migration wrote the head"
    row = follow(Head(*head), happening)
    await unit.execute(
        APPEND,
        row.sequence,
        row.at,
        row.event,
        row.user_id,
        row.subject,
        row.address,
        json.dumps(dict(row.facts)),
        row.hash,
    )


async def read_head(unit: ReadUnit) -> Head:
    row = await unit.fetchrow("select sequence, hash from audit_head")
    return Head(*row) if row else Head(0, b"")


async def read_after(unit: ReadUnit, sequence: int, *, limit: int) -> list[Row]:
    return [_row(row) for row in await unit.fetch(READ_AFTER, sequence, limit)]


def _row(row: asyncpg.Record) -> Row:
    return Row(
        row["sequence"],
        row["at"],
        row["event"],
        row["user_id"],
        row["subject"],
        row["address"],
        json.loads(row["facts"]),
        row["hash"],
    )
