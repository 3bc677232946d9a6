"""Signatures that were taken, for all processes: each once.

The tables are unlogged: what they hold is worth a few seconds, and a crash of the server empties
them. The memory knows since when it remembers, and without that row it has forgotten; then it
begins anew behind everything that may have been taken before.
"""

from plimsoll.plumbing.database import Database, Unit

TAKE = """
    insert into used_signatures (signature, timestamp_ms)
    select $1, $2 from signature_memory where since_ms <= $2
    on conflict do nothing
    returning true
"""


async def take(database: Database, signature: bytes, timestamp_ms: int) -> bool:
    """Remember a signature; False when it was taken, or lies before the memory. One round trip."""
    return bool(await database.once(TAKE, signature, timestamp_ms))


BEGIN = """
    with begun as (
        insert into signature_memory (since_ms) values ($1) on conflict do nothing
        returning since_ms
    )
    select since_ms from begun union all select since_ms from signature_memory
"""


async def begin(database: Database, since_ms: int) -> int:
    """Since when the memory remembers; it begins at `since_ms` when it has forgotten."""
    rows = await database.once(BEGIN, since_ms)
    # Another process may have begun it in the same moment: then neither row is seen here.
    return int(rows[0][0]) if rows else since_ms


async def forget_before(unit: Unit, timestamp_ms: int) -> None:
    """Nothing signed before is taken from now on, so it need not be remembered."""
    await unit.execute(
        "update signature_memory set since_ms = greatest(since_ms, $1)", timestamp_ms
    )
    await unit.execute("delete from used_signatures where timestamp_ms < $1", timestamp_ms)
