"""Events as they were said, and the standings that they came with; whose turn it is to watch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from plimsoll.alerts.domain.alerts import Happened
from plimsoll.alerts.domain.conditions import ConditionId, Standing, SubjectKind
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import Database, ReadUnit, Unit

TAKE: Final = """
    update alert_watch
    set epoch = epoch + 1, until = clock_timestamp() + make_interval(secs => $1)
    where until < clock_timestamp()
    returning epoch
"""
RENEW: Final = """
    update alert_watch set until = clock_timestamp() + make_interval(secs => $2)
    where epoch = $1
    returning true
"""
RELEASE: Final = "update alert_watch set until = '-infinity' where epoch = $1"
STILL_OURS: Final = "select true from alert_watch where epoch = $1 for share"
STAND: Final = """
    update alert_conditions c
    set phase = n.phase, events = n.events, fired_at = n.fired_at
    from unnest($1::uuid[], $2::int[], $3::text[], $4::int[], $5::timestamptz[])
        as n (id, version, phase, events, fired_at)
    where c.id = n.id and c.version = n.version and c.removed_at is null
    returning c.id
"""
ADD: Final = """
    insert into alert_events (
        condition_id, number, user_id, kind, subject, value, word, title, sentence, source,
        simulated, at, tell_at
    )
    select * from unnest(
        $1::uuid[], $2::int[], $3::uuid[], $4::text[], $5::text[], $6::numeric[], $7::text[],
        $8::text[], $9::text[], $10::text[], $11::boolean[], $12::timestamptz[], $13::timestamptz[]
    )
    on conflict do nothing
"""
COLUMNS: Final = """
    condition_id, number, kind, subject, value, word, title, sentence, source, simulated, at,
    tell_at
"""
LIST: Final = f"""
    select {COLUMNS} from alert_events
    where user_id = $1
        and ($2::timestamptz is null or (at, condition_id, number) < ($2, $3::uuid, $4::int))
    order by at desc, condition_id desc, number desc
    limit $5
"""  # noqa: S608 - no caller's text is part of it
LIST_OF_ONE: Final = f"""
    select {COLUMNS} from alert_events
    where condition_id = $1 and user_id = $2 and ($3::int is null or number < $3)
    order by number desc
    limit $4
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a condition stands now, for the version of it that was judged."""

    condition_id: ConditionId
    version: int
    standing: Standing


async def take_turn(database: Database, *, lease_s: float) -> int | None:
    """The epoch of this process from now on; None while another one watches."""
    rows = await database.once(TAKE, lease_s)
    return rows[0]["epoch"] if rows else None


async def renew(database: Database, epoch: int, *, lease_s: float) -> bool:
    """False when another process has taken over."""
    return bool(await database.once(RENEW, epoch, lease_s))


async def release(database: Database, epoch: int) -> None:
    await database.once(RELEASE, epoch)


async def is_ours(unit: Unit, epoch: int) -> bool:
    """Whether this process watches; if so nobody takes over before the unit ends."""
    return bool(await unit.fetchval(STILL_OURS, epoch))


async def stand(unit: Unit, stands: Sequence[Stand]) -> set[ConditionId]:
    """Write where conditions stand; those that were not changed or removed by their people."""
    rows = await unit.fetch(
        STAND,
        [each.condition_id for each in stands],
        [each.version for each in stands],
        [each.standing.phase for each in stands],
        [each.standing.events for each in stands],
        [each.standing.fired_at for each in stands],
    )
    return {ConditionId(row["id"]) for row in rows}


async def add(unit: Unit, events: Sequence[tuple[UserId, Happened]]) -> None:
    """An event that is there already stays as it is."""
    rows = [
        (
            each.condition_id,
            each.number,
            user_id,
            each.kind,
            each.subject,
            None if isinstance(each.value, str) else each.value,
            each.value if isinstance(each.value, str) else None,
            each.title,
            each.text,
            each.source,
            each.simulated,
            each.at,
            each.tell_at,
        )
        for user_id, each in events
    ]
    await unit.execute(ADD, *zip(*rows, strict=True))


async def list_latest(
    unit: ReadUnit,
    user_id: UserId,
    *,
    after: tuple[datetime, UUID, int] | None,
    limit: int,
) -> list[Happened]:
    """All of a person, the latest first."""
    at, condition_id, number = after or (None, None, None)
    return [
        _happened(row) for row in await unit.fetch(LIST, user_id, at, condition_id, number, limit)
    ]


async def list_of_one(
    unit: ReadUnit, user_id: UserId, alert_id: ConditionId, *, after: int | None, limit: int
) -> list[Happened]:
    """Those of one condition, the latest first."""
    return [
        _happened(row) for row in await unit.fetch(LIST_OF_ONE, alert_id, user_id, after, limit)
    ]


def _happened(row: Mapping[str, Any]) -> Happened:
    return Happened(
        ConditionId(row["condition_id"]),
        row["number"],
        SubjectKind(row["kind"]),
        row["subject"],
        row["value"] if row["word"] is None else row["word"],
        row["title"],
        row["sentence"],
        row["source"],
        row["simulated"],
        row["at"],
        row["tell_at"],
    )
