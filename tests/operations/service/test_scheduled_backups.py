"""Backups that are due, and what is said when there are none."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from plimsoll.operations.service import backups
from plimsoll.operations.service.scheduled_backups import ScheduledBackups
from plimsoll.plumbing.backups import container
from plimsoll.settings import Settings


class Later:
    """The machine's clock, some hours ahead."""

    def __init__(self) -> None:
        self.hours = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(hours=self.hours)

    def monotonic(self) -> float:
        return self.now().timestamp()


async def test_one_is_taken_when_it_is_due_and_too_many_go(
    settings: Settings, database_url: str, tmp_path: Path
) -> None:
    folder, clock = tmp_path / "backups", Later()
    wanted = settings.model_copy(
        update={"backup_dir": folder, "backup_every_hours": 2.0, "backup_keep": 1}
    )
    scheduled = ScheduledBackups(wanted, database_url, clock)
    assert not scheduled.too_old, "there was no time yet"
    await scheduled._look(folder)
    [first] = backups.list_generations(folder)
    assert container.check(first).counts["people"] == 0

    await ScheduledBackups(wanted, database_url, clock)._look(folder)
    assert backups.list_generations(folder) == [first], "a new start takes no other"

    clock.hours = 3
    await scheduled._look(folder)
    [second] = backups.list_generations(folder)
    assert second != first
    assert not scheduled.too_old


async def test_it_is_said_when_there_is_none_or_only_an_old_one(
    settings: Settings, database_url: str, tmp_path: Path
) -> None:
    folder, clock = tmp_path / "backups", Later()
    wanted = settings.model_copy(update={"backup_dir": folder, "backup_every_hours": 2.0})
    nowhere = database_url.replace("///test_", "///no_such_")
    failing = ScheduledBackups(wanted, nowhere, clock)
    await failing._look(folder)
    assert failing.too_old, "the first one failed"
    assert backups.list_generations(folder) == []

    working = ScheduledBackups(wanted, database_url, clock)
    await working._look(folder)
    await failing._look(folder)
    assert not failing.too_old, "another process has taken one"
    clock.hours = 5
    assert working.too_old, "4 hours are twice as long as it should take"


def test_nobody_waits_for_what_nobody_wants(settings: Settings, database_url: str) -> None:
    clock = Later()
    scheduled = ScheduledBackups(settings, database_url, clock)
    clock.hours = 10_000
    assert not scheduled.too_old
