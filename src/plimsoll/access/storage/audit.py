"""The audit log: rows only ever added, one after the other, each under the lock of the head."""

import json
from collections.abc import Collection
from dataclasses import dataclass

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
READ_ENDS = """
    select sequence, hash,
        coalesce((select min(sequence) from audit_log), 1),
        coalesce((select max(sequence) from audit_log), 0)
    from audit_head
"""
READ_HASHES = "select sequence, hash from audit_log where sequence = any($1::bigint[])"


@dataclass(frozen=True, slots=True)
class Ends:
    """The recorded head, and the first and last sequence there is (1 and 0 in an empty log)."""

    head: Head
    first: int
    last: int


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


async def read_ends(unit: ReadUnit) -> Ends:
    """All of one moment."""
    row = await unit.fetchrow(READ_ENDS)
    assert row is not None, "the migration wrote the head"
    return Ends(Head(row[0], row[1]), row[2], row[3])


async def read_hashes(unit: ReadUnit, sequences: Collection[int]) -> dict[int, bytes]:
    """Of those rows that there are."""
    rows = await unit.fetch(READ_HASHES, list(sequences))
    return {row[0]: row[1] for row in rows}


async def read_records_after(unit: ReadUnit, sequence: int, *, limit: int) -> list[asyncpg.Record]:
    """As `read_after`, as they come: `row_of` makes a Row of one. A walk over all has no time for
    more.
    """
    return await unit.fetch(READ_AFTER, sequence, limit)


async def read_after(unit: ReadUnit, sequence: int, *, limit: int) -> list[Row]:
    return [row_of(row) for row in await unit.fetch(READ_AFTER, sequence, limit)]


def row_of(row: asyncpg.Record) -> Row:
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
