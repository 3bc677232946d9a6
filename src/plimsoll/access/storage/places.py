"""Places that people signed in from, and their latest sign-ins."""

import json
from datetime import datetime

from plimsoll.access.domain.places import MAX_REFUSALS, REFUSALS_WITHIN, KnownSignIn
from plimsoll.kernel.clock import from_ms
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import ReadUnit, Unit

NOTE_SIGN_IN = """
    with before as (
        select place, last_seen, refused_at from login_places where user_id = $1
    ), seen as (
        select coalesce(
            jsonb_object_agg(place, (extract(epoch from last_seen) * 1000)::bigint), '{}'
        ) as known
        from (
            select place, last_seen from before where last_seen is not null
            order by last_seen desc limit 100
        ) as latest
    ), noted as (
        insert into login_places as p
            (user_id, place, first_seen, last_seen, sign_ins, refused, refused_at)
        values ($1, $2, $3, $3, 1, 0, '{}')
        on conflict (user_id, place) do update set
            first_seen = coalesce(p.first_seen, $3), last_seen = $3, sign_ins = p.sign_ins + 1
    )
    insert into sign_ins (sequence, user_id, at, place, known, failures)
    select
        (select sequence from audit_head), $1, $3, $2, known,
        (
            select count(*) from before, unnest(refused_at) as t
            where place = $2 and t > $3 - $4::interval
        )
    from seen
"""


async def note_sign_in(unit: Unit, user_id: UserId, place: str, *, at: datetime) -> None:
    """Call it after the sign-in was added to the audit log: its number is taken from there, and the
    head that is still held makes numbers appear in their order.
    """
    await unit.execute(NOTE_SIGN_IN, user_id, place, at, REFUSALS_WITHIN)


NOTE_REFUSAL = """
    insert into login_places as p (user_id, place, sign_ins, refused, refused_at)
    values ($1, $2, 0, 1, array[$3::timestamptz])
    on conflict (user_id, place) do update set
        refused = p.refused + 1,
        refused_at = (array_prepend($3, p.refused_at))[1:$4::integer]
"""


async def note_refusal(unit: Unit, user_id: UserId, place: str, *, at: datetime) -> None:
    await unit.execute(NOTE_REFUSAL, user_id, place, at, MAX_REFUSALS)


LIST = """
    select sequence, user_id, at, place, known, failures from sign_ins
    where sequence > $1 order by sequence limit $2
"""


async def list_sign_ins(unit: ReadUnit, *, after: int, limit: int) -> list[KnownSignIn]:
    return [
        KnownSignIn(
            row["sequence"],
            row["user_id"],
            row["at"],
            row["place"],
            {place: from_ms(ms) for place, ms in json.loads(row["known"]).items()},
            row["failures"],
        )
        for row in await unit.fetch(LIST, after, limit)
    ]


async def forget_before(unit: Unit, at: datetime) -> None:
    """Sign-ins before `at`, and places that were only ever refused and not since."""
    await unit.execute("delete from sign_ins where at < $1", at)
    await unit.execute(
        "delete from login_places where sign_ins = 0 and refused_at[1] < $1::timestamptz", at
    )
