"""What alerts have of one person, in an order in which it can be deleted."""

from datetime import datetime
from typing import Final

from plimsoll.plumbing.database import Unit
from plimsoll.plumbing.personal import Removal, Section, rows_of

SECTIONS: Final = (
    Section("alert_conditions", rows_of("alert_conditions")),
    Section("alert_events", rows_of("alert_events")),
    Section(
        "alert_channels",
        rows_of("alert_channels", without=("target", "secret", "old_secret", "code_hash")),
    ),
    Section("alert_notifications", rows_of("alert_notifications")),
    Section("alert_deliveries", rows_of("alert_deliveries")),
)

REMOVALS: Final = tuple(
    Removal(table, f"delete from {table} where user_id = $1")  # noqa: S608 - our own tables
    for table in (
        "alert_deliveries",
        "alert_notifications",
        "alert_channels",
        "alert_events",
        "alert_conditions",
    )
)

FORGET: Final = (
    "delete from alert_events where at < $1",
    "delete from alert_notifications where at < $1",  # with their deliveries
    "delete from alert_conditions where removed_at < $1",
)


async def forget_before(unit: Unit, at: datetime) -> None:
    for sql in FORGET:
        await unit.execute(sql, at)
