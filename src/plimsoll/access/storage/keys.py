"""API keys: their hashes, and what they may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from plimsoll.access.domain.keys import ApiKey
from plimsoll.access.domain.principals import Role, Scope, Tier
from plimsoll.kernel.identifiers import KeyId, UserId
from plimsoll.plumbing.database import ReadUnit, Unit


@dataclass(frozen=True, slots=True)
class LiveKey:
    """A key that holds at the moment asked about, with its owner as they are now."""

    key: ApiKey
    secret_hash: bytes
    role: Role
    tier: Tier


_COLUMNS = """
    k.id, k.user_id, k.name, k.scopes, k.networks, k.created_at, k.expires_at, k.last_used_at
"""

INSERT = """
    insert into api_keys
        (id, user_id, name, scopes, networks, created_at, expires_at, secret_hash)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
"""


async def insert(unit: Unit, key: ApiKey, *, secret_hash: bytes) -> None:
    await unit.execute(
        INSERT,
        key.id,
        key.user_id,
        key.name,
        sorted(key.scopes),
        list(key.networks),
        key.created_at,
        key.expires_at,
        secret_hash,
    )


async def count_usable(unit: Unit, user_id: UserId, *, now: datetime) -> int:
    """Keys of the user that are neither revoked nor expired; holds the user's row, so that two keys
    made at once count each other.
    """
    await unit.execute("select 1 from users where id = $1 for no key update", user_id)
    count: int = await unit.fetchval(
        "select count(*) from api_keys where user_id = $1 and revoked_at is null"
        " and (expires_at is null or expires_at > $2)",
        user_id,
        now,
    )
    return count


FIND_LIVE = f"""
    select {_COLUMNS}, k.secret_hash, u.role, u.tier
    from api_keys k join users u on u.id = k.user_id
    where k.id = $1 and k.revoked_at is null and u.disabled_at is null
        and (k.expires_at is null or k.expires_at > $2)
"""  # noqa: S608 - our own list of columns


async def find_live(unit: ReadUnit, key_id: KeyId, *, now: datetime) -> LiveKey | None:
    row = await unit.fetchrow(FIND_LIVE, key_id, now)
    if row is None:
        return None
    return LiveKey(_key(row), row["secret_hash"], Role(row["role"]), Tier(row["tier"]))


LIST = f"""
    select {_COLUMNS} from api_keys k
    where k.user_id = $1 and k.revoked_at is null and ($2::uuid is null or k.id < $2)
    order by k.id desc
    limit $3
"""  # noqa: S608 - our own list of columns


async def list_of(
    unit: ReadUnit, user_id: UserId, *, before: UUID | None, limit: int
) -> list[ApiKey]:
    """Keys that were not revoked, newest first."""
    return [_key(row) for row in await unit.fetch(LIST, user_id, before, limit)]


REVOKE = """
    update api_keys set revoked_at = $3
    where id = $1 and user_id = $2 and revoked_at is null
    returning name
"""


async def revoke(unit: Unit, key_id: KeyId, *, owner: UserId, at: datetime) -> str | None:
    """End the key; its name, or None when the owner has no such key."""
    name: str | None = await unit.fetchval(REVOKE, key_id, owner, at)
    return name


NOTE_USES = """
    update api_keys k set last_used_at = greatest(k.last_used_at, used.at)
    from unnest($1::uuid[], $2::timestamptz[]) as used (id, at)
    where k.id = used.id
"""


async def note_uses(unit: Unit, uses: Mapping[KeyId, datetime]) -> None:
    await unit.execute(NOTE_USES, list(uses), list(uses.values()))


def _key(row: asyncpg.Record) -> ApiKey:
    return ApiKey(
        id=row["id"],
        user_id=row["user_id"],
        name=row["name"],
        scopes=frozenset(Scope(name) for name in row["scopes"]),
        networks=tuple(row["networks"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
    )
