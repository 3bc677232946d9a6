"""Channels of people, with what is sealed of them, and whose turn it is to send."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from plimsoll.alerts.domain.channels import Channel, ChannelId, ChannelKind, ChannelState
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import Database, ReadUnit, Unit

_COLUMNS: Final = (
    "id, user_id, kind, name, state, off_because, place, old_secret_until, created_at, changed_at"
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """Where a channel leads and what it signs with, as it is stored."""

    target: bytes
    secret: bytes | None = None
    old_secret: bytes | None = None
    old_secret_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """What an e-mail address is confirmed with."""

    hash: bytes
    until: datetime
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Claimed:
    """A channel that this process sends for until `busy_until`, as it was at `changed_at`;
    `failures` in a row so far.
    """

    id: ChannelId
    user_id: UserId
    kind: ChannelKind
    sealed: Sealed
    failures: int
    busy_until: datetime
    changed_at: datetime


LOCK_PERSON: Final = "select pg_advisory_xact_lock(hashtextextended('alert-channels ' || $1, 0))"
COUNT: Final = "select count(*) from alert_channels where user_id = $1"
INSERT: Final = """
    insert into alert_channels (
        id, user_id, kind, name, state, place, created_at, changed_at, target, secret,
        code_hash, code_until
    )
    values ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11)
"""


async def count(unit: ReadUnit, user_id: UserId) -> int:
    found: int = await unit.fetchval(COUNT, user_id)
    return found


async def insert(unit: Unit, channel: Channel, sealed: Sealed, code: Code | None) -> None:
    await unit.execute(
        INSERT,
        channel.id,
        channel.user_id,
        channel.kind,
        channel.name,
        channel.state,
        channel.place,
        channel.created_at,
        sealed.target,
        sealed.secret,
        code.hash if code else None,
        code.until if code else None,
    )


async def lock_person(unit: Unit, user_id: UserId) -> None:
    """Whoever adds or removes channels of one person at the same time waits until the unit ends."""
    await unit.execute(LOCK_PERSON, user_id.hex)


FIND: Final = f"select {_COLUMNS} from alert_channels where id = $1 and user_id = $2"  # noqa: S608 - our own columns
LIST: Final = f"""
    select {_COLUMNS} from alert_channels
    where user_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3
"""  # noqa: S608 - as above


async def find(unit: ReadUnit, user_id: UserId, channel_id: ChannelId) -> Channel | None:
    row = await unit.fetchrow(FIND, channel_id, user_id)
    return _channel(row) if row else None


async def lock(unit: Unit, user_id: UserId, channel_id: ChannelId) -> Channel | None:
    """The same, held until the unit ends."""
    row = await unit.fetchrow(f"{FIND} for no key update", channel_id, user_id)
    return _channel(row) if row else None


async def list_of(
    unit: ReadUnit, user_id: UserId, *, after: ChannelId | None, limit: int
) -> list[Channel]:
    """The latest first, from the one after `after` on."""
    return [_channel(row) for row in await unit.fetch(LIST, user_id, after, limit)]


UPDATE: Final = """
    update alert_channels set name = $2, state = $3, off_because = $4, changed_at = $5,
        failures = case when $3 = 'on' then 0 else failures end
    where id = $1
"""
SET_TARGET: Final = "update alert_channels set target = $2, place = $3 where id = $1"
SIGN_ANEW: Final = """
    update alert_channels set
        old_secret = case when $3::timestamptz is null then null else secret end,
        old_secret_until = $3, secret = $2, changed_at = $4
    where id = $1
"""
CANCEL: Final = """
    update alert_deliveries set state = 'cancelled', error = 'channel-off'
    where channel_id = $1 and state = 'waiting'
