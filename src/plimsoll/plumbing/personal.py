"""What is one person's: how a slice says what it has of somebody, to hand it out and to remove it.

Each slice lists its own tables in its `storage/personal.py`; whoever goes through all of them is
`operations`.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from plimsoll.plumbing.database import Unit


class Section(NamedTuple):
    """A list that is handed out: `sql` gives one JSON object per row, as text; $1 is the person.

    Amounts of money are texts in it, no secret is.
    """

    name: str
    sql: str


class Removal(NamedTuple):
    """Deletes, or makes anonymous, what a table has of the person $1."""

    table: str
    sql: str


async def remove(unit: Unit, removals: Sequence[Removal], user_id: UUID) -> dict[str, int]:
    """Do them in this order; how many rows of each table."""
    counts: dict[str, int] = {}
    for each in removals:
        status = await unit.execute(each.sql, user_id)
        counts[each.table] = counts.get(each.table, 0) + int(status.rsplit(" ", 1)[1])
    return counts


def rows_of(table: str, *, without: Sequence[str] = (), where: str = "user_id = $1") -> str:
    """SQL of a Section: every column but those; what has a decimal point is text, as it stands."""
    hidden = ", ".join(f"'{name}'" for name in without)
    return f"""
        select (
            select json_object_agg(key, case
                when json_typeof(value) = 'number' and value::text like '%.%'
                then to_json(value::text) else value end)
            from json_each(row_to_json(t)) where key <> all (array[{hidden}]::text[])
        )::text
        from {table} t where {where}
    """  # noqa: S608 - names of our own tables


SECTIONS: Final = (Section("jobs", rows_of("jobs", where="owner_id = $1")),)
REMOVALS: Final = (
    Removal("jobs", "delete from jobs where owner_id = $1"),
    Removal("idempotency_keys", "delete from idempotency_keys where principal_id = $1"),
)
"""Of what the plumbing itself keeps."""
STOP_JOBS: Final = (
    Removal("jobs", "delete from jobs where owner_id = $1 and finished_at is null"),
)
"""Whoever runs one of them misses it within a second, and ends its work."""
