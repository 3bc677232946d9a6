"""What was told, what is still to be sent, and how it went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from plimsoll.alerts.domain.channels import ChannelId
from plimsoll.alerts.domain.deliveries import (
    GIVEN_UP_AFTER,
    MOST_WAITING,
    Delivery,
    DeliveryId,
    DeliveryState,
    Notification,
    WantedDeliveries,
)
from plimsoll.alerts.domain.telling import Told
from plimsoll.alerts.storage.channels import Claimed
from plimsoll.kernel.clock import rfc3339
from plimsoll.kernel.identifiers import UserId, new_id
from plimsoll.kernel.money import format_amount
from plimsoll.plumbing.database import Database, ReadUnit, Unit

PLAN: Final = """
    with told as (
        select * from jsonb_to_recordset($1::jsonb) as t (
            id uuid, user_id uuid, condition_id uuid, number bigint, kind text, of text,
            value text, title text, body text, at timestamptz, tell_at timestamptz, channels jsonb
        )
    ), made as (
        insert into alert_notifications (
            id, user_id, condition_id, number, subject_kind, subject_of, value, title, body, at,
            tell_at
        )
        select id, user_id, condition_id, number, kind, of, value, title, body, at, tell_at
        from told
        on conflict (condition_id, number) do nothing
        returning id
    ), open as materialized (
        select c.id, c.user_id, (
            select count(*) from (
                select from alert_deliveries d
                where d.channel_id = c.id and d.state = 'waiting' limit $3
            ) behind
        ) as waiting
        from alert_channels c
        where c.state = 'on' and c.user_id in (select user_id from told)
    ), meant as (
        select t.*, c.id as channel_id,
            c.waiting + row_number() over (partition by c.id order by t.at, t.id) > $3 as beyond
        from made
        join told t on t.id = made.id
        join open c on c.user_id = t.user_id and (t.channels = '[]' or t.channels ? c.id::text)
        where t.tell_at is not null
    )
    insert into alert_deliveries (
        user_id, notification_id, channel_id, state, error, due_at, gives_up_at, created_at
    )
    select user_id, id, channel_id, case when beyond then 'cancelled' else 'waiting' end,
        case when beyond then 'channel-full' end, tell_at, tell_at + $2, at
    from meant
"""


async def plan(unit: Unit, told: Sequence[Told]) -> None:
    """A notification for each event, and a delivery for each channel it goes to; in the unit that
    stores the events, so that there is one exactly where there is the other. An event that is
    planned already stays as it is. A channel that is switched off or of somebody else gets none;
    what is more than MOST_WAITING for one channel is not sent there.
    """
    if told:
        rows = msgspec.json.encode([_row(each) for each in told]).decode()
        await unit.execute(PLAN, rows, GIVEN_UP_AFTER, MOST_WAITING)


def _row(told: Told) -> dict[str, object]:
    event = told.event
    return {
        "id": new_id(),
        "user_id": told.user_id,
        "condition_id": event.condition_id,
        "number": event.number,
        "kind": event.subject.kind.value,
        "of": event.subject.of,
        "value": event.value if isinstance(event.value, str) else format_amount(event.value),
        "title": told.title,
        "body": told.text,
        "at": rfc3339(event.at),
        "tell_at": None if told.tell_at is None else rfc3339(told.tell_at),
        "channels": told.channels,
    }


PLAN_TEST: Final = """
    with made as (
        insert into alert_notifications (
            id, user_id, subject_kind, subject_of, title, body, at, tell_at
        )
        values ($1, $2, 'test', '', $5, $6, $4, $4)
    )
    insert into alert_deliveries (
        user_id, notification_id, channel_id, state, due_at, gives_up_at, created_at
    )
    values ($2, $1, $3, 'waiting', $4, $4, $4)
    returning id
"""


async def plan_test(
    unit: Unit, user_id: UserId, channel_id: ChannelId, *, at: datetime, title: str, body: str
) -> DeliveryId:
    """A message to one channel, tried once."""
    made: DeliveryId = await unit.fetchval(
        PLAN_TEST, new_id(), user_id, channel_id, at, title, body
    )
    return made


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is due."""

    id: DeliveryId
    notification: Notification
    attempts: int
    gives_up_at: datetime


LIST_DUE: Final = """
    select d.id as delivery_id, d.attempts, d.gives_up_at, n.*
    from alert_deliveries d join alert_notifications n on n.id = d.notification_id
    where d.channel_id = $1 and d.state = 'waiting' and d.due_at <= $2
    order by d.due_at, d.id limit $3
"""


