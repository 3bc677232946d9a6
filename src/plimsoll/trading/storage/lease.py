"""Where the journal of the exchange stands, whoever writes it."""

from datetime import datetime
from typing import Final, NamedTuple

from plimsoll.plumbing.database import ReadUnit, Unit


class LeaseRow(NamedTuple):
    """`epoch` of the last writer, since when, and the last command; then the last snapshot."""

    epoch: int
    taken_at: datetime
    seq: int
    snapshot_seq: int | None
    snapshot_at: datetime | None


READ = """
    select epoch, l.taken_at, last_seq, s.seq, s.taken_at
    from engine_lease l
    left join lateral (
        select seq, taken_at from engine_snapshots order by seq desc limit 1
    ) s on true
"""


async def read(unit: ReadUnit) -> LeaseRow:
    row = await unit.fetchrow(READ)
    assert row is not None, "the migration wrote it"
    return LeaseRow(*row)


RAISE: Final = "update engine_lease set epoch = greatest(epoch, $1) + 1, taken_at = now()"


async def raise_epoch(unit: Unit, *, above: int) -> None:
    await unit.execute(RAISE, above)
