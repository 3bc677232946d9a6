"""What is forgotten in time, and what is not."""

from datetime import timedelta
from uuid import uuid4

from plimsoll.kernel.clock import SystemClock
from plimsoll.operations.service import retention
from plimsoll.plumbing.database import Database

ADD = """
    with person as (
        insert into users (id, email, password_hash, created_at)
        values ($1, $1::uuid::text || '@example.org', '!', $2) returning id
    ), event as (
        insert into alert_events (condition_id, number, user_id, kind, subject, value, title,
            sentence, source, simulated, at)
        select gen_random_uuid(), 1, id, 'price', 'btc/usd', 1, '', '', 'x', true, $2 from person
    ), notification as (
        insert into alert_notifications (id, user_id, subject_kind, subject_of, title, body, at)
        select gen_random_uuid(), id, 'pair', 'btc/usd', '', '', $2 from person
    )
    insert into login_places (user_id, place, last_seen, sign_ins, refused, refused_at)
    select id, '192.0.2.0/24', $2, 1, 0, '{}' from person
"""
ADD_KEY = """
    insert into api_keys (id, user_id, name, secret_hash, scopes, networks, created_at, revoked_at,
        expires_at, rotated_to)
    select $1, min(id::text)::uuid, $2, sha256(''), '{read}', '{}', now(), $3, $4, $5 from users
"""
COUNT = """
    select (select count(*) from users), (select count(*) from alert_events),
        (select count(*) from alert_notifications), (select count(*) from login_places)
"""


async def test_what_is_older_than_that_is_forgotten_and_nothing_else(database: Database) -> None:
    clock = SystemClock()
    async with database.write() as unit:
        for days in (399, 401):
            await unit.execute(ADD, uuid4(), clock.now() - timedelta(days=days))
    await retention.forget_old(database, clock, keep_days=400)
    async with database.read() as unit:
        left = await unit.fetchrow(COUNT)
        assert left is not None
        assert tuple(left) == (2, 1, 1, 1)


async def test_keys_that_ended_long_ago_are_forgotten_with_their_uses(database: Database) -> None:
    clock = SystemClock()
    now = clock.now()
    old, recent, ahead = now - timedelta(days=401), now - timedelta(days=399), now + timedelta(1)
    names = {name: uuid4() for name in ("revoked", "expired", "both", "late", "open", "kept")}
    kept = {
        "late": (recent, None, names["revoked"]),
        "open": (None, None, None),
        "kept": (None, ahead, None),
    }
    ended = {
        "revoked": (old, ahead, names["open"]),
        "expired": (None, old, names["revoked"]),
        "both": (recent, old, names["late"]),
    }
    async with database.write() as unit:
        await unit.execute(ADD, uuid4(), now)
        for name in ("open", "kept", "revoked", "late", "expired", "both"):
            at = (kept | ended)[name]
            await unit.execute(ADD_KEY, names[name], name, *at)
            await unit.execute("insert into key_uses values ($1, $2, 1, 0, 0)", names[name], now)
    await retention.forget_old(database, clock, keep_days=400)
    async with database.read() as unit:
        rows = await unit.fetch(
            "select k.name, k.rotated_to from api_keys k join key_uses on key_id = k.id"
        )
        uses = await unit.fetchval("select count(*) from key_uses")
    assert dict(map(tuple, rows)) == {"late": None, "open": None, "kept": None}
    assert uses == len(kept)
