"""Sessions (one per sign-in with the password) and the refresh tokens that are their family."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from plimsoll.access.domain.principals import Role, Tier
from plimsoll.access.domain.sessions import OpenSession, Origin
from plimsoll.kernel.identifiers import SessionId, UserId
from plimsoll.plumbing.database import ReadUnit, Unit


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that holds at the moment asked about, with its user as they are now."""

    id: SessionId
    user_id: UserId
    role: Role
    tier: Tier
    expires_at: datetime
    has_factor: bool


@dataclass(frozen=True, slots=True)
class NewSession:
    """`proved_at`: when the second factor was shown for it."""

    id: SessionId
    user_id: UserId
    created_at: datetime
    expires_at: datetime
    origin: Origin
    proved_at: datetime | None


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token that was given out at some time."""

    session_id: SessionId
    user_id: UserId
    used: bool


INSERT = """
    insert into sessions
        (id, user_id, cookie_hash, created_at, expires_at, last_seen_at, address, agent, proved_at)
    values ($1, $2, $3, $4, $5, $4, $6, $7, $8)
"""


async def insert(
    unit: Unit,
    new: NewSession,
    *,
    cookie_hash: bytes | None,
) -> None:
    await unit.execute(
        INSERT,
        new.id,
        new.user_id,
        cookie_hash,
        new.created_at,
        new.expires_at,
        new.origin.address,
        new.origin.agent,
        new.proved_at,
    )


_LIVE = """
    select s.id, s.user_id, u.role, u.tier, s.expires_at,
        exists (
            select from second_factors f where f.user_id = u.id and f.confirmed_at is not null
        )
    from sessions s join users u on u.id = s.user_id
    where {which} and s.ended_at is null and s.expires_at > $2 and u.disabled_at is null
"""
FIND_LIVE = _LIVE.format(which="s.id = $1")
FIND_LIVE_BY_COOKIE = _LIVE.format(which="s.cookie_hash = $1")


async def find_live(unit: ReadUnit, session_id: SessionId, *, now: datetime) -> LiveSession | None:
    row = await unit.fetchrow(FIND_LIVE, session_id, now)
    return _live(row) if row else None


async def find_live_by_cookie(
    unit: ReadUnit, cookie_hash: bytes, *, now: datetime
) -> LiveSession | None:
    row = await unit.fetchrow(FIND_LIVE_BY_COOKIE, cookie_hash, now)
    return _live(row) if row else None


def _live(row: asyncpg.Record) -> LiveSession:
    return LiveSession(row[0], row[1], Role(row[2]), Tier(row[3]), row[4], row[5])


LIST = """
    select id, created_at, coalesce(last_seen_at, created_at), expires_at, address, agent
    from sessions
    where user_id = $1 and ended_at is null and expires_at > $2
        and ($3::uuid is null or id < $3)
    order by id desc limit $4
"""


async def list_open(
    unit: ReadUnit, user_id: UserId, *, now: datetime, before: UUID | None, limit: int
) -> list[OpenSession]:
    """Sessions that hold, newest first."""
    return [OpenSession(*row) for row in await unit.fetch(LIST, user_id, now, before, limit)]


END_OWN = """
    update sessions set ended_at = $3
    where id = $1 and user_id = $2 and ended_at is null and expires_at > $3
    returning id
"""


async def end_own(unit: Unit, session_id: SessionId, *, owner: UserId, at: datetime) -> bool:
    """End the owner's session; False when they have none that holds with this id."""
    return await unit.fetchval(END_OWN, session_id, owner, at) is not None


END_OTHERS = """
    with ended as (
        update sessions set ended_at = $2
        where user_id = $1 and ended_at is null and expires_at > $2
            and id is distinct from $3::uuid
        returning id
    )
    select count(*) from ended
"""


async def end_others(unit: Unit, user_id: UserId, *, but: SessionId | None, at: datetime) -> int:
    """End the sessions of the user, all or `but` one; how many that were."""
    ended: int = await unit.fetchval(END_OTHERS, user_id, at, but)
    return ended


async def note_seen(unit: Unit, seen: Mapping[SessionId, datetime]) -> None:
    ids = sorted(seen)  # always in one order, or two processes lock each other out
    await unit.execute(
        "update sessions s set last_seen_at = greatest(s.last_seen_at, seen.at)"
        " from unnest($1::uuid[], $2::timestamptz[]) as seen (id, at) where s.id = seen.id",
        ids,
        [seen[each] for each in ids],
    )


async def note_origin(unit: Unit, session_id: SessionId, origin: Origin, *, at: datetime) -> None:
    """From where the session goes on."""
    await unit.execute(
        "update sessions set last_seen_at = $2, address = $3, agent = $4 where id = $1",
        session_id,
        at,
        origin.address,
        origin.agent,
    )


async def note_proof(unit: Unit, session_id: SessionId, *, at: datetime) -> None:
    """That the second factor was shown in the session."""
    await unit.execute("update sessions set proved_at = $2 where id = $1", session_id, at)


async def end(unit: Unit, session_id: SessionId, *, at: datetime) -> bool:
    """End the session; False when it had ended already."""
    ended = await unit.fetchval(
        "update sessions set ended_at = $2 where id = $1 and ended_at is null returning id",
        session_id,
        at,
    )
    return ended is not None


async def end_all(unit: Unit, user_id: UserId, *, at: datetime) -> None:
    await unit.execute(
        "update sessions set ended_at = $2 where user_id = $1 and ended_at is null", user_id, at
    )


async def insert_refresh_token(unit: Unit, token_hash: bytes, session_id: SessionId) -> None:
    await unit.execute(
        "insert into refresh_tokens (hash, session_id) values ($1, $2)", token_hash, session_id
    )


FIND_REFRESH = """
    select t.session_id, s.user_id, t.used_at is not null
    from refresh_tokens t join sessions s on s.id = t.session_id
    where t.hash = $1
"""


async def find_refresh_token(unit: ReadUnit, token_hash: bytes) -> RefreshToken | None:
    row = await unit.fetchrow(FIND_REFRESH, token_hash)
    return RefreshToken(*row) if row else None


USE_REFRESH = """
    update refresh_tokens set used_at = $2 where hash = $1 and used_at is null returning hash
"""


async def use_refresh_token(unit: Unit, token_hash: bytes, *, at: datetime) -> bool:
    """Spend the token; of any number of callers at once exactly one gets True."""
    return await unit.fetchval(USE_REFRESH, token_hash, at) is not None


async def delete_expired_before(unit: Unit, at: datetime) -> None:
    """Forget sessions whose time ran out before `at`, with their refresh tokens."""
    await unit.execute("delete from sessions where expires_at < $1", at)
