"""What access has of one person, in an order in which it can be deleted.

The audit log stays as it is: a row taken out would break its chain, and it is kept to prove who did
what.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.plumbing.personal import Removal, Section, rows_of

OWN_KEYS: Final = "key_id in (select id from api_keys where user_id = $1)"
OWN_SESSIONS: Final = "session_id in (select id from sessions where user_id = $1)"

SECTIONS: Final = (
    Section("account", rows_of("users", where="id = $1", without=("password_hash",))),
    Section("preferences", rows_of("user_preferences")),
    Section("sessions", rows_of("sessions", without=("cookie_hash",))),
    Section("api_keys", rows_of("api_keys", without=("secret_hash", "sealed_secret"))),
    Section("api_key_uses", rows_of("key_uses", where=OWN_KEYS)),
    Section("second_factor", rows_of("second_factors", without=("sealed_secret",))),
    Section("login_places", rows_of("login_places")),
    Section("sign_ins", rows_of("sign_ins")),
    Section("approvals", rows_of("approvals", where="$1 in (asked_by, decided_by)")),
    Section("audit_log", rows_of("audit_log", where="user_id = $1 or subject = $1::text")),
)

REMOVALS: Final = (
    Removal("sign_ins", "delete from sign_ins where user_id = $1"),
    Removal("login_places", "delete from login_places where user_id = $1"),
    Removal("recovery_codes", "delete from recovery_codes where user_id = $1"),
    Removal("second_factors", "delete from second_factors where user_id = $1"),
    Removal("key_uses", f"delete from key_uses where {OWN_KEYS}"),  # noqa: S608 - our own
    Removal("api_keys", "delete from api_keys where user_id = $1"),
    Removal("refresh_tokens", f"delete from refresh_tokens where {OWN_SESSIONS}"),  # noqa: S608
    Removal("sessions", "delete from sessions where user_id = $1"),
    Removal("user_preferences", "delete from user_preferences where user_id = $1"),
)

HOLD: Final = """
    select email from users where id = $1 and erased_at is null for update
"""
FORGET_FAILURES: Final = "delete from login_failures where email_hash = $1"
MAKE_ANONYMOUS: Final = """
    update users set email = id::text || '@erased.invalid', password_hash = $2, role = 'user',
        tier = 'beginner', created_at = date_trunc('month', created_at, 'UTC'),
        disabled_at = $3, erased_at = $3
    where id = $1
"""

ASK: Final = """
    insert into erasures (user_id, asked_by, asked_at) values ($1, $2, $3)
    on conflict (user_id) do nothing
"""
BEGIN: Final = """
    update erasures set transaction = pg_current_xact_id()
    where user_id = $1 and finished_at is null returning user_id
"""
NAME: Final = "select set_config('plimsoll.erasing', $1, true)"
FINISH: Final = """
    update erasures set finished_at = $2, transaction = null where user_id = $1
"""
LIST_UNFINISHED: Final = """
    select user_id from erasures where finished_at is null and asked_at < $1 order by asked_at
"""
COUNT: Final = "select count(*) from users where erased_at is null"
END_ALL_SESSIONS: Final = "update sessions set ended_at = $1 where ended_at is null"


async def hold(unit: Unit, user_id: UUID) -> str | None:
    """The person's e-mail address, the row held until the unit ends; None when there is none."""
    email: str | None = await unit.fetchval(HOLD, user_id)
    return email


async def ask(unit: Unit, user_id: UUID, *, by: UUID | None, at: datetime) -> None:
    await unit.execute(ASK, user_id, by, at)


async def begin(unit: Unit, user_id: UUID) -> bool:
    """Lift what keeps others from deleting, for this person and until the unit ends; False when
    nobody asked for it, or it is done.
    """
    asked = await unit.fetchrow(BEGIN, user_id)
    if asked is None:
        return False
    await unit.execute(NAME, str(user_id))
    return True


async def finish(unit: Unit, user_id: UUID, *, at: datetime) -> None:
    await unit.execute(FINISH, user_id, at)


async def make_anonymous(
    unit: Unit, user_id: UUID, *, email_hash: bytes, password_hash: str, at: datetime
) -> None:
    await unit.execute(FORGET_FAILURES, email_hash)
    await unit.execute(MAKE_ANONYMOUS, user_id, password_hash, at)


async def list_unfinished(unit: ReadUnit, *, before: datetime) -> list[UUID]:
    return [row[0] for row in await unit.fetch(LIST_UNFINISHED, before)]


async def count_people(unit: ReadUnit) -> int:
    return int(await unit.fetchval(COUNT))


async def end_all_sessions(unit: Unit, *, at: datetime) -> None:
    await unit.execute(END_ALL_SESSIONS, at)


FORGET_PLACES: Final = """
    delete from login_places
    where coalesce(last_seen, '-infinity') < $1 and coalesce(refused_at[1], '-infinity') < $1
"""


async def forget_places_before(unit: Unit, at: datetime) -> None:
    await unit.execute(FORGET_PLACES, at)


ENDED_BEFORE: Final = "least(revoked_at, expires_at) < $1"
LET_GO: Final = f"""
    update api_keys set rotated_to = null
    where rotated_to in (select id from api_keys where {ENDED_BEFORE})
"""  # noqa: S608 - our own


async def forget_keys_before(unit: Unit, at: datetime) -> None:
    """Keys that were revoked or expired before `at`, whichever was first; also where a key that is
    still known was rotated to them.
    """
    await unit.execute(LET_GO, at)
    await unit.execute(f"delete from api_keys where {ENDED_BEFORE}", at)  # noqa: S608 - our own
