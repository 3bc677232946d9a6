"""People and the audit log as those who oversee read them: everybody's, in pages."""

import json
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from plimsoll.access.domain.audit import Row
from plimsoll.access.domain.principals import Role, Tier
from plimsoll.plumbing.database import ReadUnit


class Listed(NamedTuple):
    """Somebody with an account. `last_sign_in` is the last one with the password."""

    id: UUID
    role: Role
    tier: Tier
    created_at: datetime
    disabled_at: datetime | None
    last_sign_in: datetime | None


class People(NamedTuple):
    """Which people; None: all."""

    role: Role | None = None
    tier: Tier | None = None
    enabled: bool | None = None
    user_id: UUID | None = None


_LIST: Final = """
    select u.id, u.role, u.tier, u.created_at, u.disabled_at,
        (select max(last_seen) from login_places where user_id = u.id)
    from users u
    where ($1::uuid is null or u.id > $1)
        and ($3::text is null or u.role = $3) and ($4::text is null or u.tier = $4)
        and ($5::boolean is null or (u.disabled_at is null) = $5)
        and ($6::uuid is null or u.id = $6)
    order by u.id limit $2
"""


async def list_people(
    unit: ReadUnit, which: People, *, after: UUID | None, limit: int
) -> list[Listed]:
    """By id, so in the order in which they came."""
    rows = await unit.fetch(_LIST, after, limit, *which)
    return [Listed(row[0], Role(row[1]), Tier(row[2]), *row[3:]) for row in rows]


class PeopleCount(NamedTuple):
    role: Role
    tier: Tier
    enabled: bool
    people: int


async def count_people(unit: ReadUnit) -> list[PeopleCount]:
    rows = await unit.fetch(
        """
        select role, tier, disabled_at is null, count(*) from users
        group by 1, 2, 3 order by 1, 2, 3
        """
    )
    return [PeopleCount(Role(row[0]), Tier(row[1]), row[2], row[3]) for row in rows]


class Entries(NamedTuple):
    """Which entries of the audit log; None: all. `until` is not among them."""

    event: str | None = None
    user_id: UUID | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


_COLUMNS: Final = "sequence, at, event, user_id, subject, address, facts, hash"
_FILTERS: Final = {
    "event": "event = ${}",
    "user_id": "user_id = ${}",
    "subject": "subject = ${}",
    "since": "at >= ${}",
    "until": "at < ${}",
}


async def list_entries(unit: ReadUnit, which: Entries, *, before: int, limit: int) -> list[Row]:
    """The latest first. Only what is asked for is in the statement, so that its index is used."""
    given = {name: value for name, value in which._asdict().items() if value is not None}
    where = "".join(
        f" and {_FILTERS[name].format(number)}" for number, name in enumerate(given, start=3)
    )
    rows = await unit.fetch(
        f"select {_COLUMNS} from audit_log where sequence < $1{where}"  # noqa: S608 -- our own texts
        " order by sequence desc limit $2",
        before, limit, *given.values(),
    )  # fmt: skip
    return [_entry(row) for row in rows]


def _entry(row: asyncpg.Record) -> Row:
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
