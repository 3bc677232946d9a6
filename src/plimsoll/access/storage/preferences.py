"""Preferences of people, one row for each who ever set any."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from plimsoll.access.domain.preferences import AfterQuiet, Preferences, QuietTimes, Theme
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import ReadUnit, Unit

_COLUMNS: Final = (
    "user_id, version, currency, time_zone, locale, theme, privacy,"
    " quiet_start, quiet_end, quiet_rule, changed_at"
)

FIND: Final = f"select {_COLUMNS} from user_preferences where user_id = $1"  # noqa: S608 - our own columns
LIST: Final = f"select {_COLUMNS} from user_preferences where user_id = any($1)"  # noqa: S608 - as above


async def find(unit: ReadUnit, user_id: UserId) -> Preferences | None:
    row = await unit.fetchrow(FIND, user_id)
    return _preferences(row) if row else None


async def list_of(unit: ReadUnit, people: Sequence[UserId]) -> dict[UserId, Preferences]:
    """Of those who ever set any."""
    rows = await unit.fetch(LIST, list(people))
    return {UserId(row["user_id"]): _preferences(row) for row in rows}


PUT: Final = """
    insert into user_preferences as p (
        user_id, version, currency, time_zone, locale, theme, privacy,
        quiet_start, quiet_end, quiet_rule, changed_at
    )
    values ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict (user_id) do update set
        version = p.version + 1,
        currency = $2, time_zone = $3, locale = $4, theme = $5, privacy = $6,
        quiet_start = $7, quiet_end = $8, quiet_rule = $9, changed_at = $10
    where $11::bigint is null
    returning version
"""
UPDATE: Final = """
    update user_preferences set
        version = version + 1,
        currency = $2, time_zone = $3, locale = $4, theme = $5, privacy = $6,
        quiet_start = $7, quiet_end = $8, quiet_rule = $9, changed_at = $10
    where user_id = $1 and version = $11
    returning version
"""


async def put(
    unit: Unit, user_id: UserId, wanted: Preferences, *, version: int | None
) -> int | None:
    """The version they have now; None: they are no longer those of `version`, and stay as they
    are. `version` None: whatever they were; 0: never set.
    """
    quiet = wanted.quiet
    made: int | None = await unit.fetchval(
        UPDATE if version else PUT,
        user_id,
        wanted.currency,
        wanted.time_zone,
        wanted.locale,
        wanted.theme,
        wanted.privacy,
        quiet.start if quiet else None,
        quiet.end if quiet else None,
        quiet.rule if quiet else None,
        wanted.changed_at,
        version,
    )
    return made


def _preferences(row: asyncpg.Record) -> Preferences:
    quiet = None
    if row["quiet_start"] is not None:
        quiet = QuietTimes(row["quiet_start"], row["quiet_end"], AfterQuiet(row["quiet_rule"]))
    return Preferences(
        currency=row["currency"],
        time_zone=row["time_zone"],
        locale=row["locale"],
        theme=Theme(row["theme"]),
        privacy=row["privacy"],
        quiet=quiet,
        version=row["version"],
        changed_at=row["changed_at"],
    )