"""


async def update(unit: Unit, channel: Channel) -> None:
    """Its name and state; what waits for one that is not on is cancelled."""
    await unit.execute(
        UPDATE, channel.id, channel.name, channel.state, channel.off_because, channel.changed_at
    )
    if channel.state is not ChannelState.ON:
        await unit.execute(CANCEL, channel.id)


async def set_target(unit: Unit, channel_id: ChannelId, target: bytes, *, place: str) -> None:
    await unit.execute(SET_TARGET, channel_id, target, place)


async def set_secret(
    unit: Unit, channel_id: ChannelId, secret: bytes, *, old_until: datetime | None, at: datetime
) -> None:
    """`old_until`: for how long the one before signs along; None: no longer."""
    await unit.execute(SIGN_ANEW, channel_id, secret, old_until, at)


async def delete(unit: Unit, channel_id: ChannelId) -> None:
    """With everything that was sent to it."""
    await unit.execute("delete from alert_channels where id = $1", channel_id)


async def read_code(unit: Unit, channel_id: ChannelId) -> Code | None:
    row = await unit.fetchrow(
        "select code_hash, code_until, code_tries from alert_channels where id = $1", channel_id
    )
    return Code(*row) if row and row["code_hash"] is not None else None


async def count_try(unit: Unit, channel_id: ChannelId) -> None:
    await unit.execute(
        "update alert_channels set code_tries = code_tries + 1 where id = $1", channel_id
    )


CLAIM: Final = """
    -- From one channel to the next along the index: what waits behind the first is not looked at.
    with recursive waiting as (
        (
            select channel_id, due_at from alert_deliveries
            where state = 'waiting' order by channel_id, due_at limit 1
        )
        union all
        select later.* from waiting w cross join lateral (
            select channel_id, due_at from alert_deliveries
            where state = 'waiting' and channel_id > w.channel_id
            order by channel_id, due_at limit 1
        ) later
    ), free as (
        select c.id from alert_channels c join waiting due on due.channel_id = c.id
        where due.due_at <= $1 and c.busy_until <= $1 and c.state = 'on'
        order by due.due_at limit $3 for no key update of c skip locked
    )
    update alert_channels c set busy_until = $2 from free where c.id = free.id
    returning c.id, c.user_id, c.kind, c.failures, c.changed_at,
        c.target, c.secret, c.old_secret, c.old_secret_until
"""


async def claim(database: Database, *, now: datetime, until: datetime, limit: int) -> list[Claimed]:
    """Channels with something due that nobody sends for, those that wait longest first."""
    return [
        Claimed(
            row["id"],
            row["user_id"],
            ChannelKind(row["kind"]),
            Sealed(row["target"], row["secret"], row["old_secret"], row["old_secret_until"]),
            row["failures"],
            until,
            row["changed_at"],
        )
        for row in await database.once(CLAIM, now, until, limit)
    ]


RELEASE: Final = """
    update alert_channels set busy_until = $3, failures = $4 where id = $1 and busy_until = $2
"""
SWITCH_OFF: Final = """
    update alert_channels set state = 'off', off_because = $2, changed_at = $3 where id = $1
"""


async def release(unit: Unit, claimed: Claimed, *, rests_until: datetime, failures: int) -> None:
    """Let others send for it, unless they do already because it took too long."""
    await unit.execute(RELEASE, claimed.id, claimed.busy_until, rests_until, failures)


async def switch_off(unit: Unit, channel_id: ChannelId, *, because: str, at: datetime) -> None:
    await unit.execute(SWITCH_OFF, channel_id, because, at)
    await unit.execute(CANCEL, channel_id)


async def check_own(unit: ReadUnit, user_id: UserId, wanted: Sequence[ChannelId]) -> bool:
    """Whether all of these are channels of this person."""
    found: int = await unit.fetchval(
        "select count(*) from alert_channels where user_id = $1 and id = any($2)",
        user_id,
        list(set(wanted)),
    )
    return found == len(set(wanted))


def _channel(row: asyncpg.Record) -> Channel:
    return Channel(
        row["id"],
        row["user_id"],
        ChannelKind(row["kind"]),
        row["name"],
        ChannelState(row["state"]),
        row["off_because"],
        row["place"],
        row["old_secret_until"],
        row["created_at"],
        row["changed_at"],
    )
