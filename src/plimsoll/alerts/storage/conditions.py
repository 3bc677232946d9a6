"""Conditions and where they stand, as their people write them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from plimsoll.alerts.domain.alerts import Alert, QuietChoice, Terms
from plimsoll.alerts.domain.conditions import (
    Comparison,
    Condition,
    ConditionId,
    Phase,
    Repeat,
    Standing,
    Subject,
    SubjectKind,
)
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import ReadUnit, Unit

COLUMNS: Final = """
    id, user_id, kind, subject, comparison, threshold, word, hysteresis, cooldown_s, repeat,
    quiet_hours, channels, note, phase, events, fired_at, snoozed_until, version, created_at,
    changed_at
"""
LOCK_PERSON: Final = "select pg_advisory_xact_lock(hashtextextended('alerts ' || $1::uuid, 0))"
COUNT: Final = """
    select count(*) from alert_conditions where user_id = $1 and removed_at is null
"""
ADD: Final = f"""
    insert into alert_conditions (
        id, user_id, kind, subject, comparison, threshold, word, hysteresis, cooldown_s, repeat,
        quiet_hours, channels, note, phase, created_at
    )
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    returning {COLUMNS}
"""  # noqa: S608 - no caller's text is part of it
LOCK: Final = f"""
    select {COLUMNS} from alert_conditions
    where id = $1 and user_id = $2 and removed_at is null
    for update
"""  # noqa: S608
FIND: Final = f"""
    select {COLUMNS} from alert_conditions
    where id = $1 and user_id = $2 and removed_at is null
"""  # noqa: S608
CHANGE: Final = f"""
    update alert_conditions set
        comparison = $3, threshold = $4, word = $5, hysteresis = $6, cooldown_s = $7, repeat = $8,
        quiet_hours = $9, channels = $10, note = $11, phase = $12, fired_at = $13,
        snoozed_until = $14, version = version + 1, changed_at = clock_timestamp()
    where id = $1 and user_id = $2
    returning {COLUMNS}
"""  # noqa: S608
REMOVE: Final = """
    update alert_conditions
    set removed_at = clock_timestamp(), version = version + 1, changed_at = clock_timestamp()
    where id = $1 and user_id = $2 and removed_at is null
    returning true
"""
LIST: Final = f"""
    select {COLUMNS} from alert_conditions
    where user_id = $1 and removed_at is null
        and ($2::uuid is null or id < $2) and ($3::text is null or kind = $3)
    order by id desc
    limit $4
"""  # noqa: S608
LOAD: Final = f"""
    select {COLUMNS} from alert_conditions
    where removed_at is null and id > $1
    order by id
    limit $2
"""  # noqa: S608
LIST_CHANGED: Final = f"""
    select {COLUMNS}, removed_at is not null as removed, looked_at
    from (select clock_timestamp() as looked_at) now
    left join alert_conditions on changed_at >= $1
"""  # noqa: S608
ANY: Final = "select exists (select from alert_conditions where removed_at is null)"
NOW: Final = "select clock_timestamp()"
FIRST: Final = UUID(int=0)


async def count_locked(unit: Unit, user_id: UserId) -> int:
    """How many a person has; until the end of the unit nobody else adds one for them."""
    await unit.execute(LOCK_PERSON, user_id)
    count: int = await unit.fetchval(COUNT, user_id)
    return count


async def add(unit: Unit, terms: Terms, user_id: UserId, now: datetime) -> Alert:
    condition, standing = terms.condition, Standing()
    row = await unit.fetchrow(
        ADD,
        condition.id,
        user_id,
        *condition.subject,
        *_terms(terms),
        standing.phase,
        now,
    )
    assert row is not None
    return _alert(row)


async def find(unit: ReadUnit, user_id: UserId, alert_id: ConditionId) -> Alert | None:
    row = await unit.fetchrow(FIND, alert_id, user_id)
    return _alert(row) if row else None


async def lock(unit: Unit, user_id: UserId, alert_id: ConditionId) -> Alert | None:
    """The alert, which stands still until the unit ends."""
    row = await unit.fetchrow(LOCK, alert_id, user_id)
    return _alert(row) if row else None


async def change(unit: Unit, alert: Alert, terms: Terms, standing: Standing) -> Alert:
    """New terms and a new standing for an alert that is locked; its events stay counted."""
    row = await unit.fetchrow(
        CHANGE,
        alert.id,
        alert.user_id,
        *_terms(terms),
        standing.phase,
        standing.fired_at,
        standing.snoozed_until,
    )
    assert row is not None
    return _alert(row)


async def remove(unit: Unit, user_id: UserId, alert_id: ConditionId) -> bool:
    """Its events stay."""
    return bool(await unit.fetchval(REMOVE, alert_id, user_id))


async def list_latest(
    unit: ReadUnit,
    user_id: UserId,
    *,
    kind: SubjectKind | None,
    after: UUID | None,
    limit: int,
) -> list[Alert]:
    """The newest first, of those that came before `after`."""
    return [_alert(row) for row in await unit.fetch(LIST, user_id, after, kind, limit)]


async def load(unit: ReadUnit, *, at_once: int) -> AsyncIterator[list[Alert]]:
    """Everybody's, some at a time."""
    last = FIRST
    while rows := await unit.fetch(LOAD, last, at_once):
        yield [_alert(row) for row in rows]
        last = rows[-1]["id"]


async def list_changed(
    unit: ReadUnit, since: datetime
) -> tuple[list[Alert], list[ConditionId], datetime]:
    """What people changed since then, what they removed, and when this was looked at; by the clock
    of the database.
    """
    rows = await unit.fetch(LIST_CHANGED, since)
    looked_at: datetime = rows[0]["looked_at"]
    changed = [row for row in rows if row["id"] is not None]
    kept = [_alert(row) for row in changed if not row["removed"]]
    removed = [ConditionId(row["id"]) for row in changed if row["removed"]]
    return kept, removed, looked_at


async def is_any(unit: ReadUnit) -> bool:
    return bool(await unit.fetchval(ANY))


async def read_now(unit: ReadUnit) -> datetime:
    """The clock of the database."""
    now: datetime = await unit.fetchval(NOW)
    return now


def _terms(terms: Terms) -> Sequence[object]:
    condition = terms.condition
    word = condition.threshold if isinstance(condition.threshold, str) else None
    return (
        condition.comparison,
        None if word else condition.threshold,
        word,
        condition.hysteresis,
        int(condition.cooldown.total_seconds()),
        condition.repeat,
        terms.quiet_hours,
        list(terms.channels),
        terms.note,
    )


def _alert(row: Mapping[str, Any]) -> Alert:
    word = row["word"]
    condition = Condition(
        ConditionId(row["id"]),
        Subject(SubjectKind(row["kind"]), row["subject"]),
        Comparison(row["comparison"]),
        row["threshold"] if word is None else word,
        row["hysteresis"],
        timedelta(seconds=row["cooldown_s"]),
        Repeat(row["repeat"]),
    )
    return Alert(
        Terms(condition, QuietChoice(row["quiet_hours"]), tuple(row["channels"]), row["note"]),
        UserId(row["user_id"]),
        Standing(Phase(row["phase"]), row["events"], row["fired_at"], row["snoozed_until"]),
        row["version"],
        row["created_at"],
        row["changed_at"],
    )
