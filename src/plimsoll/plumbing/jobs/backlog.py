"""What waits for somebody to do it."""

from dataclasses import dataclass
from typing import Final

from plimsoll.plumbing.database import ReadUnit

COUNT: Final = """
    select kind, state, count(*) as jobs,
        coalesce(extract(epoch from now() - min(case when state = 'running' then started_at
            else due_at end)), 0)::float8 as oldest_s
    from jobs where state in ('queued', 'running') group by kind, state
"""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Unfinished jobs of one kind and state. `oldest_s`: for how long the oldest has run, or has
    been waiting since its turn came; below 0 while its turn lies ahead.
    """

    kind: str
    state: str
    jobs: int
    oldest_s: float


async def list_backlog(unit: ReadUnit) -> list[Backlog]:
    rows = await unit.fetch(COUNT)
    return [Backlog(row["kind"], row["state"], row["jobs"], row["oldest_s"]) for row in rows]
