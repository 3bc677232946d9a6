"""Sessions (one per sign-in with the password) and the refresh tokens that are their family."""

from dataclasses import dataclass
from datetime import datetime

from plimsoll.access.domain.principals import Role, Tier
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


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token that was given out at some time."""

    session_id: SessionId
    user_id: UserId
    used: bool


INSERT = """
    insert into sessions (id, user_id, cookie_hash, created_at, expires_at)
    values ($1, $2, $3, $4, $5)
"""


async def insert(
    unit: Unit,
    session_id: SessionId,
    user_id: UserId,
    *,
    created_at: datetime,
    expires_at: datetime,
    cookie_hash: bytes | None,
) -> None:
    await unit.execute(INSERT, session_id, user_id, cookie_hash, created_at, expires_at)


_LIVE = """
    select s.id, s.user_id, u.role, u.tier, s.expires_at
    from sessions s join users u on u.id = s.user_id
    where {which} and s.ended_at is null and s.expires_at > $2 and u.disabled_at is null
"""
FIND_LIVE = _LIVE.format(which="s.id = $1")
FIND_LIVE_BY_COOKIE = _LIVE.format(which="s.cookie_hash = $1")


async def find_live(unit: ReadUnit, session_id: SessionId, *, now: datetime) -> LiveSession | None:
    row = await unit.fetchrow(FIND_LIVE, session_id, now)
    return LiveSession(row[0], row[1], Role(row[2]), Tier(row[3]), row[4]) if row else None


async def find_live_by_cookie(
    unit: ReadUnit, cookie_hash: bytes, *, now: datetime
) -> LiveSession | None:
    row = await unit.fetchrow(FIND_LIVE_BY_COOKIE, cookie_hash, now)
    return LiveSession(row[0], row[1], Role(row[2]), Tier(row[3]), row[4]) if row else None


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
