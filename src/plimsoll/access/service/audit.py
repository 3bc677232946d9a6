"""The audit log for other slices: add to it, and prove that it is as it was written."""

from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import Final

import asyncpg
import msgspec

from plimsoll.access.domain.audit import Happening, Head, Verdict, Walk
from plimsoll.access.domain.heads import SignedHead, compare
from plimsoll.access.storage import audit
from plimsoll.plumbing.database import Database, ReadUnit, Unit

BATCH: Final = 2_000

append = audit.append
"""Add what another slice does, in the transaction in which it does it, as its last statement."""


async def record(database: Database, happening: Happening) -> None:
    """Add what another slice has done, in a transaction of its own; it is durable when this
    returns. Raises Unavailable.
    """

    async def work(unit: Unit) -> None:
        await audit.append(unit, happening)

    await database.transact(work)


async def read_head(database: Database) -> Head:
    """The recorded head: what the log ends in, as far as the database says."""
    async with database.read() as unit:
        return await audit.read_head(unit)


async def verify(database: Database, noted: Collection[SignedHead] = ()) -> Verdict:
    """Walk over the whole log in batches; memory does not grow with it.

    The recorded head is read first, so rows that are added during the walk do not disturb it.
    `noted` are heads of before, whose signatures have been checked: without them, somebody who owns
    the database can write all of it anew.
    """
    async with database.read() as unit:
        return await verify_within(unit, noted)


async def verify_within(
    unit: ReadUnit, noted: Collection[SignedHead] = (), *, batch: int = BATCH
) -> Verdict:
    """As `verify`, of the log as `unit` sees it, `batch` rows at a time."""
    walk = Walk()
    ends = await audit.read_ends(unit)
    found = await _walk_through(unit, walk, ends, batch)
    stored = await audit.read_hashes(unit, {head.sequence for head in noted})
    return compare(found, [Head(head.sequence, head.hash) for head in noted], stored)


async def _walk_through(unit: ReadUnit, walk: Walk, ends: audit.Ends, batch: int) -> Verdict:
    while walk.sequence < ends.head.sequence:
        limit = min(batch, ends.head.sequence - walk.sequence)
        records = await audit.read_records_after(unit, walk.sequence, limit=limit)
        if not records:
            break
        checked = 0
        while checked < len(records):
            checked += _run_ahead(walk, records[checked:])
            # The row at which the quick check stopped is judged by the slow one, and by it alone.
            doubtful = map(audit.row_of, records[checked : checked + 1])
            if (broken := walk.take(doubtful)) is not None:
                return broken
            checked += 1
    return walk.finish(ends.head, first=ends.first, last=ends.last)


class _Canonical(msgspec.Struct):
    """The fields in the order that sorting gives them."""

    address: str | None
    at: object
    event: str
    facts: object
    sequence: int
    subject: str | None
    user_id: object


_encode: Final = msgspec.json.Encoder(order="sorted").encode
_decode: Final = msgspec.json.Decoder().decode


def quick_canonical(record: Sequence[object]) -> bytes | None:
    """What `canonical` says of this record of the log, in a quarter of the time; None where that
    is not certain.

    Both write the same JSON for what `append` can have written. Of what it cannot have written
    (numbers with a fraction, lists) the two may differ, but then neither has the right hash.
    """
    sequence, at, event, user_id, subject, address, facts, _ = record
    try:
        row = _Canonical(address, at, event, _decode(facts), sequence, subject, user_id)  # type: ignore[arg-type]
        return _encode(row)
    except (msgspec.MsgspecError, ValueError, OverflowError):
        return None


def _run_ahead(walk: Walk, records: Sequence[asyncpg.Record]) -> int:
    """Take all rows that are certainly good; how many that are."""
    head, sequence = walk.head.hash, walk.sequence
    taken = 0
    for record in records:
        text = quick_canonical(record)
        carried: bytes = record[7]
        if text is None or record[0] != sequence + 1 or sha256(head + text).digest() != carried:
            break
        head, sequence = carried, sequence + 1
        taken += 1
    walk.resume(Head(sequence, head))
    return taken