async def list_due(
    unit: ReadUnit, channel_id: ChannelId, *, now: datetime, limit: int
) -> list[Waiting]:
    """What is due in one channel, those that wait longest first."""
    return [
        Waiting(row["delivery_id"], notification_of(row), row["attempts"], row["gives_up_at"])
        for row in await unit.fetch(LIST_DUE, channel_id, now, limit)
    ]


RECORD: Final = """
    update alert_deliveries set
        state = case when state = 'waiting' or $2 <> 'waiting' then $2 else state end,
        due_at = coalesce($3, due_at), attempts = attempts + 1,
        status = $4::int, error = $5::text, duration_ms = $6::int, tried_at = $7,
        log = (case when jsonb_array_length(log) >= $8 then log - 0 else log end)
            || jsonb_build_array(jsonb_build_object(
                'at', $9::text, 'status', $4::int, 'error', $5::text, 'duration_ms', $6::int
            ))
    where id = $1
    returning exists (
        select from alert_channels c
        where c.id = channel_id and c.state = 'on' and c.changed_at = $10
    )
"""
LOGGED: Final = 20
"""Attempts of one delivery that are remembered."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One that is over. `due_at`: of the next one, where the message waits on."""

    delivery_id: DeliveryId
    state: DeliveryState
    at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    due_at: datetime | None = None


async def record(unit: Unit, attempt: Attempt, channel: Claimed) -> None:
    await unit.execute(RECORD, *_values(attempt, channel))


async def record_alone(database: Database, attempt: Attempt, channel: Claimed) -> bool:
    """The same in a transaction of its own, in one round trip; whether the channel is still as it
    was when it was claimed.
    """
    rows = await database.once(RECORD, *_values(attempt, channel))
    return bool(rows and rows[0][0])


def _values(attempt: Attempt, channel: Claimed) -> tuple[object, ...]:
    return (
        attempt.delivery_id,
        attempt.state,
        attempt.due_at,
        attempt.status,
        attempt.error,
        attempt.duration_ms,
        attempt.at,
        LOGGED,
        rfc3339(attempt.at),
        channel.changed_at,
    )


_COLUMNS: Final = """
    d.id, d.notification_id, d.channel_id, d.state, n.title, d.due_at, d.attempts, d.status,
    d.error, d.duration_ms, d.tried_at, d.created_at, d.log::text as log
"""
LIST: Final = f"""
    select {_COLUMNS} from alert_deliveries d
    join alert_notifications n on n.id = d.notification_id
    where d.user_id = $1
        and ($2::uuid is null or d.channel_id = $2)
        and ($3::text is null or d.state = $3)
        and ($4::uuid is null or d.notification_id = $4)
        and ($5::timestamptz is null or (d.created_at, d.id) < ($5, $6))
    order by d.created_at desc, d.id desc limit $7
"""  # noqa: S608 - our own columns


async def list_of(
    unit: ReadUnit,
    user_id: UserId,
    wanted: WantedDeliveries,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Delivery]:
    """The latest first."""
    at, last = after or (None, None)
    rows = await unit.fetch(
        LIST, user_id, wanted.channel_id, wanted.state, wanted.notification_id, at, last, limit
    )
    return [_delivery(row) for row in rows]


FIND: Final = f"""
    select {_COLUMNS} from alert_deliveries d
    join alert_notifications n on n.id = d.notification_id
    where d.id = $1 and d.user_id = $2
"""  # noqa: S608 - as above


async def find(unit: ReadUnit, user_id: UserId, delivery_id: DeliveryId) -> Delivery | None:
    row = await unit.fetchrow(FIND, delivery_id, user_id)
    return _delivery(row) if row else None


RESEND: Final = """
    update alert_deliveries set
        state = 'waiting', due_at = $2, gives_up_at = $3, attempts = 0
    where id = $1 and state <> 'waiting'
    returning id
"""


async def resend(unit: Unit, delivery_id: DeliveryId, *, at: datetime) -> bool:
    """Let it wait once more, from the first attempt on; False when it waits already."""
    return await unit.fetchval(RESEND, delivery_id, at, at + GIVEN_UP_AFTER) is not None


def notification_of(row: asyncpg.Record) -> Notification:
    return Notification(
        row["id"],
        row["condition_id"],
        row["number"],
        row["subject_kind"],
        row["subject_of"],
        row["value"],
        row["title"],
        row["body"],
        row["at"],
        row["tell_at"],
        row["told_seq"],
        row["seen_at"],
    )


def _delivery(row: asyncpg.Record) -> Delivery:
    return Delivery(
        row["id"],
        row["notification_id"],
        row["channel_id"],
        DeliveryState(row["state"]),
        row["title"],
        row["due_at"],
        row["attempts"],
        row["status"],
        row["error"],
        row["duration_ms"],
        row["tried_at"],
        row["created_at"],
        tuple(msgspec.json.decode(row["log"], type=list[dict[str, object]])),
    )
