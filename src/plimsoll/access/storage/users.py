"""Users and how often signing in as them has failed."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from plimsoll.access.domain.principals import Role, Tier
from plimsoll.access.domain.users import User
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import ReadUnit, Unit


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signing in as one address is judged by. `user` is None where there is no account."""

    user: User | None
    password_hash: str | None = field(repr=False)
    locked_until: datetime | None


_COLUMNS = "u.id, u.email, u.role, u.tier, u.created_at, u.disabled_at"

INSERT = """
    insert into users (id, email, password_hash, role, tier, created_at)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (email) do nothing
    returning id
"""


async def insert(unit: Unit, user: User, *, password_hash: str) -> bool:
    """Store a new user; False when the e-mail address has an account."""
    made = await unit.fetchval(
        INSERT, user.id, user.email, password_hash, user.role, user.tier, user.created_at
    )
    return made is not None


FIND = f"select {_COLUMNS} from users u where u.id = $1"  # noqa: S608 - our own columns
FIND_BY_EMAIL = f"select {_COLUMNS} from users u where u.email = $1"  # noqa: S608 - as above


async def find(unit: ReadUnit, user_id: UserId) -> User | None:
    row = await unit.fetchrow(FIND, user_id)
    return _user(row) if row else None


async def find_by_email(unit: ReadUnit, email: str) -> User | None:
    row = await unit.fetchrow(FIND_BY_EMAIL, email)
    return _user(row) if row else None


FIND_ALL = f"select {_COLUMNS} from users u where u.id = any($1)"  # noqa: S608 - as above


async def find_all(unit: ReadUnit, user_ids: Collection[UserId]) -> dict[UserId, User]:
    return {row["id"]: _user(row) for row in await unit.fetch(FIND_ALL, list(user_ids))}


CREDENTIALS = f"""
    select {_COLUMNS}, u.password_hash, f.locked_until
    from (select $1::text as email, $2::bytea as email_hash) as asked
    left join users u on u.email = asked.email
    left join login_failures f on f.email_hash = asked.email_hash
"""  # noqa: S608 - our own list of columns


async def read_credentials(unit: ReadUnit, email: str, *, email_hash: bytes) -> Credentials:
    """One round trip, the same for an address with and without an account."""
    row = await unit.fetchrow(CREDENTIALS, email, email_hash)
    assert row is not None
    return Credentials(
        _user(row) if row["id"] is not None else None, row["password_hash"], row["locked_until"]
    )


HOLD = """
    select true from users where id = $1 and password_hash = $2 and disabled_at is null
    for no key update
"""


async def hold_credentials(unit: Unit, user_id: UserId, *, password_hash: str) -> bool:
    """Whether the password that was checked still opens; stays so until the unit ends."""
    return await unit.fetchval(HOLD, user_id, password_hash) is not None


async def hold(unit: Unit, user_id: UserId) -> None:
    """Nobody else who holds the row goes on until the unit ends."""
    await unit.execute("select 1 from users where id = $1 for no key update", user_id)


async def set_password_hash(unit: Unit, user_id: UserId, password_hash: str) -> None:
    await unit.execute("update users set password_hash = $2 where id = $1", user_id, password_hash)


async def set_role(unit: Unit, user_id: UserId, role: Role) -> None:
    await unit.execute("update users set role = $2 where id = $1", user_id, role)


async def set_tier(unit: Unit, user_id: UserId, tier: Tier) -> None:
    await unit.execute("update users set tier = $2 where id = $1", user_id, tier)


async def set_disabled(unit: Unit, user_id: UserId, at: datetime | None) -> None:
    """Nobody who is erased comes back."""
    await unit.execute(
        "update users set disabled_at = coalesce($2, erased_at) where id = $1", user_id, at
    )


COUNT_FAILURE = """
    insert into login_failures as f (email_hash, failures, last_at) values ($1, 1, $2)
    on conflict (email_hash) do update set
        failures = case when f.last_at < $3 then 1 else f.failures + 1 end,
        last_at = $2
    returning failures
"""


async def count_failure(
    unit: Unit, email_hash: bytes, *, at: datetime, forgotten_before: datetime
) -> int:
    """Failures in a row, this one included; the row stays locked until the unit ends."""
    failures: int = await unit.fetchval(COUNT_FAILURE, email_hash, at, forgotten_before)
    return failures


async def lock(unit: Unit, email_hash: bytes, until: datetime) -> None:
    await unit.execute(
        "update login_failures set locked_until = $2 where email_hash = $1", email_hash, until
    )


async def forget_failures(unit: Unit, email_hash: bytes) -> None:
    await unit.execute("delete from login_failures where email_hash = $1", email_hash)


async def forget_failures_before(unit: Unit, at: datetime) -> None:
    await unit.execute("delete from login_failures where last_at < $1", at)


def _user(row: asyncpg.Record) -> User:
    return User(
        row["id"],
        row["email"],
        Role(row["role"]),
        Tier(row["tier"]),
        row["created_at"],
        row["disabled_at"],
    )
