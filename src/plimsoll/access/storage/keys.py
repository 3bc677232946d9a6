"""API keys: what proves them, what they may do, and how often they did."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from plimsoll.access.domain.keys import ApiKey, KeyKind
from plimsoll.access.domain.principals import Role, Scope, Tier
from plimsoll.access.domain.usage import HourOfUse, Uses
from plimsoll.access.storage import users
from plimsoll.kernel.identifiers import KeyId, UserId
from plimsoll.plumbing.database import ReadUnit, Unit


@dataclass(frozen=True, slots=True)
class LiveKey:
    """A key that holds at the moment asked about, with its owner as they are now.

    One of `secret_hash` and `sealed_secret` is set, by the kind of the key.
    """

    key: ApiKey
    secret_hash: bytes | None
    sealed_secret: bytes | None
    role: Role
    tier: Tier
    has_factor: bool


_COLUMNS = """
    k.id, k.user_id, k.name, k.scopes, k.networks, k.created_at, k.expires_at, k.last_used_at,
    k.last_address, k.kind, k.rotated_to
"""

INSERT = """
    insert into api_keys
        (id, user_id, name, scopes, networks, created_at, expires_at, kind, secret_hash,
        sealed_secret)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""


async def insert(
    unit: Unit, key: ApiKey, *, secret_hash: bytes | None, sealed_secret: bytes | None
) -> None:
    await unit.execute(
        INSERT,
        key.id,
        key.user_id,
        key.name,
        sorted(key.scopes),
        list(key.networks),
        key.created_at,
        key.expires_at,
        key.kind,
        secret_hash,
        sealed_secret,
    )


async def count_usable(unit: Unit, user_id: UserId, *, now: datetime) -> int:
    """Keys of the user that are neither revoked nor expired; holds the user's row, so that two keys
    made at once count each other.
    """
    await users.hold(unit, user_id)
    count: int = await unit.fetchval(
        "select count(*) from api_keys where user_id = $1 and revoked_at is null"
        " and (expires_at is null or expires_at > $2)",
        user_id,
        now,
    )
    return count


FIND_LIVE = f"""
    select {_COLUMNS}, k.secret_hash, k.sealed_secret, u.role, u.tier,
        exists (
            select from second_factors f where f.user_id = u.id and f.confirmed_at is not null
        ) as has_factor
    from api_keys k join users u on u.id = k.user_id
    where k.id = $1 and k.revoked_at is null and u.disabled_at is null
        and (k.expires_at is null or k.expires_at > $2)
"""  # noqa: S608 - our own list of columns


async def find_live(unit: ReadUnit, key_id: KeyId, *, now: datetime) -> LiveKey | None:
    row = await unit.fetchrow(FIND_LIVE, key_id, now)
    if row is None:
        return None
    return LiveKey(
        _key(row),
        row["secret_hash"],
        row["sealed_secret"],
        Role(row["role"]),
        Tier(row["tier"]),
        row["has_factor"],
    )


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


FIND_OWN = f"""
    select {_COLUMNS} from api_keys k
    where k.id = $1 and k.user_id = $2 and k.revoked_at is null
"""  # noqa: S608 - as above


async def find_own(unit: ReadUnit, key_id: KeyId, *, owner: UserId) -> ApiKey | None:
    """The owner's key, which may have expired, but was not revoked."""
    row = await unit.fetchrow(FIND_OWN, key_id, owner)
    return _key(row) if row else None


async def lock_own(unit: Unit, key_id: KeyId, *, owner: UserId) -> ApiKey | None:
    """The same, held until the unit ends."""
    row = await unit.fetchrow(f"{FIND_OWN} for no key update", key_id, owner)
    return _key(row) if row else None


async def hand_over(unit: Unit, key_id: KeyId, *, to: KeyId, ends_at: datetime) -> None:
    """End the key at `ends_at`; `to` goes on in its place."""
    await unit.execute(
        "update api_keys set rotated_to = $2, expires_at = $3 where id = $1", key_id, to, ends_at
    )


REVOKE = """
    update api_keys set revoked_at = $3
    where id = $1 and user_id = $2 and revoked_at is null
    returning name
"""


async def revoke(unit: Unit, key_id: KeyId, *, owner: UserId, at: datetime) -> str | None:
    """End the key; its name, or None when the owner has no such key."""
    name: str | None = await unit.fetchval(REVOKE, key_id, owner, at)
    return name


NOTE_LAST = """
    update api_keys k set
        last_address = case
            when used.at >= coalesce(k.last_used_at, used.at) then used.address
            else k.last_address
        end,
        last_used_at = greatest(k.last_used_at, used.at)
    from unnest($1::uuid[], $2::timestamptz[], $3::text[]) as used (id, at, address)
    where k.id = used.id
"""
ADD_USES = """
    insert into key_uses as u (key_id, hour, requests, limited, forbidden)
    select used.id, used.hour, sum(requests), sum(limited), sum(forbidden)
    from unnest($1::uuid[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::bigint[])
        as used (id, hour, requests, limited, forbidden)
    join api_keys k on k.id = used.id
    group by used.id, used.hour
    order by used.id, used.hour
    on conflict (key_id, hour) do update set
        requests = u.requests + excluded.requests,
        limited = u.limited + excluded.limited,
        forbidden = u.forbidden + excluded.forbidden
"""


async def add_uses(unit: Unit, uses: Mapping[KeyId, Collection[Uses]]) -> None:
    """Add what was counted; other processes add theirs to the same hours."""
    rows = [(key_id, each) for key_id, hours in uses.items() for each in hours]
    latest = {key_id: max(hours, key=lambda each: each.last_at) for key_id, hours in uses.items()}
    await unit.execute(
        ADD_USES,
        [key_id for key_id, _ in rows],
        [each.hour for _, each in rows],
        [each.requests for _, each in rows],
        [each.limited for _, each in rows],
        [each.forbidden for _, each in rows],
    )
    ids = sorted(latest)  # always in one order, or two processes lock each other out
    await unit.execute(
        NOTE_LAST,
        ids,
        [latest[each].last_at for each in ids],
        [latest[each].last_address for each in ids],
    )


LIST_USES = """
    select hour, requests, limited, forbidden from key_uses
    where key_id = $1 and hour >= $2 order by hour
"""


async def list_uses(unit: ReadUnit, key_id: KeyId, *, since: datetime) -> list[HourOfUse]:
    """Hours in which the key was used, oldest first."""
    return [HourOfUse(*row) for row in await unit.fetch(LIST_USES, key_id, since)]


async def forget_uses_before(unit: Unit, at: datetime) -> None:
    await unit.execute("delete from key_uses where hour < $1", at)


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
        last_address=row["last_address"],
        kind=KeyKind(row["kind"]),
        rotated_to=row["rotated_to"],
    )
