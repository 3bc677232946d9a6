"""What people are told in the page: due in an order of its own, seen or not."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from plimsoll.alerts.domain.deliveries import Notification, NotificationId
from plimsoll.alerts.storage.deliveries import notification_of
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import ReadUnit, Unit

MOST_AT_ONCE: Final = 1_000

ANY_DUE: Final = """
    select exists (
        select from alert_notifications
        where told_seq is null and tell_at <= $1 and condition_id is not null
    )
"""
MAY_TELL: Final = "select pg_try_advisory_xact_lock(hashtextextended('alert-telling', 0))"
TELL: Final = """
    with due as materialized (
        select id, nextval('alert_told') as seq from (
            select id from alert_notifications
            where told_seq is null and tell_at <= $1 and condition_id is not null
            order by tell_at, id limit $2
        ) in_order
    )
    update alert_notifications n set told_seq = due.seq
    from due where n.id = due.id
"""


async def any_due(unit: ReadUnit, now: datetime) -> bool:
    return bool(await unit.fetchval(ANY_DUE, now))


async def tell(unit: Unit, now: datetime) -> bool:
    """Number what is due. One process at a time does it, so that whoever has heard up to a number
    has heard all before it. True: there is more.
    """
    if not await unit.fetchval(MAY_TELL):
        return False
    status = await unit.execute(TELL, now, MOST_AT_ONCE)
    return int(status.removeprefix("UPDATE ")) == MOST_AT_ONCE


LIST: Final = """
    select * from alert_notifications
    where user_id = $1 and condition_id is not null
        and (not $2 or (told_seq is not null and seen_at is null))
        and ($3::timestamptz is null or (at, id) < ($3, $4))
    order by at desc, id desc limit $5
"""


async def list_of(
    unit: ReadUnit,
    user_id: UserId,
    *,
    unseen: bool,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Notification]:
    """The latest first; with `unseen`, what was told and not seen yet."""
    at, last = after or (None, None)
    return [
        notification_of(row) for row in await unit.fetch(LIST, user_id, unseen, at, last, limit)
    ]


UNSEEN: Final = """
    select * from alert_notifications
    where user_id = $1 and told_seq is not null and seen_at is null
    order by told_seq desc limit $2
"""
COUNT: Final = """
    select
        (select count(*) from alert_notifications
            where user_id = $1 and told_seq is not null and seen_at is null),
        (select coalesce(max(told_seq), 0) from alert_notifications
            where user_id = $1 and told_seq is not null)
"""


async def count_unseen(unit: ReadUnit, user_id: UserId) -> tuple[int, int]:
    """How many were told and not seen, and the number of the last one told."""
    row = await unit.fetchrow(COUNT, user_id)
    assert row is not None
    return row[0], row[1]


async def list_unseen(unit: ReadUnit, user_id: UserId, *, limit: int) -> list[Notification]:
    """The last ones told that were not seen, the latest first."""
    return [notification_of(row) for row in await unit.fetch(UNSEEN, user_id, limit)]


LATER: Final = """
    select n.* from unnest($1::uuid[], $2::bigint[]) as f (user_id, seq)
    join alert_notifications n on n.user_id = f.user_id and n.told_seq > f.seq
    order by n.told_seq limit $3
"""
OWN_LATER: Final = """
    select * from alert_notifications
    where user_id = $1 and told_seq > $2 and told_seq <= $3 order by told_seq limit $4
"""


async def list_later(
    unit: ReadUnit, heard: Mapping[UserId, int], *, limit: int
) -> list[tuple[UserId, Notification]]:
    """What these people were told after the number each has heard, in its order."""
    rows = await unit.fetch(LATER, list(heard), list(heard.values()), limit)
    return [(row["user_id"], notification_of(row)) for row in rows]


async def list_between(
    unit: ReadUnit, user_id: UserId, *, after: int, until: int, limit: int
) -> list[Notification]:
    """What one person was told after a number, up to another one, in its order."""
    rows = await unit.fetch(OWN_LATER, user_id, after, until, limit)
    return [notification_of(row) for row in rows]


SEE: Final = """
    update alert_notifications set seen_at = $3
    where user_id = $1 and id = any($2) and told_seq is not null and seen_at is null
"""
SEE_UP_TO: Final = """
    update alert_notifications set seen_at = $3
    where user_id = $1 and told_seq <= (
            select told_seq from alert_notifications where user_id = $1 and id = $2
        ) and seen_at is null
"""


async def see(unit: Unit, user_id: UserId, seen: Sequence[NotificationId], *, at: datetime) -> None:
    await unit.execute(SEE, user_id, list(seen), at)


async def see_up_to(unit: Unit, user_id: UserId, last: NotificationId, *, at: datetime) -> None:
    """That one, and all that was told before it."""
    await unit.execute(SEE_UP_TO, user_id, last, at)
