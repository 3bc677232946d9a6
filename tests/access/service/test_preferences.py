"""What a person prefers: theirs, as a whole, and not overwritten unawares."""

from datetime import time
from pathlib import Path
from uuid import UUID

import pytest

from plimsoll.access.domain.preferences import (
    DEFAULTS,
    AfterQuiet,
    Preferences,
    QuietTimes,
    Theme,
)
from plimsoll.access.service import preferences
from plimsoll.access.service.access import Access
from plimsoll.access.service.preferences import PreferencesChanged, UnknownTimeZone
from plimsoll.kernel.identifiers import UserId, new_id
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.limits import LocalLimiter
from plimsoll.settings import Settings
from tests.conftest import Person
from tests.fakes.clock import ManualClock

QUIET = QuietTimes(time(22), time(7), AfterQuiet.DROP)
WANTED = Preferences("eur", "Europe/Vienna", "de-AT", Theme.DARK, privacy=True, quiet=QUIET)


@pytest.fixture
def access(database: Database, tmp_path: Path) -> Access:
    clock = ManualClock()
    return Access(Settings(data_dir=tmp_path), database, clock, LocalLimiter(clock))


async def read(database: Database, user_id: UserId) -> Preferences:
    async with database.read() as unit:
        return await preferences.read(unit, user_id)


async def test_they_are_kept_as_a_whole_and_begin_with_defaults(
    access: Access, database: Database
) -> None:
    ada, ben = UserId(new_id()), UserId(new_id())
    assert await read(database, ada) == DEFAULTS
    made = await preferences.put(access, ada, WANTED, version=0)
    assert (made.version, made.changed_at) == (1, access.clock.now())
    assert await read(database, ada) == made
    assert (made.zone.key, made.quiet) == ("Europe/Vienna", QUIET)
    async with database.read() as unit:
        both = await preferences.read_all(unit, [ada, ben])
    assert both == {ada: made, ben: DEFAULTS}
    assert (await preferences.put(access, ada, DEFAULTS, version=None)).version == 2
    assert (await read(database, ada)).quiet is None


async def test_what_somebody_else_changed_is_not_overwritten_unawares(
    access: Access, database: Database
) -> None:
    ada = UserId(UUID(int=1))
    for version in (5, 1):
        with pytest.raises(PreferencesChanged):
            await preferences.put(access, ada, WANTED, version=version)
    first = await preferences.put(access, ada, WANTED, version=0)
    for version in (0, 2):
        with pytest.raises(PreferencesChanged):
            await preferences.put(access, ada, DEFAULTS, version=version)
    assert await read(database, ada) == first
    assert (await preferences.put(access, ada, WANTED, version=1)).version == 2


@pytest.mark.parametrize(
    "name", ["Mars/Base", "../../etc/passwd", "/etc/passwd", "", "\0", "x" * 60]
)
async def test_a_time_zone_is_one_that_there_is(access: Access, name: str) -> None:
    wanted = Preferences(time_zone=name)
    with pytest.raises(UnknownTimeZone):
        await preferences.put(access, UserId(new_id()), wanted, version=None)


async def test_over_http_they_are_set_by_who_signed_in_and_read_by_keys(ada: Person) -> None:
    body = {
        "currency": "eur",
        "locale": "DE-at",
        "time_zone": "Europe/Vienna",
        "quiet_hours": {"start": "22:00", "end": "07:30"},
        "version": 0,
    }
    made = await ada.http.put("/me/preferences", json=body)
    assert made.status_code == 200, made.text
    again = (await ada.http.get("/me/preferences")).json()
    assert again == made.json()
    assert (again["locale"], again["version"], again["theme"]) == ("de-AT", 1, "system")
    assert again["quiet_hours"] == {"start": "22:00", "end": "07:30", "rule": "hold"}
    conflict = await ada.http.put("/me/preferences", json=body)
    assert (conflict.status_code, conflict.json()["code"]) == (409, "preferences-changed")
    for wrong in (
        {"quiet_hours": {"start": "07:00", "end": "07:00"}},
        {"locale": "klingon-very-much"},
        {"currency": "€"},
        {"theme": "loud"},
        {"time_zone": "Mars/Base"},
        {"surprise": 1},
    ):
        assert (await ada.http.put("/me/preferences", json=wrong)).status_code == 422, wrong
